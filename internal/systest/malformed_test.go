package systest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/event"
)

// mark is the attribute of the messages of TestMalformedIDs, by which others do not count what is
// parked here.
const mark = "malformed-on-purpose"

// TestMalformedIDs sends every event function each of its events with ids that no document can
// have. A redelivery would not help any, so all are parked.
func TestMalformedIDs(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	s := start(t)
	tried := 0
	for _, f := range catalog.Functions() {
		for _, topic := range f.Takes {
			for name, data := range malformed(t, topic) {
				tried++
				t.Run(f.Name+"/"+topic+"/"+name, func(t *testing.T) {
					id := fmt.Sprintf("%s %s %s", f.Name, topic, name)
					attributes := map[string]string{mark: "1", event.AttributeType: topic}
					if topic == event.TopicUploadFinalized {
						attributes = map[string]string{mark: "1", "eventType": "OBJECT_FINALIZE"}
					}
					if status := s.push(ctx, t, f.Name, id, attributes, data); status != http.StatusOK {
						t.Errorf("answered %d: it is delivered again", status)
					}
					if _, err := s.fs.Collection("parked").Doc(event.ID(f.Name, id)).Get(ctx); err != nil {
						t.Errorf("it is not parked: %v", err)
					}
				})
			}
		}
	}
	if tried < 100 {
		t.Errorf("%d messages were tried", tried)
	}
}

// push delivers the message to the function as a push subscription does, and returns the status.
func (s *system) push(
	ctx context.Context, t *testing.T, function, id string, attributes map[string]string, data []byte,
) int {
	t.Helper()
	body, err := json.Marshal(map[string]any{"message": map[string]any{
		"messageId": id, "data": data, "attributes": attributes, "publishTime": "2026-11-21T12:30:00Z",
	}})
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.EventURL(function), bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

// malformed returns messages of the topic, each of which has one id that is not valid, by what is
// wrong with them.
func malformed(t *testing.T, topic string) map[string][]byte {
	t.Helper()
	bad := map[string]string{"a path": "a/b", "the parent": "..", "reserved": "__a__", "two lines": "a\nb"}
	all := map[string][]byte{}
	if topic == event.TopicUploadFinalized {
		all["name of two lines"] = fmt.Appendf(nil, `{"bucket":"b","name":%q,"generation":"1","size":"1"}`, "uploads/a\nb/c")
		return all
	}
	golden, err := os.ReadFile(goldenOf(t, topic))
	if err != nil {
		t.Fatal(err)
	}
	with := func(change func(envelope, data map[string]any)) []byte {
		var envelope map[string]any
		if err := json.Unmarshal(golden, &envelope); err != nil {
			t.Fatal(err)
		}
		data, _ := envelope["data"].(map[string]any)
		change(envelope, data)
		body, err := json.Marshal(envelope)
		if err != nil {
			t.Fatal(err)
		}
		return body
	}
	with(func(_, data map[string]any) {
		for what, id := range bad {
			all["id, "+what] = with(func(envelope, _ map[string]any) { envelope["id"] = id })
			for member := range data {
				if member == "uid" || member == "board" || strings.HasSuffix(member, "Id") {
					all[member+", "+what] = with(func(_, data map[string]any) { data[member] = id })
				}
			}
		}
	})
	return all
}

// goldenOf returns the golden file of the topic's event.
func goldenOf(t *testing.T, topic string) string {
	t.Helper()
	const folder = "../event/testdata"
	files, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if kind, _ := strings.CutSuffix(f.Name(), ".json"); event.Topic(kind) == topic {
			return filepath.Join(folder, f.Name())
		}
	}
	t.Fatalf("no golden file has the topic %s", topic)
	return ""
}
