package consume

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/boot"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/telemetry"
)

var (
	errPassing = errors.New("connection reset")
	// testNow is in whole microseconds, as Firestore keeps them.
	testNow = time.Date(2026, 11, 21, 12, 30, 0, 123456000, time.UTC)
)

// handlerFunc is an EventHandler.
type handlerFunc func(context.Context, event.Message) error

func (f handlerFunc) Handle(ctx context.Context, m event.Message) error { return f(ctx, m) }

// Mux takes one type of event.
func (handlerFunc) Mux() *event.Mux {
	m := new(event.Mux)
	event.On(m, func(context.Context, event.Event, event.SweepRequestedV1) error { return nil })
	return m
}

// testAdapter is the adapter of the function "probe", on a database of its own.
func testAdapter(t *testing.T, handle handlerFunc) *adapter {
	t.Helper()
	p := process(t, boot.Environ())
	h, err := newAdapter(
		t.Context(), p, "probe", func(context.Context, *boot.Process) (handlerFunc, error) { return handle, nil },
	)
	if err != nil {
		t.Fatal(err)
	}
	a := h.(*adapter)
	a.now = func() time.Time { return testNow }
	return a
}

// pushBody is a Pub/Sub push as the real one is.
func pushBody(t *testing.T, messageID, data string, attributes map[string]string) string {
	t.Helper()
	body, err := json.Marshal(map[string]any{
		"subscription":    "projects/p/subscriptions/s",
		"deliveryAttempt": 3,
		"message": map[string]any{
			"messageId": messageID, "data": []byte(data), "attributes": attributes,
			"publishTime": testNow.Format(time.RFC3339Nano),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func deliver(a http.Handler, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	rec := httptest.NewRecorder()
	a.ServeHTTP(rec, r)
	return rec
}

// parkedDocs is every parked document by its id.
func parkedDocs(t *testing.T, a *adapter) map[string]map[string]any {
	t.Helper()
	snaps, err := a.fs.Collection("parked").Documents(t.Context()).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	docs := map[string]map[string]any{}
	for _, s := range snaps {
		docs[s.Ref.ID] = s.Data()
	}
	return docs
}

func TestAdapterOutcomes(t *testing.T) {
	t.Parallel()
	permanentFault := fault.New(fault.CodeAnalysisCrashed, "No.")
	passingFault := fault.New(fault.CodeUnavailable, "Later.")
	malformed := fmt.Errorf("%w: no uid: %w", event.ErrMalformed, errPassing)
	tests := map[string]struct {
		err    error
		status int
		parked bool
	}{
		"nothing is done":             {nil, http.StatusOK, false},
		"an unknown error is retried": {errPassing, http.StatusServiceUnavailable, false},
		"a passing fault is retried":  {passingFault, http.StatusServiceUnavailable, false},
		"a rate limit is retried": {
			fault.New(fault.CodeRateLimited, "Later."), http.StatusServiceUnavailable, false,
		},
		"the end of the request's time is retried": {
			context.DeadlineExceeded, http.StatusServiceUnavailable, false,
		},
		"a permanent fault is parked":         {permanentFault, http.StatusOK, true},
		"a wrapped permanent fault is parked": {fmt.Errorf("x: %w", permanentFault), http.StatusOK, true},
		"a permanent fault of a passing cause is parked": {
			fault.Wrap(errPassing, fault.CodeNotFound, "No."), http.StatusOK, true,
		},
		"a passing fault of a permanent cause is retried": {
			fault.Wrap(permanentFault, fault.CodeUnavailable, "No."), http.StatusServiceUnavailable, false,
		},
		"malformed data is parked":          {malformed, http.StatusOK, true},
		"wrapped malformed data is parked":  {fmt.Errorf("read: %w", malformed), http.StatusOK, true},
		"several permanent ones are parked": {errors.Join(permanentFault, malformed), http.StatusOK, true},
		"one passing among permanent ones is retried": {
			errors.Join(permanentFault, errPassing), http.StatusServiceUnavailable, false,
		},
		"one permanent among passing ones is retried": {
			errors.Join(errPassing, malformed), http.StatusServiceUnavailable, false,
		},
		"the same within another error is retried": {
			fmt.Errorf("send: %w", errors.Join(permanentFault, errPassing)), http.StatusServiceUnavailable, false,
		},
		"a permanent fault joined with nothing is parked": {errors.Join(nil, permanentFault), http.StatusOK, true},
		"a reason that is not UTF-8 does not hinder parking": {
			fault.New(fault.CodeNotFound, "bytes \xff\xfe"), http.StatusOK, true,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []event.Message
			a := testAdapter(t, func(_ context.Context, m event.Message) error {
				got = append(got, m)
				return tt.err
			})
			rec := deliver(a, pushBody(t, "m1", "data", map[string]string{"type": "t"}))
			if rec.Code != tt.status {
				t.Errorf("status %d, want %d", rec.Code, tt.status)
			}
			if tt.status != http.StatusOK && strings.Contains(rec.Body.String(), "reset") {
				t.Errorf("the cause is told: %s", rec.Body)
			}
			if parked := len(parkedDocs(t, a)) == 1; parked != tt.parked {
				t.Errorf("parked = %v, want %v", parked, tt.parked)
			}
			want := []event.Message{{
				ID: "m1", Attempt: 3, PublishedAt: testNow, Attributes: map[string]string{"type": "t"}, Data: []byte("data"),
			}}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("handled messages (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParking(t *testing.T) {
	t.Parallel()
	reason := fault.Wrap(errPassing, fault.CodeAnalysisCrashed, "The engine crashed.")
	refuse := func(context.Context, event.Message) error { return reason }
	t.Run("the document says all an operator needs, and when it expires", func(t *testing.T) {
		t.Parallel()
		a := testAdapter(t, refuse)
		deliver(a, pushBody(t, "m1", "the data", map[string]string{"id": "e-parked", "type": "scan.completed.v1"}))
		want := map[string]map[string]any{event.ID("probe", "e-parked"): {
			"schema": int64(1), "function": "probe", "messageId": "m1", "reason": reason.Error(),
			"attributes": map[string]any{"id": "e-parked", "type": "scan.completed.v1"}, "data": []byte("the data"),
			"parkedAt": testNow, "expireAt": testNow.Add(30 * 24 * time.Hour),
		}}
		if diff := cmp.Diff(want, parkedDocs(t, a)); diff != "" {
			t.Errorf("parked documents (-want +got):\n%s", diff)
		}
	})
	t.Run("it is logged as an error, for the alert", func(t *testing.T) {
		t.Parallel()
		a := testAdapter(t, refuse)
		deliver(a, pushBody(t, "m-alert", "x", nil))
		var alerts int
		for _, line := range linesOf(&logs, `"m-alert"`) {
			if strings.Contains(line, `"severity":"ERROR"`) && strings.Contains(line, `"message":"event parked"`) {
				alerts++
			}
		}
		if alerts != 1 {
			t.Errorf("%d alerts in %q", alerts, linesOf(&logs, `"m-alert"`))
		}
	})
	t.Run("one event is one document", func(t *testing.T) {
		t.Parallel()
		for name, bodies := range map[string][]string{
			"delivered again": {pushBody(t, "m1", "x", nil), pushBody(t, "m1", "x", nil)},
			"published again": {
				pushBody(t, "m1", "x", map[string]string{"id": "e1"}), pushBody(t, "m2", "x", map[string]string{"id": "e1"}),
			},
			"delivered again, malformed": {"{", "{"},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				a := testAdapter(t, refuse)
				for _, body := range bodies {
					if rec := deliver(a, body); rec.Code != http.StatusOK {
						t.Errorf("status %d", rec.Code)
					}
				}
				if docs := parkedDocs(t, a); len(docs) != 1 {
					t.Errorf("%d documents: %v", len(docs), docs)
				}
			})
		}
	})
	t.Run("different events, and different functions, are different documents", func(t *testing.T) {
		t.Parallel()
		a := testAdapter(t, refuse)
		deliver(a, pushBody(t, "m1", "x", nil))
		deliver(a, pushBody(t, "m2", "x", nil))
		deliver(a, "{")
		deliver(a, "[")
		a.function = "other"
		deliver(a, pushBody(t, "m1", "x", nil))
		if docs := parkedDocs(t, a); len(docs) != 5 {
			t.Errorf("%d documents, want 5: %v", len(docs), docs)
		}
	})
	t.Run("data that is too long for a document is cut", func(t *testing.T) {
		t.Parallel()
		a := testAdapter(t, refuse)
		if rec := deliver(a, pushBody(t, "m1", strings.Repeat("x", 2<<20), nil)); rec.Code != http.StatusOK {
			t.Errorf("status %d", rec.Code)
		}
		data, _ := parkedDocs(t, a)[event.ID("probe", "m1")]["data"].([]byte)
		if want := 512 << 10; len(data) != want {
			t.Errorf("%d bytes kept, want %d", len(data), want)
		}
	})
	t.Run("when parking fails the event is delivered again", func(t *testing.T) {
		t.Parallel()
		a := testAdapter(t, refuse)
		if err := a.fs.Close(); err != nil {
			t.Fatal(err)
		}
		for name, body := range map[string]string{"a permanent fault": pushBody(t, "m1", "x", nil), "a malformed body": "{"} {
			if rec := deliver(a, body); rec.Code < 500 {
				t.Errorf("%s: status %d, so the event is lost", name, rec.Code)
			}
		}
	})
}

func TestAdapterMalformedBodies(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"nothing": "", "no JSON": "<xml>", "no message id": `{"message":{"data":"eA=="}}`,
		"no base64": `{"message":{"messageId":"1","data":"%"}}`,
	} {
		t.Run(name+" is parked under its bytes and never handled", func(t *testing.T) {
			t.Parallel()
			a := testAdapter(t, func(context.Context, event.Message) error {
				t.Error("handled")
				return nil
			})
			if rec := deliver(a, body); rec.Code != http.StatusOK {
				t.Errorf("status %d, so Pub/Sub repeats what never heals", rec.Code)
			}
			doc, ok := parkedDocs(t, a)[event.ID("probe", event.ID(body))]
			if !ok || string(doc["data"].([]byte)) != body || !strings.Contains(
				doc["reason"].(string), event.ErrMalformed.Error(),
			) {
				t.Errorf("parked documents = %v", parkedDocs(t, a))
			}
		})
	}
	t.Run("one over the limit is neither handled nor parked", func(t *testing.T) {
		t.Parallel()
		a := testAdapter(t, func(context.Context, event.Message) error {
			t.Error("handled")
			return nil
		})
		if rec := deliver(a, strings.Repeat("x", maxEvent+1)); rec.Code < 500 {
			t.Errorf("status %d", rec.Code)
		}
		if docs := parkedDocs(t, a); len(docs) != 0 {
			t.Errorf("%d documents", len(docs))
		}
	})
	t.Run("Pub/Sub's largest message is under the limit", func(t *testing.T) {
		t.Parallel()
		var got int
		a := testAdapter(t, func(_ context.Context, m event.Message) error {
			got = len(m.Data)
			return nil
		})
		const largest = 10_000_000
		if rec := deliver(
			a, pushBody(t, "m1", strings.Repeat("x", largest), nil),
		); rec.Code != http.StatusOK || got != largest {
			t.Errorf("status %d, %d bytes handled", rec.Code, got)
		}
	})
}

func TestAdapterPanic(t *testing.T) {
	t.Parallel()
	neighbourRuns, panicked := make(chan struct{}), make(chan struct{})
	a := testAdapter(t, func(_ context.Context, m event.Message) error {
		if m.ID == "neighbour" {
			close(neighbourRuns)
			<-panicked
			return nil
		}
		<-neighbourRuns
		panic("index out of range in " + m.ID)
	})
	var neighbour sync.WaitGroup
	neighbour.Go(func() {
		if rec := deliver(a, pushBody(t, "neighbour", "x", nil)); rec.Code != http.StatusOK {
			t.Errorf("the neighbour's status is %d", rec.Code)
		}
	})
	rec := deliver(a, pushBody(t, "m-panic", "x", nil))
	close(panicked)
	neighbour.Wait()
	if rec.Code < 500 || strings.Contains(rec.Body.String(), "index out of range") {
		t.Errorf("answer = %d %s", rec.Code, rec.Body)
	}
	if docs := parkedDocs(t, a); len(docs) != 0 {
		t.Errorf("a panic, which may pass, is parked: %v", docs)
	}
	if lines := linesOf(
		&logs,
		"index out of range in m-panic",
	); len(lines) == 0 || !strings.Contains(lines[0], "stack_trace") {
		t.Errorf("log = %q", lines)
	}
}

func TestAdapterContinuesTheMessagesTrace(t *testing.T) {
	t.Parallel()
	var got string
	a := testAdapter(t, func(ctx context.Context, _ event.Message) error {
		got = telemetry.Traceparent(ctx)
		return nil
	})
	flushed := 0
	a.flush = func(context.Context) { flushed++ }
	deliver(a, pushBody(t, "m1", "x", map[string]string{"traceparent": testTraceparent}))
	if !strings.HasPrefix(got, "00-"+testTrace+"-") || !strings.HasSuffix(got, "-01") || strings.Contains(got, testSpan) {
		t.Errorf("traceparent = %q, want a new span in the trace of %q", got, testTraceparent)
	}
	if flushed != 1 {
		t.Errorf("spans flushed %d times, want once", flushed)
	}
}

// The registered function as the framework calls it, with Current's process.
func TestEventFunction(t *testing.T) {
	t.Parallel()
	var got string
	Events("listener", func(context.Context, *boot.Process) (handlerFunc, error) {
		return func(_ context.Context, m event.Message) error {
			got = m.ID
			return nil
		}, nil
	})
	h, ok := boot.Function("listener")
	if !ok {
		t.Fatal("not registered")
	}
	if rec := deliver(h, pushBody(t, "m1", "x", nil)); rec.Code != http.StatusOK || got != "m1" {
		t.Errorf("status %d, handled %q", rec.Code, got)
	}
	if diff := cmp.Diff([]string{"sweep-requested-v1"}, Topics("listener")); diff != "" {
		t.Errorf("topics (-want +got):\n%s", diff)
	}
	if got := Topics("another"); got != nil {
		t.Errorf("a function that is not there takes %q", got)
	}
}

func TestNewAdapter(t *testing.T) {
	t.Parallel()
	handled := func(context.Context, *boot.Process) (handlerFunc, error) {
		return func(context.Context, event.Message) error { return nil }, nil
	}
	for name, service := range map[string]string{"deployed": "probe", "started by hand against the cloud": ""} {
		environ := map[string]string{"K_SERVICE": service}
		t.Run(name+" it admits no delivery without a token", func(t *testing.T) {
			t.Parallel()
			known := maps.Clone(environ)
			known["FACESCAN_PUSH_AUDIENCE"], known["FACESCAN_PUSH_ACCOUNT"] = testAudience, testAccount
			h, err := newAdapter(t.Context(), process(t, known), "probe", handled)
			if err != nil {
				t.Fatal(err)
			}
			if rec := deliver(h, pushBody(t, "m1", "x", nil)); rec.Code != http.StatusUnauthorized {
				t.Errorf("status %d, want 401", rec.Code)
			}
		})
		t.Run(name+" it is not made without knowing who may push", func(t *testing.T) {
			t.Parallel()
			_, err := newAdapter(t.Context(), process(t, environ), "probe", handled)
			const want = "FACESCAN_PUSH_AUDIENCE is not set\nFACESCAN_PUSH_ACCOUNT is not set"
			if err == nil || err.Error() != want {
				t.Errorf("err = %v, want %s", err, want)
			}
		})
	}
	t.Run("the build's error is passed on", func(t *testing.T) {
		t.Parallel()
		fails := func(context.Context, *boot.Process) (handlerFunc, error) { return nil, errPassing }
		_, err := newAdapter(t.Context(), process(t, boot.Environ()), "probe", fails)
		if !errors.Is(err, errPassing) {
			t.Errorf("err = %v", err)
		}
	})
}
