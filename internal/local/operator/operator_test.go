package operator_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/faults"
	"github.com/facescan/facescan/internal/local/operator"
	"github.com/facescan/facescan/internal/local/waterfall"
)

// world is a desk of a stack without emulators.
type world struct {
	desk   *operator.Desk
	faults *faults.Injector
	traces *waterfall.Ring
	mux    *http.ServeMux
}

func open() world {
	w := world{operator.New(), faults.New(nil, 1), waterfall.NewRing(100), http.NewServeMux()}
	w.desk.Routes(w.mux, operator.Stack{
		Now: time.Now, Traces: w.traces, Faults: w.faults, PIDs: func() []int { return nil },
		Mails:  func() []emulator.Mail { return []emulator.Mail{{Subject: "first"}, {Subject: "second"}} },
		Pushes: func() []emulator.Push { return nil },
	})
	return w
}

// ask sends a request, whose body is JSON if there is one, and returns the status and the answer.
func ask[T any](t *testing.T, w world, method, path, body string) (int, T) {
	t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	answer := httptest.NewRecorder()
	w.mux.ServeHTTP(answer, r)
	var told T
	if err := json.Unmarshal(answer.Body.Bytes(), &told); err != nil {
		t.Fatalf("%s %s: %d %s: %v", method, path, answer.Code, answer.Body, err)
	}
	return answer.Code, told
}

type moves struct {
	Moves []operator.Move
	Last  int64
}

// deliver delivers a message as package pusher does, to a function that answers with the status.
func (w world) deliver(t *testing.T, subscription string, attributes map[string]string, status int) {
	t.Helper()
	body, err := json.Marshal(map[string]any{
		"subscription": "projects/p/subscriptions/" + subscription, "deliveryAttempt": 2,
		"message": map[string]any{"attributes": attributes, "data": []byte("{}")},
	})
	if err != nil {
		t.Fatal(err)
	}
	took := ""
	function := http.HandlerFunc(func(answer http.ResponseWriter, r *http.Request) {
		read, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		took = string(read)
		answer.WriteHeader(status)
	})
	r := httptest.NewRequest(http.MethodPost, "/events/rank", strings.NewReader(string(body)))
	w.desk.Deliveries(function).ServeHTTP(httptest.NewRecorder(), r)
	if took != string(body) {
		t.Errorf("the function took %q, want %q", took, body)
	}
}

func TestMoves(t *testing.T) {
	t.Parallel()
	w := open()
	api := w.desk.Requests(http.HandlerFunc(func(answer http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(answer, "{}")
	}))
	api.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/v1/scans/abc", http.NoBody))
	trace, parent := strings.Repeat("a", 32), strings.Repeat("b", 16)
	w.traces.Add(waterfall.Span{Trace: trace, ID: parent, Service: "profile"})
	updated := event.AccountUpdatedV1{}.EventType() // which several functions publish
	w.deliver(t, "rank."+event.Topic(updated), map[string]string{
		event.AttributeType: updated, event.AttributeTraceparent: "00-" + trace + "-" + parent + "-01",
	}, http.StatusInternalServerError)
	w.deliver(t, "analyze."+event.TopicUploadFinalized, map[string]string{"eventType": "OBJECT_FINALIZE"}, http.StatusOK)
	w.deliver(t, "nobody.nothing", nil, http.StatusNotFound)

	_, first := ask[moves](t, w, http.MethodGet, "/operator/moves?since=", "")
	if len(first.Moves) != 0 || first.Last != 4 {
		t.Errorf("a page that has just been opened gets %d moves, and %d as the last", len(first.Moves), first.Last)
	}
	_, told := ask[moves](t, w, http.MethodGet, "/operator/moves?since=0", "")
	want := []operator.Move{
		{Number: 1, Path: []string{"end:client", "function:scans"}, What: "GET", Status: 200},
		{
			Number: 2, Path: []string{"function:profile", "topic:" + event.Topic(updated), "consumer:rank"},
			What: updated, Status: 500, Attempt: 2, Trace: trace,
		},
		{
			Number: 3, Path: []string{"end:client", "bucket:uploads", "topic:upload-finalized", "consumer:analyze"},
			What: "upload-finalized", Status: 200, Attempt: 2,
		},
		{Number: 4, Status: 404, Attempt: 2},
	}
	ignored := cmpopts.IgnoreFields(operator.Move{}, "At", "Took")
	if diff := cmp.Diff(want, told.Moves, ignored, cmpopts.IgnoreUnexported(operator.Move{})); diff != "" {
		t.Errorf("moves (-want +got):\n%s", diff)
	}
	if _, none := ask[moves](t, w, http.MethodGet, "/operator/moves?since=4", ""); len(none.Moves) != 0 {
		t.Errorf("after the last move come %v", none.Moves)
	}
}

