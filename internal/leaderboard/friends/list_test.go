package friends

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
)

func TestList_pages(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.members("ada")
	var want []string
	for i := range 5 {
		uid := account.UID(fmt.Sprintf("friend-%d", i))
		b.members(uid)
		b.befriend("ada", uid)
		want = append([]string{"name-of-" + string(uid)}, want...)
		if i > 1 { // the first three have the same time
			b.advance(time.Minute)
		}
	}
	var got []string
	next := root + "?limit=2"
	for pages := 0; next != ""; pages++ {
		if pages == 3 {
			t.Fatal("no end")
		}
		page := decode[httpapi.List[friendView]](t, b.want(http.StatusOK, "ada", http.MethodGet, next, ""))
		for _, v := range page.Items {
			got = append(got, v.Username)
		}
		next = ""
		if page.NextCursor != "" {
			next = root + "?limit=2&cursor=" + page.NextCursor
			b.refused(fault.CodeInvalidParameter, "ada", http.MethodGet, root+"/blocked?cursor="+page.NextCursor, "")
			b.refused(fault.CodeInvalidParameter, "friend-1", http.MethodGet, root+"?cursor="+page.NextCursor, "")
		}
	}
	if diff := cmp.Diff(want[:2], got[:2]); diff != "" {
		t.Errorf("the newest (-want +got):\n%s", diff)
	}
	seen := map[string]bool{}
	for _, name := range got {
		seen[name] = true
	}
	if len(got) != 5 || len(seen) != 5 {
		t.Errorf("listed %q", got)
	}
	for _, query := range []string{"limit=0", "limit=101", "limit=x", "cursor=x", "order=oldest"} {
		b.refused(fault.CodeInvalidParameter, "ada", http.MethodGet, root+"?"+query, "")
	}
}

func TestList_empty(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.members("ada")
	for _, path := range []string{root, root + "/blocked"} {
		if a := b.want(http.StatusOK, "ada", http.MethodGet, path, ""); strings.TrimSpace(a.body) != `{"items":[]}` {
			t.Errorf("%s: %s", path, a.body)
		}
	}
}

// What happens to a friend's account shows at the next read.
func TestList_follows(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(b *bench)
		want   []string
	}{
		"a new name": {func(b *bench) {
			b.save(account.User{Schema: 1, UID: "bob", State: account.Active, Username: "robert"})
		}, []string{"robert"}},
		"a name given up": {func(b *bench) {
			b.save(account.User{Schema: 1, UID: "bob", State: account.Active})
		}, []string{""}},
		"an erasure under way": {func(b *bench) {
			b.save(account.User{Schema: 1, UID: "bob", State: account.Erasing, Username: "bob"})
		}, []string{}},
		"an account that is gone": {func(b *bench) {
			if _, err := account.Ref(b.fs, "bob").Delete(b.t.Context()); err != nil {
				b.t.Fatal(err)
			}
		}, []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.members("ada", "bob")
			b.befriend("bob", "ada")
			tt.change(b)
			if diff := cmp.Diff(tt.want, b.names("ada", root)); diff != "" {
				t.Errorf("friends (-want +got):\n%s", diff)
			}
		})
	}
}

