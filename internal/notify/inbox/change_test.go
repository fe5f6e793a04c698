package inbox

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/notify"
	"github.com/facescan/facescan/internal/schema"
)

const (
	readAll    = "/v1/inbox/read-all"
	deleteRead = "/v1/inbox?read=true"
)

// count asks for a change of many items and returns their number.
func (b *bench) count(method, path, body string) int {
	b.t.Helper()
	code, answer := b.call(uid, method, path, body)
	if code != http.StatusOK {
		b.t.Fatalf("%s %s %s: %d %s", method, path, body, code, answer)
	}
	numbers := read[map[string]int](b, answer)
	return numbers["readCount"] + numbers["deletedCount"]
}

// before is the body for the time so long after the start.
func before(after time.Duration) string {
	return fmt.Sprintf(`{"before":%q}`, start.Add(after).Format(time.RFC3339Nano))
}

func TestReadAll(t *testing.T) {
	t.Parallel()
	const us = time.Microsecond
	for name, tt := range map[string]struct {
		body string
		want string
		n    int
	}{
		"without a body, up to now":         {"", "a+ b+ c+ d e old", 2},
		"of an empty object, up to now":     {"{}", "a+ b+ c+ d e old", 2},
		"up to a time":                      {before(-time.Second), "a+ b c+ d e old", 1},
		"up to a time in another zone":      {`{"before":"2026-11-21T14:59:59+03:00"}`, "a+ b c+ d e old", 1},
		"up to a time to come":              {before(time.Second), "a+ b+ c+ d+ e old", 3},
		"up to the time as it is shown":     {before(time.Second + 500*us), "a+ b+ c+ d+ e old", 3},
		"up to the end of times":            {`{"before":"9999-12-31T23:59:59.999999999Z"}`, "a+ b+ c+ d+ e+ old", 4},
		"up to a time before there was any": {`{"before":"0001-01-01T00:00:00Z"}`, "a b c+ d e old", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.save(ann())
			b.put(
				item("old", "scan.completed.v1", -schema.InboxLife), item("a", "scan.completed.v1", -time.Second),
				item("b", "scan.completed.v1", 0), known(item("c", "scan.completed.v1", 0)),
				item("d", "scan.completed.v1", time.Second+900*us), item("e", "scan.completed.v1", time.Second+1000*us),
			)
			if n := b.count(http.MethodPost, readAll, tt.body); n != tt.n {
				t.Errorf("%d items, want %d", n, tt.n)
			}
			if got := strings.Join(b.left(), " "); got != tt.want {
				t.Errorf("items %s, want %s", got, tt.want)
			}
			if n := b.count(http.MethodPost, readAll, tt.body); n != 0 {
				t.Errorf("%d items when repeated", n)
			}
		})
	}
}

func TestReadAll_refused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(ann())
	b.fill(1)
	const invalid, malformed = fault.CodeInvalidField, fault.CodeMalformedBody
	for body, want := range map[string]fault.Code{
		`{"before":"soon"}`:                      invalid,
		`{"before":""}`:                          invalid,
		`{"before":null}`:                        invalid,
		`{"before":1795176000}`:                  invalid,
		`{"before":"2026-11-21"}`:                invalid,
		`{"before":"2026-02-30T00:00:00Z"}`:      invalid,
		`{"before":"0001-01-01T00:00:00+14:00"}`: invalid,
		`[]`:                                     invalid,
		`{`:                                      malformed,
		` `:                                      malformed,
		`{"after":"2026-11-21T12:00:00Z"}`:       fault.CodeUnknownField,
	} {
		code, answer := b.call(uid, http.MethodPost, readAll, body)
		if p := read[httpapi.Problem](b, answer); p.Code != want || code != want.Kind().Status() {
			t.Errorf("%s: %d %s, want %s", body, code, answer, want)
		}
	}
	if b.inbox("").UnreadCount != 1 {
		t.Error("a refused request read an item")
	}
}

// many are more items than three commits change.
const many = 3*changePage + 7

func TestChanges_ofManyItems(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(ann())
	b.put(append(some(many, time.Millisecond), item("late", "scan.completed.v1", time.Hour))...)
	b.now = start.Add(time.Minute)
	for _, tt := range []struct{ method, path string }{{http.MethodPost, readAll}, {http.MethodDelete, deleteRead}} {
		commits := 0
		if n := b.commits(func(int) { commits++ }).count(tt.method, tt.path, ""); n != many || commits < 4 {
			t.Errorf("%s %s: %d items in %d commits, want %d in several", tt.method, tt.path, n, commits, many)
		}
		if n := b.count(tt.method, tt.path, ""); n != 0 {
			t.Errorf("%s %s: %d items when repeated", tt.method, tt.path, n)
		}
	}
	if diff := cmp.Diff([]string{"late"}, b.left()); diff != "" {
		t.Errorf("items (-want +got):\n%s", diff)
	}
}

