package friends

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
)

func TestAdd(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.members("ada", "bob")
	code := b.code("bob")
	first := b.want(http.StatusCreated, "ada", http.MethodPost, root, use(code))
	b.advance(time.Hour)
	again := b.want(http.StatusOK, "ada", http.MethodPost, root, use(strings.ToLower(code)))
	if first.body != again.body {
		t.Errorf("first %s, then %s", first.body, again.body)
	}
	back := decode[friendView](t, b.want(http.StatusOK, "bob", http.MethodPost, root, use(b.code("ada"))))
	view := decode[friendView](t, first)
	if view.Username != "name-of-bob" || view.CreatedAt != "2026-11-29T12:00:00.000Z" || back.ID != view.ID {
		t.Errorf("ada sees %+v, bob %+v", view, back)
	}
	for uid, name := range map[account.UID]string{"ada": "name-of-bob", "bob": "name-of-ada"} {
		if diff := cmp.Diff([]string{name}, b.names(uid, root)); diff != "" {
			t.Errorf("friends of %s (-want +got):\n%s", uid, diff)
		}
	}
	of, err := Of(t.Context(), b.fs, "bob")
	if err != nil || !cmp.Equal(of, []account.UID{"ada"}) {
		t.Errorf("Of = %q, %v", of, err)
	}
	if of, err := Of(t.Context(), b.fs, "nobody"); err != nil || len(of) > 0 {
		t.Errorf("Of nobody = %q, %v", of, err)
	}
}

func TestAdd_hidesUIDs(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.members("ada")
	b.save(account.User{Schema: 1, UID: "secret-uid", State: account.Active})
	a := b.add("ada", b.code("secret-uid"))
	list := b.want(http.StatusOK, "ada", http.MethodGet, root, "")
	for _, text := range []string{a.body, list.body} {
		if strings.Contains(text, "secret") || strings.Contains(text, `"username"`) {
			t.Errorf("answer %s", text)
		}
	}
}

func TestAdd_hostileCodes(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.members("ada", "bob")
	code := b.code("bob")
	for name, tt := range map[string]struct {
		body string
		code fault.Code
	}{
		"empty":                        {`{"code":""}`, fault.CodeInvalidField},
		"missing":                      {`{}`, fault.CodeInvalidField},
		"null":                         {`{"code":null}`, fault.CodeInvalidField},
		"a number":                     {`{"code":7}`, fault.CodeInvalidField},
		"another member":               {`{"code":"x","uid":"bob"}`, fault.CodeUnknownField},
		"a megabyte":                   {use(strings.Repeat("0", 1<<20)), fault.CodeBodyTooLarge},
		"just not too large":           {use(strings.Repeat("0", 65_000)), fault.CodeInvalidField},
		"dashes":                       {use(strings.Repeat("-", 60)), fault.CodeInvalidField},
		"letters of another script":    {use("СССС-СССС-СССС-СССС"), fault.CodeInvalidField},
		"emoji":                        {use(strings.Repeat("👩‍🔬", 4)), fault.CodeInvalidField},
		"a path":                       {use("../../../../bob0"), fault.CodeInvalidField},
		"the code with another beside": {use(code + " " + code), fault.CodeInvalidField},
		"a code of nobody":             {use("0000-0000-0000-0000"), fault.CodeNotFound},
		"half a surrogate":             {`{"code":"\ud800KQ2M9XD40TBZR6N"}`, fault.CodeMalformedBody},
	} {
		t.Run(name, func(*testing.T) {
			b.refused(tt.code, "ada", http.MethodPost, root, tt.body)
		})
	}
	t.Run("the code as people write it", func(*testing.T) {
		written := " " + strings.ToLower(strings.NewReplacer("0", "O", "1", "l", "-", " – ").Replace(code)) + " "
		b.want(http.StatusCreated, "ada", http.MethodPost, root, use(written))
	})
}

