package scan

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/telemetry"
)

// freshnessMetric is what terraform's metric scan_freshness counts, and the field that it reads.
func freshnessMetric(t *testing.T) (message, field string) {
	t.Helper()
	source, err := os.ReadFile("../../terraform/observability.tf")
	if err != nil {
		t.Fatal(err)
	}
	found := freshnessPattern.FindSubmatch(source)
	if found == nil {
		t.Fatalf("observability.tf has no metric like %s", freshnessPattern)
	}
	return string(found[1]), string(found[2])
}

var freshnessPattern = regexp.MustCompile(
	`scan_freshness = \{[^}]*filter += "jsonPayload\.message=\\"([^"\\]+)\\""\s+value += "EXTRACT\(jsonPayload\.(\w+)\)"`)

// The default logger is the process's, so this test is not parallel.
func TestEndOfAScanIsLoggedForTheFreshnessMetric(t *testing.T) {
	message, field := freshnessMetric(t)
	type line struct {
		State   State
		Seconds float64
	}
	// analysed is a scan that the engine is done with so long after its upload.
	analysed := func(t *testing.T, e *env, engine engineFunc, after time.Duration, photo event.ObjectFinalized) {
		t.Helper()
		s := e.newScan(t)
		photo.Bucket, photo.Name, photo.Generation = uploadsBucket, PhotoName(s.UID, s.ID), e.upload(t, s, []byte("photo"))
		data, attributes, err := event.FinalizedMessage(photo)
		if err != nil {
			t.Fatal(err)
		}
		e.clock.advance(after)
		if err := e.analyzer(engine).Handle(t.Context(), event.Message{ID: "1", Data: data, Attributes: attributes}); err != nil {
			t.Fatal(err)
		}
	}
	tests := map[string]struct {
		end  func(*testing.T, *env)
		want []line
	}{
		"measured": {func(t *testing.T, e *env) {
			t.Helper()
			analysed(t, e, measure, 2500*time.Millisecond, event.ObjectFinalized{Created: e.clock.Now()})
		}, []line{{Completed, 2.5}}},
		"refused by the engine": {func(t *testing.T, e *env) {
			t.Helper()
			analysed(t, e, engine(noFace), 40*time.Second, event.ObjectFinalized{Created: e.clock.Now()})
		}, []line{{Failed, 40}}},
		"ended before it was uploaded, by clocks that disagree": {func(t *testing.T, e *env) {
			t.Helper()
			analysed(t, e, measure, 0, event.ObjectFinalized{Created: e.clock.Now().Add(time.Second)})
		}, []line{{Completed, 0}}},
		"uploaded nobody knows when": {func(t *testing.T, e *env) {
			t.Helper()
			analysed(t, e, measure, time.Second, event.ObjectFinalized{})
		}, nil},
		"stopped, as its user withdrew the consent": {func(t *testing.T, e *env) {
			t.Helper()
			photo := event.ObjectFinalized{Created: e.clock.Now()}
			analysed(t, e, during(func() { e.setConsent(t, false, 2) }), time.Second, photo)
		}, nil},
		"claimed, but never ended by anything but the sweep": {func(t *testing.T, e *env) {
			t.Helper()
			s, generation := e.begunScan(t, Processing)
			s.UploadedAt = e.clock.Now()
			e.put(t, s)
			if err := deletePhoto(t.Context(), e.uploads, PhotoName(s.UID, s.ID), generation); err != nil {
				t.Fatal(err)
			}
			e.clock.advance(time.Hour)
			e.sweep(t, 1)
		}, []line{{Failed, 3600}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e := newEnv(t)
			var log bytes.Buffer
			before := slog.Default()
			slog.SetDefault(telemetry.NewLogger(&log, "p", slog.LevelInfo))
			defer slog.SetDefault(before)
			tt.end(t, e)

			var got []line
			for text := range strings.Lines(log.String()) {
				var fields map[string]any
				if err := json.Unmarshal([]byte(text), &fields); err != nil {
					t.Fatal(err)
				}
				if fields["message"] != message {
					continue
				}
				seconds, ok := fields[field].(float64)
				if !ok {
					t.Errorf("the line has no number %s: %s", field, text)
				}
				state, _ := fields["state"].(string)
				got = append(got, line{State(state), seconds})
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("lines (-want +got):\n%s", diff)
			}
			if strings.Contains(log.String(), string(anna)) {
				t.Errorf("the log names the user: %s", log.String())
			}
		})
	}
}
