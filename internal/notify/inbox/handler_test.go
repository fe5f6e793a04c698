package inbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/account/device"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/notify"
	"github.com/facescan/facescan/internal/schema"
)

// fill writes n items a second apart, i00 the oldest.
func (b *bench) fill(n int) {
	b.t.Helper()
	for i := range n {
		one := notify.Message{Type: "scan.completed.v1", Data: map[string]string{}}.Item(
			notify.Text{Title: strconv.Itoa(i)}, start.Add(time.Duration(i)*time.Second),
		)
		if _, err := notify.Inbox(account.Ref(b.fs, uid)).Doc(fmt.Sprintf("i%02d", i)).Set(b.t.Context(), one); err != nil {
			b.t.Fatal(err)
		}
	}
}

func (b *bench) inbox(query string) inboxView {
	b.t.Helper()
	code, body := b.call(uid, http.MethodGet, "/v1/inbox"+query, "")
	if code != http.StatusOK {
		b.t.Fatalf("GET /v1/inbox%s: %d %s", query, code, body)
	}
	return read[inboxView](b, body)
}

func ids(v inboxView) []string {
	all := []string{}
	for _, i := range v.Items {
		all = append(all, i.ID)
	}
	return all
}

func TestInbox_pages(t *testing.T) {
	for _, n := range []int{0, 1, 4, 5} {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.save(ann())
			b.fill(n)
			want, got, query, pages := []string{}, []string{}, "?limit=2", 0
			for i := range n {
				want = append(want, fmt.Sprintf("i%02d", n-1-i))
			}
			for {
				page := b.inbox(query)
				pages++
				got = append(got, ids(page)...)
				if page.UnreadCount != int64(n) {
					t.Errorf("unread = %d, want %d", page.UnreadCount, n)
				}
				if page.NextCursor == "" {
					break
				}
				query = "?limit=2&cursor=" + page.NextCursor
			}
			if diff := cmp.Diff(want, got); diff != "" || pages != max(1, (n+1)/2) {
				t.Errorf("%d pages (-want +got):\n%s", pages, diff)
			}
		})
	}
}

func TestInbox_expiredItemsAreNotShown(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(ann())
	b.fill(2)
	b.now = notify.Message{}.Item(notify.Text{}, start).ExpireAt
	if v := b.inbox(""); len(v.Items) != 1 || v.UnreadCount != 1 || v.Items[0].ID != "i01" {
		t.Errorf("inbox = %+v, want i01 alone", v)
	}
	if code, _ := b.call(uid, http.MethodPost, "/v1/inbox/i00/read", ""); code != http.StatusNotFound {
		t.Errorf("reading an expired item: %d", code)
	}
}

func TestInbox_read(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(ann())
	b.fill(2)
	for range 2 {
		if code, body := b.call(uid, http.MethodPost, "/v1/inbox/i00/read", ""); code != http.StatusNoContent {
			t.Fatalf("%d %s", code, body)
		}
	}
	if v := b.inbox(""); v.UnreadCount != 1 || !v.Items[1].Read || v.Items[0].Read {
		t.Errorf("inbox = %+v, want i00 read", v)
	}
	for _, id := range []string{"nothing", "a%2Fb", strings.Repeat("x", 65)} {
		code, body := b.call(uid, http.MethodPost, "/v1/inbox/"+id+"/read", "")
		if p := read[httpapi.Problem](b, body); code != http.StatusNotFound || p.Code != fault.CodeNotFound {
			t.Errorf("%s: %d %s", id, code, body)
		}
	}
	other := annAs("other")
	b.save(other)
	if code, _ := b.call("other", http.MethodPost, "/v1/inbox/i01/read", ""); code != http.StatusNotFound {
		t.Errorf("reading another's item: %d", code)
	}
}