// A list costs the caller's account, its links and their accounts, and nothing for each friend
// beyond.
func TestList_reads(t *testing.T) {
	t.Parallel()
	seen := new(calls)
	b := newBench(t, seen.options()...)
	b.members("ada")
	for i := range 4 {
		uid := account.UID(fmt.Sprintf("friend-%d", i))
		b.members(uid)
		b.befriend("ada", uid)
	}
	seen.take()
	b.names("ada", root)
	const service = "/google.firestore.v1.Firestore/"
	want := []string{
		service + "BeginTransaction", service + "BatchGetDocuments of 1", service + "RunQuery of 0",
		service + "BatchGetDocuments of 4", service + "Commit",
	}
	if diff := cmp.Diff(want, seen.take()); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func TestRemove(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.members("ada", "bob", "eve")
	id := b.befriend("ada", "bob")
	for _, bad := range []string{"x", "code", "__x__", strings.Repeat("a", 26), strings.ToUpper(id)} {
		b.refused(fault.CodeNotFound, "ada", http.MethodDelete, root+"/"+bad+"/block", "")
		b.refused(fault.CodeNotFound, "ada", http.MethodPost, root+"/"+bad+"/block", "")
		b.refused(fault.CodeNotFound, "ada", http.MethodDelete, root+"/"+bad, "")
	}
	b.refused(fault.CodeNotFound, "eve", http.MethodDelete, root+"/"+id, "")
	b.refused(fault.CodeNotFound, "eve", http.MethodPost, root+"/"+id+"/block", "")
	b.want(http.StatusNoContent, "bob", http.MethodDelete, root+"/"+id, "")
	for _, uid := range []account.UID{"ada", "bob"} {
		b.refused(fault.CodeNotFound, uid, http.MethodDelete, root+"/"+id, "")
		if got := b.names(uid, root); len(got) > 0 {
			t.Errorf("%s has still %q", uid, got)
		}
	}
	if again := b.befriend("ada", "bob"); again != id {
		t.Errorf("friends again as %s, before %s", again, id)
	}
}

func TestBlock(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.members("ada", "bob")
	id := b.befriend("ada", "bob")
	adas, bobs := b.code("ada"), b.code("bob")
	b.refused(fault.CodeNotFound, "bob", http.MethodDelete, root+"/"+id+"/block", "")
	for range 2 {
		b.want(http.StatusNoContent, "bob", http.MethodPost, root+"/"+id+"/block", "")
	}
	for _, uid := range []account.UID{"ada", "bob"} {
		if got := b.names(uid, root); len(got) > 0 {
			t.Errorf("friends of %s: %q", uid, got)
		}
	}
	b.refused(fault.CodeNotFound, "ada", http.MethodPost, root+"/"+id+"/block", "")
	b.refused(fault.CodeNotFound, "ada", http.MethodPost, root, use(bobs))
	b.refused(fault.CodeNotFound, "bob", http.MethodPost, root, use(adas))
	if got := b.names("ada", root+"/blocked"); len(got) > 0 {
		t.Errorf("ada has blocked %q", got)
	}
	if diff := cmp.Diff([]string{"name-of-ada"}, b.names("bob", root+"/blocked")); diff != "" {
		t.Errorf("blocked by bob (-want +got):\n%s", diff)
	}
	b.refused(fault.CodeNotFound, "ada", http.MethodDelete, root+"/"+id+"/block", "")
	b.want(http.StatusNoContent, "bob", http.MethodDelete, root+"/"+id+"/block", "")
	b.refused(fault.CodeNotFound, "bob", http.MethodDelete, root+"/"+id+"/block", "")
	if got := b.names("bob", root); len(got) > 0 {
		t.Errorf("friends once the block is taken back: %q", got)
	}
	b.want(http.StatusCreated, "ada", http.MethodPost, root, use(bobs))
}

func TestBlock_ofOneBeingErased(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.members("ada", "bob", "cy")
	id, other := b.befriend("ada", "bob"), b.befriend("ada", "cy")
	b.want(http.StatusNoContent, "ada", http.MethodPost, root+"/"+other+"/block", "")
	for _, uid := range []account.UID{"bob", "cy"} {
		b.save(account.User{Schema: 1, UID: uid, State: account.Erasing})
	}
	b.refused(fault.CodeNotFound, "ada", http.MethodPost, root+"/"+id+"/block", "")
	if got := b.names("ada", root+"/blocked"); len(got) > 0 {
		t.Errorf("blocked: %q", got)
	}
}

// A block and codes at the same time: whatever comes first, the two are no friends afterwards.
func TestBlock_whileCodesAreUsed(t *testing.T) {
	t.Parallel()
	for range 5 {
		one := newBench(t)
		one.members("ada", "bob")
		other := one.again()
		id, code := one.befriend("ada", "bob"), one.code("bob")
		all := []func() answer{func() answer { return one.ask("bob", http.MethodPost, root+"/"+id+"/block", "") }}
		for range 3 {
			all = append(all, func() answer { return other.add("ada", code) }, func() answer { return one.add("ada", code) })
		}
		got := atOnce(all)
		if got[http.StatusNoContent] != 1 || got[http.StatusCreated] > 0 ||
			got[http.StatusOK]+got[http.StatusNotFound] != len(all)-1 {
			t.Errorf("answers: %v", got)
		}
		if a, b := one.friendCount("ada"), one.friendCount("bob"); a+b > 0 {
			t.Errorf("%d and %d friends", a, b)
		}
	}
}

// model is what there is between a few users, as the rules say it.
type model struct {
	codes   map[account.UID]bool
	friends map[[2]account.UID]bool
	blocks  map[[2]account.UID]bool // by whom, whom
}

func pairOf(a, b account.UID) [2]account.UID { return [2]account.UID{min(a, b), max(a, b)} }

// Random steps of a few users come to what the model says, and a friendship is always mutual.
func TestRules(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	users := []account.UID{"ada", "bob", "cy"}
	b.members(users...)
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	m := model{map[account.UID]bool{}, map[[2]account.UID]bool{}, map[[2]account.UID]bool{}}
	for step := range 150 {
		if step%10 == 0 {
			b.advance(time.Hour) // wrong codes are not the matter here
		}
		at := random.Perm(len(users))
		me, other := users[at[0]], users[at[1]]
		want, got := m.step(b, random.IntN(7), me, other)
		if want != got {
			t.Fatalf("seed %d, step %d: %d, want %d", seed, step, got, want)
		}
		for _, uid := range users {
			if n := m.friendsOf(uid); n != b.friendCount(uid) {
				t.Fatalf("seed %d, step %d: %s has %d friends, want %d", seed, step, uid, b.friendCount(uid), n)
			}
		}
	}
}

func (m model) friendsOf(uid account.UID) (n int) {
	for pair := range m.friends {
		if pair[0] == uid || pair[1] == uid {
			n++
		}
	}
	return n
}

// step has the user do something about the other, and returns the status that it must have and has.
func (m model) step(b *bench, what int, me, other account.UID) (want, got int) {
	pair, id := pairOf(me, other), pairIDs(b.handler.Key, me, other)[0]
	choose := func(yes bool, then, otherwise int) int {
		if yes {
			return then
		}
		return otherwise
	}
	switch what {
	case 0, 1:
		want = choose(m.codes[me], http.StatusOK, http.StatusCreated)
		m.codes[me] = true
		return want, b.ask(me, http.MethodPost, codePath, "").status
	case 2:
		want = choose(m.codes[me], http.StatusNoContent, http.StatusNotFound)
		m.codes[me] = false
		return want, b.ask(me, http.MethodDelete, codePath, "").status
	case 3:
		code := "0000000000000000"
		if a := b.ask(other, http.MethodGet, codePath, ""); a.status == http.StatusOK {
			code = decode[codeView](b.t, a).Code
		}
		open := m.codes[other] && !m.blocks[pair] && !m.blocks[[2]account.UID{pair[1], pair[0]}]
		want = choose(open, choose(m.friends[pair], http.StatusOK, http.StatusCreated), http.StatusNotFound)
		if open {
			m.friends[pair] = true
		}
		return want, b.add(me, code).status
	case 4:
		want = choose(m.friends[pair], http.StatusNoContent, http.StatusNotFound)
		delete(m.friends, pair)
		return want, b.ask(me, http.MethodDelete, root+"/"+id, "").status
	case 5:
		mine := [2]account.UID{me, other}
		able := m.friends[pair] || m.blocks[mine]
		if able {
			m.blocks[mine] = true
			delete(m.friends, pair)
		}
		return choose(able, http.StatusNoContent, http.StatusNotFound),
			b.ask(me, http.MethodPost, root+"/"+id+"/block", "").status
	default:
		mine := [2]account.UID{me, other}
		want = choose(m.blocks[mine], http.StatusNoContent, http.StatusNotFound)
		delete(m.blocks, mine)
		return want, b.ask(me, http.MethodDelete, root+"/"+id+"/block", "").status
	}
}