// A code that leads to no friend is answered alike, after the same reads, whatever the reason.
func TestAdd_wrongCodesAreAlike(t *testing.T) {
	t.Parallel()
	seen := new(calls)
	b := newBench(t, seen.options()...)
	b.members("ada", "owner", "erasing", "gone", "blocker", "blocked", "full")
	revoked, rotated, own := b.code("owner"), b.code("full"), b.code("ada")
	b.want(http.StatusNoContent, "owner", http.MethodDelete, codePath, "")
	b.want(http.StatusCreated, "full", http.MethodPost, codePath+"/rotate", "")
	erasing, gone := b.code("erasing"), b.code("gone")
	b.save(account.User{Schema: 1, UID: "erasing", State: account.Erasing})
	if _, err := account.Ref(b.fs, "gone").Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.want(http.StatusNoContent, "blocker", http.MethodPost, root+"/"+b.befriend("ada", "blocker")+"/block", "")
	b.want(http.StatusNoContent, "ada", http.MethodPost, root+"/"+b.befriend("ada", "blocked")+"/block", "")
	want := b.add("ada", "0000-0000-0000-0000").problem(t)
	seen.take()
	var reads []string
	for name, code := range map[string]string{
		"unknown": "0000-0000-0000-0001", "revoked": revoked, "replaced": rotated,
		"of an account being erased": erasing, "of an account that is gone": gone,
		"of one who has blocked the caller": b.code("blocker"), "of one whom the caller has blocked": b.code("blocked"),
	} {
		t.Run(name, func(t *testing.T) {
			seen.take()
			a := b.add("ada", code)
			if diff := cmp.Diff(want, a.problem(t)); diff != "" || a.status != http.StatusNotFound {
				t.Errorf("%d (-unknown +got):\n%s", a.status, diff)
			}
			work := seen.take()
			if reads == nil {
				reads = work
			}
			if diff := cmp.Diff(reads, work); diff != "" {
				t.Errorf("calls (-of another +got):\n%s", diff)
			}
		})
	}
	seen.take()
	b.want(http.StatusUnprocessableEntity, "ada", http.MethodPost, root, use(own))
	if p := b.add("ada", own).problem(t); len(p.Fields) != 1 || p.Fields[0].String() != "/code" {
		t.Errorf("own code: %+v", p)
	}
}