func TestInbox_badParameters(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(ann())
	for _, query := range []string{
		"limit=0", "limit=101", "limit=x", "cursor=!", "cursor=YQ", "cursor=MS4vLw", "type=scan.completed.v1", "type=",
		"kind=welcome&kind=security", "kind=WELCOME", "unread=1", "unread=", "unread=TRUE", "type=welcome",
	} {
		code, body := b.call(uid, http.MethodGet, "/v1/inbox?"+query, "")
		if p := read[httpapi.Problem](b, body); code != http.StatusBadRequest || p.Code != fault.CodeInvalidParameter {
			t.Errorf("%s: %d %s", query, code, body)
		}
	}
}

func TestDevices(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(ann())
	put := func(id, token string) int {
		t.Helper()
		b.now = b.now.Add(time.Second)
		code, body := b.call(uid, http.MethodPut, "/v1/devices/"+id, `{"token":"`+token+`","platform":"ios"}`)
		if v := read[deviceView](b, body); v.ID != id || v.Platform != "ios" || strings.Contains(string(body), token) {
			t.Errorf("answer = %s", body)
		}
		return code
	}
	known := func() map[string]string {
		t.Helper()
		snaps, err := device.Of(account.Ref(b.fs, uid)).Documents(t.Context()).GetAll()
		if err != nil {
			t.Fatal(err)
		}
		all := map[string]string{}
		for _, s := range snaps {
			all[s.Ref.ID], _ = s.Data()["token"].(string)
		}
		return all
	}
	if code := put("phone", "t1"); code != http.StatusCreated {
		t.Errorf("a new device: %d", code)
	}
	if code := put("phone", "t2"); code != http.StatusOK {
		t.Errorf("a renewed device: %d", code)
	}
	put("reinstalled", "t2")
	if diff := cmp.Diff(map[string]string{"reinstalled": "t2"}, known()); diff != "" {
		t.Errorf("devices (-want +got):\n%s", diff)
	}
	other := annAs("v")
	b.save(other)
	if code, _ := b.call(
		"v", http.MethodPut, "/v1/devices/phone", `{"token":"t2","platform":"ios"}`,
	); code != http.StatusCreated {
		t.Errorf("another user on the same phone: %d", code)
	}
	if all := known(); len(all) != 0 {
		t.Errorf("devices = %v, although the phone is another user's now", all)
	}
	put("reinstalled", "t2")
	for i := range device.Max {
		if i%(account.NewDevices.Max/2) == 0 {
			b.now = b.now.Add(time.Hour)
		}
		put(fmt.Sprintf("d%02d", i), fmt.Sprintf("x%02d", i))
	}
	if all := known(); len(all) != device.Max || all["reinstalled"] != "" {
		t.Errorf("%d devices, want %d without the oldest", len(all), device.Max)
	}
	for range 2 {
		if code, _ := b.call(uid, http.MethodDelete, "/v1/devices/d00", ""); code != http.StatusNoContent {
			t.Errorf("delete: %d", code)
		}
	}
	if all := known(); len(all) != device.Max-1 {
		t.Errorf("%d devices after a delete", len(all))
	}
	code, answer := b.call(uid, http.MethodGet, "/v1/devices", "")
	var list httpapi.List[struct{ ID, UpdatedAt string }]
	if err := json.Unmarshal(answer, &list); err != nil || code != http.StatusOK || len(list.Items) != device.Max-1 {
		t.Fatalf("listed: %d %s, %v", code, answer, err)
	}
	first, last := list.Items[0], list.Items[len(list.Items)-1]
	if first.UpdatedAt <= last.UpdatedAt || bytes.Contains(answer, []byte("token")) {
		t.Errorf("listed out of order, or with tokens: %s", answer)
	}
	b.now = b.now.Add(schema.DeviceLife)
	if code := put("d01", "x01"); code != http.StatusCreated {
		t.Errorf("a device that expired and was not deleted yet: %d", code)
	}
}