// Each link of the picture has its ends in it, and each topic comes from somewhere and leads on.
func TestPicture(t *testing.T) {
	t.Parallel()
	_, p := ask[operator.Picture](t, open(), http.MethodGet, "/operator/picture", "")
	known := map[string]bool{}
	for _, node := range p.Nodes {
		known[node.ID] = true
	}
	if want := 2 + 3 + len(catalog.Topics()) + len(catalog.Functions()); len(known) != want {
		t.Errorf("%d nodes, want %d", len(known), want)
	}
	for _, link := range p.Links {
		if !known[link[0]] || !known[link[1]] {
			t.Errorf("%v has an end that is not there", link)
		}
	}
	for _, topic := range catalog.Topics() {
		comes := slices.ContainsFunc(p.Links, func(l [2]string) bool { return l[1] == "topic:"+topic })
		if !comes && topic != catalog.DeadLetterTopic {
			t.Errorf("%s comes from nowhere", topic)
		}
	}
}

func TestLogs(t *testing.T) {
	t.Parallel()
	w := open()
	to := w.desk.Logs(nil)
	for _, part := range []string{
		`{"time":"2026-12-01T07:00:00Z","severity":"INFO","message":"request","function":"scans",`,
		`"logging.googleapis.com/trace":"projects/p/traces/abc","route":"/v1/scans/{id}"}` + "\n" +
			`{"severity":"ERROR","message":"it broke","function":"rank"}` + "\npanic: at last\n",
	} {
		if _, err := io.WriteString(to, part); err != nil {
			t.Fatal(err)
		}
	}
	for query, want := range map[string][]string{
		"":                        {"panic: at last", "it broke", "request"},
		"?q=V1/Scans+request":     {"request"},
		"?function=rank":          {"it broke"},
		"?severity=WARNING":       {"it broke"},
		"?q=nothing":              {},
		"?since=2":                {"panic: at last"},
		"?function=scans&q=broke": {},
	} {
		_, told := ask[struct{ Lines []operator.Line }](t, w, http.MethodGet, "/operator/logs"+query, "")
		got := []string{}
		for _, line := range told.Lines {
			got = append(got, line.Message)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", query, diff)
		}
	}
	_, told := ask[struct{ Lines []operator.Line }](t, w, http.MethodGet, "/operator/logs?q=request", "")
	want := operator.Line{
		Number: 1, Time: time.Date(2026, 12, 1, 7, 0, 0, 0, time.UTC), Severity: "INFO", Function: "scans",
		Message: "request", Trace: "abc", Fields: map[string]any{"route": "/v1/scans/{id}"},
	}
	if diff := cmp.Diff([]operator.Line{want}, told.Lines, cmpopts.IgnoreUnexported(operator.Line{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	w := open()
	for _, tt := range []struct {
		body   string
		status int
		spec   string
	}{
		{`{"spec":"mail.drop=0.5"}`, http.StatusOK, "mail.drop=0.5"},
		{`{"spec":"mail.drop=7"}`, http.StatusBadRequest, "mail.drop=0.5"},
		{`{"spec":"","more":1}`, http.StatusBadRequest, "mail.drop=0.5"},
		{`{"spec":""} {}`, http.StatusBadRequest, "mail.drop=0.5"},
		{`{"spec":""}`, http.StatusOK, ""},
	} {
		status, _ := ask[map[string]any](t, w, http.MethodPost, "/operator/faults", tt.body)
		if got := w.faults.Spec().String(); status != tt.status || got != tt.spec {
			t.Errorf("%s: %d and %q, want %d and %q", tt.body, status, got, tt.status, tt.spec)
		}
	}
}

// A form of a page can send only types that are refused, so that it changes nothing.
func TestPOST_isJSON(t *testing.T) {
	t.Parallel()
	w := open()
	for _, path := range []string{"faults", "parked", "dead", "verification"} {
		for _, kind := range []string{"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"} {
			r := httptest.NewRequest(http.MethodPost, "/operator/"+path, strings.NewReader(`{"spec":"mail.drop=1"}`))
			r.Header.Set("Content-Type", kind)
			answer := httptest.NewRecorder()
			w.mux.ServeHTTP(answer, r)
			if answer.Code != http.StatusUnsupportedMediaType {
				t.Errorf("POST %s as %q: %d", path, kind, answer.Code)
			}
		}
	}
	if spec := w.faults.Spec().String(); spec != "" {
		t.Errorf("the faults are %q", spec)
	}
}

func TestSent(t *testing.T) {
	t.Parallel()
	type sent struct {
		Mails []struct {
			Number        int
			Subject, Page string
		}
		Pushes []struct{}
	}
	_, got := ask[sent](t, open(), http.MethodGet, "/operator/sent", "")
	var want sent
	want.Pushes = []struct{}{}
	want.Mails = append(want.Mails, struct {
		Number        int
		Subject, Page string
	}{2, "second", "/view/mails/2"}, struct {
		Number        int
		Subject, Page string
	}{1, "first", "/view/mails/1"})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
