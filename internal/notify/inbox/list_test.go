package inbox

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/notify"
	"github.com/facescan/facescan/internal/schema"
)

// Of items of one time none is shown twice or left out, and what arrives meanwhile is on the first
// page alone.
func TestInbox_newItemsWhilePaging(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(ann())
	const n, atOnce, page = 23, 6, 4
	want, got, pages := []string{}, []string{}, 0
	for i := range n {
		one := item(fmt.Sprintf("%02d", i), "scan.completed.v1", time.Duration(i/atOnce)*time.Second)
		b.put(one)
		want = append([]string{one.id}, want...)
	}
	for cursor := ""; pages == 0 || cursor != ""; pages++ {
		answer := b.inbox(fmt.Sprintf("?limit=%d%s", page, cursor))
		got = append(got, ids(answer)...)
		b.put(item(fmt.Sprintf("new%d", pages), "scan.completed.v1", time.Minute))
		if cursor = answer.NextCursor; cursor != "" {
			cursor = "&cursor=" + cursor
		}
	}
	if diff := cmp.Diff(want, got); diff != "" || pages != (n+page-1)/page {
		t.Errorf("%d pages (-want +got):\n%s", pages, diff)
	}
	if diff := cmp.Diff([]string{"new5", "new4", "new3", "new2"}, ids(b.inbox("?limit=4"))); diff != "" {
		t.Errorf("the first page again (-want +got):\n%s", diff)
	}
}

func TestInbox_unread(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(ann())
	b.put(item("expired", "scan.completed.v1", -schema.InboxLife), known(item("read", "scan.completed.v1", 0)))
	all := some(1001, time.Millisecond)
	put := 0
	for _, n := range []int{0, 1, len(all)} {
		b.put(all[put:n]...)
		put = n
		if got := b.inbox("").UnreadCount; got != int64(n) {
			t.Errorf("unread = %d, want %d", got, n)
		}
	}
}

func TestInbox_filters(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(ann())
	b.put(
		item("a", "account.registered.v1", 0), known(item("b", "scan.completed.v1", 1)),
		item("c", "series.settled.v1", 2), item("d", "scan.failed.v1", 3), known(item("e", "device.added.v1", 4)),
		item("f", "password.changed.v1", 5), item("g", "scan.completed.v1", 6),
		item("h", "scan.completed.v1", -schema.InboxLife),
	)
	for query, want := range map[string]string{
		"": "g f e d c b a", "?kind=scan_completed": "g c b", "?kind=security": "f e", "?kind=export_ready": "",
		"?unread=true": "g f d c a", "?unread=false": "e b",
		"?kind=scan_completed&unread=true": "g c", "?unread=false&kind=scan_completed": "b",
	} {
		got, cursor := []string{}, ""
		for {
			sep := "?"
			if query != "" {
				sep = "&"
			}
			page := b.inbox(query + sep + "limit=2" + cursor)
			got = append(got, ids(page)...)
			if page.UnreadCount != 5 {
				t.Errorf("%s: unread = %d, want that of all", query, page.UnreadCount)
			}
			if page.NextCursor == "" {
				break
			}
			cursor = "&cursor=" + page.NextCursor
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %s", query, got, want)
		}
	}
}

// A cursor goes on with the list that it is of, and with no other.
func TestInbox_cursorsOfFilters(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(ann())
	b.put(some(3, time.Second)...)
	queries := []string{"", "&kind=scan_completed", "&unread=true", "&unread=false", "&kind=scan_completed&unread=true"}
	for _, of := range queries {
		cursor := b.inbox("?limit=1" + of).NextCursor
		for _, in := range queries {
			code, body := b.call(uid, http.MethodGet, "/v1/inbox?cursor="+cursor+in, "")
			if cursor != "" && (code == http.StatusOK) != (of == in) {
				t.Errorf("the cursor of %q in %q: %d %s", of, in, code, body)
			}
		}
	}
}

// An item of before the field existed has its kind by its type.
func TestInbox_kindOfOldItems(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(ann())
	old := item("old", "personal-best.reached.v1", 0)
	old.Kind = ""
	b.put(old, item("new", "personal-best.reached.v1", 1))
	for _, i := range b.inbox("").Items {
		if i.Kind != notify.PersonalBest || i.Type != "personal-best.reached.v1" {
			t.Errorf("item = %+v", i)
		}
	}
}

func TestInbox_entityTag(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(ann())
	b.put(some(2, time.Second)...)
	get := func(query, tag string) (code int, current string) {
		t.Helper()
		var header []string
		if tag != "" {
			header = []string{"If-None-Match", tag}
		}
		answer := b.ask(t.Context(), uid, http.MethodGet, "/v1/inbox"+query, "", header...)
		current = answer.Header().Get("ETag")
		if answer.Code == http.StatusNotModified && (answer.Body.Len() > 0 || current == "") {
			t.Errorf("304 with %q and the tag %s", answer.Body, current)
		}
		return answer.Code, current
	}
	_, tag := get("", "")
	for _, same := range []string{tag, "W/" + tag, `"x", ` + tag, "*"} {
		if code, current := get("", same); code != http.StatusNotModified || current != tag {
			t.Errorf("If-None-Match %s: %d %s", same, code, current)
		}
	}
	if code, _ := get("?limit=1", tag); code != http.StatusOK {
		t.Errorf("another page: %d", code)
	}
	if code, _ := get("", "x"); code != http.StatusBadRequest {
		t.Errorf("a condition that is none: %d", code)
	}
	seen := map[string]bool{tag: true}
	for name, change := range map[string]func(){
		"an item is read":    func() { b.call(uid, http.MethodPost, "/v1/inbox/0000/read", "") },
		"an item arrives":    func() { b.put(item("new", "account.registered.v1", time.Minute)) },
		"an item is deleted": func() { b.call(uid, http.MethodDelete, "/v1/inbox/0001", "") },
	} {
		change()
		code, current := get("", tag)
		if code != http.StatusOK || seen[current] {
			t.Errorf("%s: %d, the tag is %s still", name, code, current)
		}
		seen[current], tag = true, current
	}
	b.now = b.now.Add(schema.InboxLife + time.Hour)
	if code, _ := get("", tag); code != http.StatusOK {
		t.Errorf("all have expired: %d", code)
	}
	code, body := b.call("nobody", http.MethodGet, "/v1/inbox", "")
	if p := read[httpapi.Problem](b, body); p.Code != fault.CodeNotRegistered {
		t.Errorf("%d %s", code, body)
	}
}