// A device that the account did not have is told, unless the account itself is new.
func TestDevices_addedAreTold(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ada := ann()
	ada.CreatedAt = start
	b.save(ada)
	id := event.ID("device.added.v1", string(uid), "phone", "ios")
	steps := []struct {
		name         string
		after        time.Duration
		method, id   string
		wantID, want string // the event
	}{
		{"the first device, right after the registration", time.Second, http.MethodPut, "first", "", ""},
		{"the last moment of that", 10*time.Minute - 2*time.Second, http.MethodPut, "second", "", ""},
		{
			"another phone", time.Second, http.MethodPut, "phone", id,
			`{"uid":"u","deviceId":"phone","platform":"ios","addedAt":"2026-11-21T12:10:00Z"}`,
		},
		{"the phone once more", time.Second, http.MethodPut, "phone", "", ""},
		{"the phone when it signs out", time.Second, http.MethodDelete, "phone", "", ""},
		{
			"the phone when it comes back, under the same id", time.Second, http.MethodPut, "phone", id,
			`{"uid":"u","deviceId":"phone","platform":"ios","addedAt":"2026-11-21T12:10:03Z"}`,
		},
	}
	for _, s := range steps {
		b.now = b.now.Add(s.after)
		body := ""
		if s.method == http.MethodPut {
			body = `{"token":"of-` + s.id + `","platform":"ios"}`
		}
		if code, answer := b.call(uid, s.method, "/v1/devices/"+s.id, body); code >= http.StatusBadRequest {
			t.Fatalf("%s: %d %s", s.name, code, answer)
		}
		var gotID, got string
		for _, e := range b.bus.take() {
			gotID, got = gotID+e.ID, got+string(e.Data)
		}
		if gotID != s.wantID || got != s.want {
			t.Errorf("%s: the event %q %s, want %q %s", s.name, gotID, got, s.wantID, s.want)
		}
	}
}

// Tokens of any length that the contract allows are told apart to their end: an index has only the
// beginning of a long one.
func TestDevices_longTokens(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(ann())
	other := annAs("v")
	b.save(other)
	put := func(who account.UID, id, token string) {
		t.Helper()
		if code, body := b.call(
			who, http.MethodPut, "/v1/devices/"+id, `{"token":"`+token+`","platform":"web"}`,
		); code != http.StatusCreated {
			t.Errorf("a token of %d bytes: %d %s", len(token), code, body)
		}
	}
	devices := func(who account.UID) (ids []string) {
		t.Helper()
		refs, err := device.Of(account.Ref(b.fs, who)).DocumentRefs(t.Context()).GetAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, ref := range refs {
			ids = append(ids, ref.ID)
		}
		return ids
	}
	tokens := map[string]string{}
	for _, n := range []int{1, 1499, 1500, 1501, device.MaxToken - 1, device.MaxToken} {
		id := fmt.Sprintf("d%04d", n)
		tokens[id] = strings.Repeat("y", n)
		put(uid, id, tokens[id])
	}
	all := slices.Sorted(maps.Keys(tokens))
	if diff := cmp.Diff(all, devices(uid)); diff != "" {
		t.Errorf("devices with tokens that begin alike (-want +got):\n%s", diff)
	}
	put("v", "phone", tokens["d4096"])
	if diff := cmp.Diff(all[:len(all)-1], devices(uid)); diff != "" {
		t.Errorf("devices after another user has the phone (-want +got):\n%s", diff)
	}
}

// Where settling fails the device is there, and the repetition does what is left.
func TestDevices_settledByTheRepetition(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(ann())
	other := annAs("v")
	b.save(other)
	const body = `{"token":"t","platform":"web"}`
	if code, _ := b.call("v", http.MethodPut, "/v1/devices/phone", body); code != http.StatusCreated {
		t.Fatalf("put: %d", code)
	}
	failing := b.withoutQueries()
	code, answer := failing.call(uid, http.MethodPut, "/v1/devices/phone", body)
	if p := read[httpapi.Problem](b, answer); p.Code != fault.CodeUnavailable || code != http.StatusServiceUnavailable {
		t.Errorf("%d %s, want unavailable", code, answer)
	}
	if code, answer := b.call(uid, http.MethodPut, "/v1/devices/phone", body); code != http.StatusOK {
		t.Errorf("again: %d %s", code, answer)
	}
	if snap, err := device.Of(account.Ref(b.fs, "v")).Doc("phone").Get(t.Context()); err == nil {
		t.Errorf("the phone is another user's still: %v", snap.Data())
	}
}