func TestAdd_limitsWrongCodes(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.members("ada", "bob", "cy", "dan")
	wrong := func(i int) string { return fmt.Sprintf("0000-0000-0000-%04d", i) }
	for i := range WrongCodes.Max - 1 {
		b.refused(fault.CodeNotFound, "ada", http.MethodPost, root, use(wrong(i)))
	}
	b.befriend("ada", "bob")
	b.refused(fault.CodeInvalidField, "ada", http.MethodPost, root, use(b.code("ada")))
	b.want(http.StatusOK, "ada", http.MethodPost, root, use(b.code("bob")))
	b.befriend("ada", "cy")
	b.refused(fault.CodeNotFound, "ada", http.MethodPost, root, use(wrong(19)))
	for name, code := range map[string]string{"wrong": wrong(20), "right": b.code("dan"), "known": b.code("bob")} {
		a := b.add("ada", code)
		if a.status != http.StatusTooManyRequests || a.problem(t).Code != fault.CodeRateLimited {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	b.befriend("cy", "dan")
	b.advance(time.Hour)
	b.befriend("ada", "dan")
}

// Guessing with many requests at once gains no tries, in several processes neither.
func TestAdd_limitsWrongCodesAtOnce(t *testing.T) {
	t.Parallel()
	one := newBench(t)
	one.members("ada")
	var all []func() answer
	for p, b := range []*bench{one, one.again()} {
		for i := range 20 {
			all = append(all, func() answer { return b.add("ada", fmt.Sprintf("0000-0000-000%d-%04d", p, i)) })
		}
	}
	want := map[int]int{http.StatusNotFound: 20, http.StatusTooManyRequests: 20}
	if diff := cmp.Diff(want, atOnce(all)); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
}

func TestAdd_fromManyAtOnce(t *testing.T) {
	t.Parallel()
	const many = 20
	one := newBench(t)
	one.members("star")
	code := one.code("star")
	var all []func() answer
	for i := range many {
		uid := account.UID(fmt.Sprintf("fan-%d", i))
		one.members(uid)
		for _, b := range []*bench{one, one.again()} {
			all = append(all, func() answer { return b.add(uid, code) })
		}
	}
	want := map[int]int{http.StatusCreated: many, http.StatusOK: many}
	if diff := cmp.Diff(want, atOnce(all)); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
	if n := one.friendCount("star"); n != many {
		t.Errorf("%d friends, want %d", n, many)
	}
	for i := range many {
		if n := one.friendCount(account.UID(fmt.Sprintf("fan-%d", i))); n != 1 {
			t.Errorf("fan %d has %d friends", i, n)
		}
	}
}

// Two who use each other's codes at once wait for each other in no circle and become friends once.
func TestAdd_eachOtherAtOnce(t *testing.T) {
	t.Parallel()
	one := newBench(t)
	one.members("ada", "bob")
	other := one.again()
	adas, bobs := one.code("ada"), one.code("bob")
	var all []func() answer
	for range 4 {
		for _, b := range []*bench{one, other} {
			all = append(all, func() answer { return b.add("ada", bobs) }, func() answer { return b.add("bob", adas) })
		}
	}
	want := map[int]int{http.StatusCreated: 1, http.StatusOK: len(all) - 1}
	if diff := cmp.Diff(want, atOnce(all)); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
	if a, b := one.friendCount("ada"), one.friendCount("bob"); a != 1 || b != 1 {
		t.Errorf("%d and %d friends", a, b)
	}
}

// The 201st friend is refused on either side, however many come at once.
func TestAdd_cap(t *testing.T) {
	t.Parallel()
	t.Run("of the owner", func(t *testing.T) {
		t.Parallel()
		one := newBench(t)
		one.members("star")
		one.fill("star", Max-4)
		code := one.code("star")
		var all []func() answer
		for i, b := range []*bench{one, one.again()} {
			for j := range 6 {
				uid := account.UID(fmt.Sprintf("fan-%d-%d", i, j))
				one.members(uid)
				all = append(all, func() answer { return b.add(uid, code) })
			}
		}
		want := map[int]int{http.StatusCreated: 4, http.StatusConflict: 8}
		if diff := cmp.Diff(want, atOnce(all)); diff != "" {
			t.Errorf("answers (-want +got):\n%s", diff)
		}
		if n := one.friendCount("star"); n != Max {
			t.Errorf("%d friends", n)
		}
	})
	t.Run("of the caller", func(t *testing.T) {
		t.Parallel()
		one := newBench(t)
		one.members("ada")
		one.fill("ada", Max-1)
		var all []func() answer
		for i, b := range []*bench{one, one.again()} {
			b.advance(time.Minute) // so that the one who comes is the newest
			for j := range 3 {
				uid := account.UID(fmt.Sprintf("friend-%d-%d", i, j))
				one.members(uid)
				code := one.code(uid)
				all = append(all, func() answer { return b.add("ada", code) })
			}
		}
		want := map[int]int{http.StatusCreated: 1, http.StatusConflict: 5}
		if diff := cmp.Diff(want, atOnce(all)); diff != "" {
			t.Errorf("answers (-want +got):\n%s", diff)
		}
		one.members("late")
		one.refused(fault.CodeTooManyFriends, "ada", http.MethodPost, root, use(one.code("late")))
		one.refused(fault.CodeTooManyFriends, "late", http.MethodPost, root, use(one.code("ada")))
		page := decode[httpapi.List[friendView]](t, one.want(http.StatusOK, "ada", http.MethodGet, root+"?limit=1", ""))
		if len(page.Items) != 1 || page.NextCursor == "" {
			t.Fatalf("%+v", page)
		}
		one.want(http.StatusNoContent, "ada", http.MethodDelete, root+"/"+page.Items[0].ID, "")
		one.befriend("late", "ada")
	})
}

// What another process does while a code is looked at counts as if it had come before.
func TestAdd_overtaken(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		before, meanwhile func(b *bench)
		want              int
	}{
		"nothing": {nil, func(*bench) {}, http.StatusCreated},
		"the tries are used up": {
			nil, func(b *bench) {
				for i := range WrongCodes.Max {
					b.refused(fault.CodeNotFound, "ada", http.MethodPost, root, use(fmt.Sprintf("0000-0000-0000-%04d", i)))
				}
			}, http.StatusTooManyRequests,
		},
		"the code is revoked": {
			nil, func(b *bench) { b.want(http.StatusNoContent, "bob", http.MethodDelete, codePath, "") }, http.StatusNotFound,
		},
		"the owner's erasure begins": {
			nil, func(b *bench) { b.save(account.User{Schema: 1, UID: "bob", State: account.Erasing}) }, http.StatusNotFound,
		},
		"the caller's erasure begins": {
			nil, func(b *bench) { b.save(account.User{Schema: 1, UID: "ada", State: account.Erasing}) }, http.StatusForbidden,
		},
		"the owner's last place is taken": {
			func(b *bench) { b.fill("bob", Max-1) }, func(b *bench) { b.befriend("cy", "bob") }, http.StatusConflict,
		},
		"the caller's last place is taken": {
			func(b *bench) { b.fill("ada", Max-1) }, func(b *bench) { b.befriend("ada", "cy") }, http.StatusConflict,
		},
		"the owner blocks the caller": {
			func(b *bench) { b.befriend("ada", "bob") }, func(b *bench) {
				b.want(http.StatusNoContent, "bob", http.MethodPost, root+"/"+pairIDs(b.handler.Key, "ada", "bob")[0]+"/block", "")
			}, http.StatusNotFound,
		},
		"they become friends": {nil, func(b *bench) { b.befriend("bob", "ada") }, http.StatusOK},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seen := new(calls)
			b := newBench(t, seen.options()...)
			b.members("ada", "bob", "cy")
			if tt.before != nil {
				tt.before(b)
			}
			code, other := b.code("bob"), b.again()
			seen.during(func() { tt.meanwhile(other) })
			if a := b.add("ada", code); a.status != tt.want {
				t.Errorf("%d %s, want %d", a.status, a.body, tt.want)
			}
		})
	}
}

// A friendship and the begin of an erasure are in some order: afterwards the friend has gone from
// the list, and nothing can be begun any more.
func TestAdd_fence(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.members("ada", "bob", "cy")
	code := b.code("bob")
	for uid, state := range map[account.UID]account.State{"ada": account.Erasing} {
		b.save(account.User{Schema: 1, UID: uid, State: state})
	}
	id := b.befriend("bob", "cy")
	for _, tt := range []struct{ method, path, body string }{
		{http.MethodPost, root, use(code)}, {http.MethodGet, root, ""}, {http.MethodPost, codePath, ""},
		{http.MethodGet, codePath, ""}, {http.MethodDelete, codePath, ""}, {http.MethodPost, codePath + "/rotate", ""},
		{http.MethodDelete, root + "/" + id, ""}, {http.MethodPost, root + "/" + id + "/block", ""},
		{http.MethodGet, root + "/blocked", ""}, {http.MethodDelete, root + "/" + id + "/block", ""},
	} {
		b.refused(fault.CodeAccountErasing, "ada", tt.method, tt.path, tt.body)
		b.refused(fault.CodeNotRegistered, "nobody", tt.method, tt.path, tt.body)
	}
}