// What an interrupted request has done stays, and the repetition does the rest.
func TestChanges_interrupted(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(ann())
	b.put(some(many, time.Millisecond)...)
	b.now = start.Add(time.Minute)
	for _, tt := range []struct{ method, path string }{{http.MethodPost, readAll}, {http.MethodDelete, deleteRead}} {
		ctx, cancel := context.WithCancel(t.Context())
		cut := b.commits(func(n int) {
			if n == 2 {
				cancel()
			}
		})
		if answer := cut.ask(ctx, uid, tt.method, tt.path, ""); answer.Code < http.StatusInternalServerError {
			t.Errorf("%s %s: %d %s, although it was interrupted", tt.method, tt.path, answer.Code, answer.Body)
		}
		if n := b.count(tt.method, tt.path, ""); n != many-2*changePage {
			t.Errorf("%s %s: %d items when repeated, want those of all but two commits", tt.method, tt.path, n)
		}
	}
	if left := b.left(); len(left) > 0 {
		t.Errorf("items %v", left)
	}
}

// An item that arrives between two commits, and is later than the request, stays unread.
func TestReadAll_whileAnItemArrives(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(ann())
	b.put(some(changePage+1, time.Millisecond)...)
	b.now = start.Add(time.Minute)
	arriving := b.commits(func(n int) {
		if n == 1 {
			b.put(item("late", "scan.completed.v1", time.Minute+time.Second))
		}
	})
	if n := arriving.count(http.MethodPost, readAll, ""); n != changePage+1 {
		t.Errorf("%d items, want those of before", n)
	}
	if v := b.inbox("?unread=true"); v.UnreadCount != 1 || len(v.Items) != 1 || v.Items[0].ID != "late" {
		t.Errorf("unread are %+v, want the late one", v)
	}
}

// An item that is deleted while all are read stays deleted, and the others are read.
func TestReadAll_whileItemsAreDeleted(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(ann())
	const n, gone = 450, 20
	b.put(some(n, time.Millisecond)...)
	b.now = start.Add(time.Minute)
	var both sync.WaitGroup
	both.Go(func() { b.count(http.MethodPost, readAll, "") })
	both.Go(func() {
		for i := range gone {
			path := fmt.Sprintf("/v1/inbox/%04d", i*n/gone)
			if code, body := b.call(uid, http.MethodDelete, path, ""); code != http.StatusNoContent {
				t.Errorf("%s: %d %s", path, code, body)
			}
		}
	})
	both.Wait()
	left := b.left()
	for _, id := range left {
		if !strings.HasSuffix(id, "+") {
			t.Errorf("%s is not read", id)
		}
	}
	if len(left) != n-gone {
		t.Errorf("%d items, want %d", len(left), n-gone)
	}
}

func TestDelete(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(ann())
	b.save(annAs("other"))
	b.put(
		item("a", "scan.completed.v1", 0), known(item("b", "scan.completed.v1", 0)),
		item("old", "scan.completed.v1", -schema.InboxLife),
	)
	sent := notify.Deliveries(account.Ref(b.fs, uid)).Doc("a")
	if _, err := sent.Set(t.Context(), map[string]any{"state": "sent"}); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		who  account.UID
		id   string
		want int
	}{
		{"other", "a", http.StatusNotFound}, {uid, "a", http.StatusNoContent}, {uid, "a", http.StatusNotFound},
		{uid, "b", http.StatusNoContent}, {uid, "old", http.StatusNotFound}, {uid, "nothing", http.StatusNotFound},
		{uid, "a%2Fb", http.StatusNotFound}, {uid, "__x__", http.StatusNotFound},
		{uid, strings.Repeat("x", 65), http.StatusNotFound},
	} {
		if code, body := b.call(tt.who, http.MethodDelete, "/v1/inbox/"+tt.id, ""); code != tt.want {
			t.Errorf("%s of %s: %d %s, want %d", tt.id, tt.who, code, body, tt.want)
		}
	}
	if code, _ := b.call(uid, http.MethodPost, "/v1/inbox/a/read", ""); code != http.StatusNotFound {
		t.Errorf("reading a deleted item: %d", code)
	}
	if diff := cmp.Diff([]string{"old"}, b.left()); diff != "" {
		t.Errorf("items (-want +got):\n%s", diff)
	}
	if _, err := sent.Get(t.Context()); err != nil {
		t.Errorf("nothing remembers that the event was dealt with: %v", err)
	}
}

func TestDeleteRead(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(ann())
	b.put(
		known(item("a", "scan.completed.v1", -time.Hour)), item("b", "scan.completed.v1", -time.Hour),
		known(item("c", "scan.completed.v1", 0)), known(item("d", "scan.completed.v1", time.Second)),
		known(item("old", "scan.completed.v1", -schema.InboxLife)),
	)
	for _, query := range []string{
		"", "?read=false", "?read=1", "?read=TRUE", "?read=", "?read=true&read=true", "?before=2026-11-21T12:00:00Z",
		"?read=true&before=soon", "?read=true&kind=welcome",
	} {
		code, body := b.call(uid, http.MethodDelete, "/v1/inbox"+query, "")
		if p := read[httpapi.Problem](b, body); p.Code != fault.CodeInvalidParameter {
			t.Errorf("%s: %d %s", query, code, body)
		}
	}
	for _, tt := range []struct{ query, want string }{
		{"&before=2026-11-21T11:30:00Z", "b c+ d+ old+"}, {"", "b d+ old+"}, {"", "b d+ old+"},
	} {
		before := len(b.left())
		n := b.count(http.MethodDelete, deleteRead+tt.query, "")
		if left := b.left(); strings.Join(left, " ") != tt.want || before-len(left) != n {
			t.Errorf("%q: %d deleted, left %v, want %s", tt.query, n, left, tt.want)
		}
	}
}