func TestDevices_refused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(ann())
	long := strings.Repeat("x", device.MaxToken+1)
	tests := map[string]struct {
		id, body string
		code     fault.Code
	}{
		"odd id":      {"a.b", `{"token":"t","platform":"ios"}`, fault.CodeInvalidParameter},
		"long id":     {strings.Repeat("x", 65), `{"token":"t","platform":"ios"}`, fault.CodeInvalidParameter},
		"slash":       {"a%2Fb", `{"token":"t","platform":"ios"}`, fault.CodeInvalidParameter},
		"no token":    {"a", `{"platform":"ios"}`, fault.CodeInvalidField},
		"long token":  {"a", `{"token":"` + long + `","platform":"ios"}`, fault.CodeInvalidField},
		"no platform": {"a", `{"token":"t"}`, fault.CodeInvalidField},
		"platform":    {"a", `{"token":"t","platform":"toaster"}`, fault.CodeInvalidField},
		"unknown":     {"a", `{"token":"t","platform":"ios","uid":"x"}`, fault.CodeUnknownField},
		"no JSON":     {"a", `{`, fault.CodeMalformedBody},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			code, body := b.call(uid, http.MethodPut, "/v1/devices/"+tt.id, tt.body)
			if p := read[httpapi.Problem](b, body); p.Code != tt.code || code != tt.code.Kind().Status() {
				t.Errorf("%d %s, want %s", code, body, tt.code)
			}
		})
	}
}

func TestRoutes_accountNotInUse(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	erasing := ann()
	erasing.UID, erasing.State = "going", account.Erasing
	b.save(erasing)
	routes := []struct{ method, path, body string }{
		{http.MethodGet, "/v1/inbox", ""},
		{http.MethodPost, "/v1/inbox/i00/read", ""},
		{http.MethodPost, "/v1/inbox/read-all", ""},
		{http.MethodDelete, "/v1/inbox/i00", ""},
		{http.MethodDelete, "/v1/inbox?read=true", ""},
		{http.MethodPut, "/v1/devices/a", `{"token":"t","platform":"web"}`},
		{http.MethodDelete, "/v1/devices/a", ""},
		{http.MethodGet, "/v1/preferences", ""},
		{http.MethodPut, "/v1/preferences", `{"push":true,"email":true}`},
		{http.MethodPatch, "/v1/preferences", `{"push":true}`},
	}
	for _, route := range routes {
		for who, want := range map[account.UID]fault.Code{
			"nobody": fault.CodeNotRegistered, "going": fault.CodeAccountErasing,
		} {
			code, body := b.call(who, route.method, route.path, route.body)
			if p := read[httpapi.Problem](b, body); code != http.StatusForbidden || p.Code != want {
				t.Errorf("%s %s as %s: %d %s", route.method, route.path, who, code, body)
			}
		}
	}
	snaps, err := b.fs.Collection("users").Documents(t.Context()).GetAll()
	if err != nil || len(snaps) != 1 {
		t.Errorf("%d users, %v: a refused call wrote one", len(snaps), err)
	}
}

// A stolen token must not flood its owner with notices of new devices.
func TestDevices_newOnesAreLimited(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(ann())
	put := func(id, platform string) int {
		code, _ := b.call(uid, http.MethodPut, "/v1/devices/"+id, fmt.Sprintf(`{"token":"t-%s","platform":%q}`, id, platform))
		return code
	}
	for i := range account.NewDevices.Max {
		if code := put(fmt.Sprint(i), "ios"); code != http.StatusCreated {
			t.Fatalf("device %d: %d", i, code)
		}
	}
	if code := put("more", "ios"); code != http.StatusTooManyRequests {
		t.Errorf("one more: %d", code)
	}
	if code := put("1", "ios"); code != http.StatusOK {
		t.Errorf("a renewal: %d", code)
	}
	if code := put("1", "android"); code != http.StatusTooManyRequests {
		t.Errorf("another device under a known id: %d", code)
	}
	b.now = b.now.Add(time.Hour)
	if code := put("1", "android"); code != http.StatusOK {
		t.Errorf("an hour later: %d", code)
	}
}
