package emulator

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// ask sends a body to the sink and returns the answer.
func ask(t *testing.T, sink *FCM, body string) (*http.Response, []byte) {
	t.Helper()
	url := sink.URL() + "/projects/demo-fcm/messages:send"
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, text
}

// What FCM refuses, with the field that it blames.
func TestFCM_refusesWhatFCMRefuses(t *testing.T) {
	sink, _ := newFCMTest(t)
	text := strings.Repeat("x", 4000)
	tests := map[string]struct{ message, field string }{
		"no message":         {`null`, "message"},
		"no token":           {`{"notification":{"title":"t"}}`, "message"},
		"a topic":            {`{"token":"a","topic":"b"}`, "message"},
		"an unknown field":   {`{"token":"a","titel":"t"}`, "message.titel"},
		"one further down":   {`{"token":"a","android":{"collapsekey":"t"}}`, "message.android.collapsekey"},
		"a number in data":   {`{"token":"a","data":{"n":12}}`, "message.data.n"},
		"a number for token": {`{"token":12}`, "message.token"},
		"key from":           {`{"token":"a","data":{"from":"x"}}`, "message.data"},
		"key google.x":       {`{"token":"a","android":{"data":{"google.x":"x"}}}`, "message.android.data"},
		"key gcm.x":          {`{"token":"a","webpush":{"data":{"gcm.x":"x"}}}`, "message.webpush.data"},
		"too large":          {`{"token":"a","notification":{"body":"` + text + `"},"data":{"k":"` + text[:97] + `"}}`, ""},
		"TTL as a number":    {`{"token":"a","android":{"ttl":60}}`, "message.android.ttl"},
		"TTL without unit":   {`{"token":"a","android":{"ttl":"60"}}`, "message.android.ttl"},
		"TTL below 0":        {`{"token":"a","android":{"ttl":"-1s"}}`, "message.android.ttl"},
		"TTL over 4 weeks":   {`{"token":"a","android":{"ttl":"2419201s"}}`, "message.android.ttl"},
		"priority":           {`{"token":"a","android":{"priority":"urgent"}}`, "message.android.priority"},
		"collapse id": {
			`{"token":"a","apns":{"headers":{"apns-collapse-id":"` + text[:65] + `"}}}`, "message.apns.headers",
		},
		"expiration":        {`{"token":"a","apns":{"headers":{"apns-expiration":"1h"}}}`, "message.apns.headers"},
		"Apple's priority":  {`{"token":"a","apns":{"headers":{"apns-priority":"high"}}}`, "message.apns.headers"},
		"Apple's payload":   {`{"token":"a","apns":{"payload":[]}}`, "message.apns.payload"},
		"topic of web push": {`{"token":"a","webpush":{"headers":{"Topic":"a b"}}}`, "message.webpush.headers"},
		"TTL of web push":   {`{"token":"a","webpush":{"headers":{"TTL":"2419201"}}}`, "message.webpush.headers"},
		"urgency":           {`{"token":"a","webpush":{"headers":{"Urgency":"urgent"}}}`, "message.webpush.headers"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			resp, text := ask(t, sink, `{"message":`+tt.message+`}`)
			if resp.StatusCode != http.StatusBadRequest {
				t.Errorf("status %d: %s", resp.StatusCode, text)
			}
			if blames := bytes.Contains(text, []byte(`"field":"`+tt.field+`"`)); blames != (tt.field != "") {
				t.Errorf("answer %s, want it to blame %q", text, tt.field)
			}
		})
	}
	if resp, text := ask(t, sink, `{`); resp.StatusCode != http.StatusBadRequest {
		t.Errorf("no JSON: %d %s", resp.StatusCode, text)
	}
	if n := len(sink.Messages()); n != 0 {
		t.Errorf("%d messages were taken", n)
	}
}

func TestFCM_takesWhatFCMTakes(t *testing.T) {
	sink, _ := newFCMTest(t)
	text := strings.Repeat("x", 4000)
	for _, message := range []string{
		`{"token":"a","notification":{"body":"` + text + `"},"data":{"k":"` + text[:95] + `"}}`,
		`{"token":"a","data":{"collapse_key":"x","fromage":"y"},"android":{"collapse_key":"k","ttl":"2419200s"}}`,
		`{"token":"a","android":{"collapseKey":"k","notification":{"channel_id":"c"},"priority":"HIGH"}}`,
		`{"token":"a","webpush":{"notification":{"title":"t","some_thing":1},"headers":{"x_y":"z"}}}`,
		`{"token":"a","apns":{"payload":{"aps":{"content-available":1},"my_key":"x"}}}`,
	} {
		if resp, text := ask(t, sink, `{"message":`+message+`}`); resp.StatusCode != http.StatusOK {
			t.Errorf("%.100s: %d %s", message, resp.StatusCode, text)
		}
	}
	for _, push := range sink.Messages() {
		if !json.Valid(push.Raw) {
			t.Errorf("raw = %s", push.Raw)
		}
	}
}

func TestFCM_script(t *testing.T) {
	sink, _ := newFCMTest(t)
	start := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	sink.SetClock(func() time.Time { return start })
	sink.Script("a", PushAnswer{Status: 503, Code: "UNAVAILABLE", RetryAfter: "30"}, PushAnswer{})
	sink.Script("", PushAnswer{Status: 500, Code: "INTERNAL"})
	for _, message := range []string{"a", "a", "b", "a", "unavailable-1"} {
		ask(t, sink, `{"message":{"token":"`+message+`"}}`)
	}
	want := []PushAttempt{
		{Token: "a", Status: 503, Code: "UNAVAILABLE"},
		{Token: "a", Status: 200, Taken: true},
		{Token: "b", Status: 500, Code: "INTERNAL"}, // the answer for all
		{Token: "a", Status: 200, Taken: true},
		{Token: "unavailable-1", Status: 503, Code: "UNAVAILABLE"},
	}
	if diff := cmp.Diff(want, sink.Attempts(), cmpopts.IgnoreFields(PushAttempt{}, "At")); diff != "" {
		t.Errorf("attempts (-want +got):\n%s", diff)
	}
	if at := sink.Attempts()[0].At; !at.Equal(start) {
		t.Errorf("time = %s, want the clock's", at)
	}
	if n := len(sink.Messages()); n != 2 {
		t.Errorf("%d messages, want those accepted", n)
	}
}

// What is under way does not keep the sink from closing.
func TestFCM_closesWhileAnAnswerWaits(t *testing.T) {
	for name, answer := range map[string]PushAnswer{
		"waits": {Wait: make(chan struct{})},
		"drips": {Drip: time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			sink, err := NewFCM()
			if err != nil {
				t.Fatal(err)
			}
			sink.Script("a", answer)
			asked := make(chan struct{})
			go func() {
				defer close(asked)
				url := sink.URL() + "/projects/p/messages:send"
				body := strings.NewReader(`{"message":{"token":"a"}}`)
				req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, url, body)
				if resp, err := http.DefaultClient.Do(req); err == nil {
					_ = resp.Body.Close()
				}
			}()
			if _, err := sink.Wait(t.Context(), func(Push) bool { return true }); err != nil {
				t.Fatal(err)
			}
			if err := sink.Close(); err != nil {
				t.Error(err)
			}
			<-asked
		})
	}
}
