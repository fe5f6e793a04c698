package quota_test

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/quota"
	"github.com/facescan/facescan/internal/rate"
	"github.com/facescan/facescan/internal/testkit"
	"github.com/facescan/facescan/internal/transact"
)

func TestMain(m *testing.M) { os.Exit(emulatortest.Main(m, emulator.Firestore)) }

var (
	noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	rule = quota.Rule{Name: "knock", Max: 2, Window: time.Hour}
)

// fixture is a limiter over a database of its own, whose clock stands at now.
type fixture struct {
	*quota.Limiter
	fs      *firestore.Client
	project string
	now     time.Time
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	project := emulatortest.UniqueProject(t)
	fs := emulatortest.Firestore(t, project)
	f := &fixture{fs: fs, project: project, now: noon}
	f.Limiter = quota.New(fs, testkit.Ring(keys.ForLimits), func() time.Time { return f.now })
	return f
}

func (f *fixture) docs(t *testing.T) []*firestore.DocumentSnapshot {
	t.Helper()
	docs, err := f.fs.Collection("limits").Documents(t.Context()).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	return docs
}

func taken(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("refused: %v", err)
	}
}

func refused(t *testing.T, err error, retryAfter time.Duration) {
	t.Helper()
	if !fault.Is(err, fault.CodeRateLimited) {
		t.Fatalf("err = %v, want rate_limited", err)
	}
	if got := fault.From(err).RetryAfter; got != retryAfter {
		t.Errorf("retry after %v, want %v", got, retryAfter)
	}
}

func TestTake_countsInWindows(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada := quota.User("ada")
	taken(t, f.Take(t.Context(), rule, ada))
	f.now = noon.Add(20 * time.Minute)
	taken(t, f.Take(t.Context(), rule, ada))
	refused(t, f.Take(t.Context(), rule, ada), 40*time.Minute)
	f.now = noon.Add(time.Hour - time.Nanosecond)
	refused(t, f.Take(t.Context(), rule, ada), time.Nanosecond)
	f.now = noon.Add(time.Hour)
	taken(t, f.Take(t.Context(), rule, ada))
}

func TestTake_countsEachForThemselves(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	once := quota.Rule{Name: "once", Max: 1, Window: time.Hour}
	other := quota.Rule{Name: "other", Max: 1, Window: time.Hour}
	ip := func(text string) quota.Who { return quota.IP(netip.MustParseAddr(text)) }

	taken(t, f.Take(t.Context(), once, quota.User("ada")))
	taken(t, f.Take(t.Context(), other, quota.User("ada")))
	taken(t, f.Take(t.Context(), once, quota.User("bob")))
	taken(t, f.Take(t.Context(), once, quota.Mailbox("ada")))
	taken(t, f.Take(t.Context(), once, quota.Client("ada")))
	for _, from := range []string{"192.0.2.1", "192.0.3.1", "2001:db8:1::1", "2001:db8:2::1"} {
		taken(t, f.Take(t.Context(), once, quota.MailboxFrom(netip.MustParseAddr(from), "ada")))
	}
	taken(t, f.Take(t.Context(), once, quota.MailboxFrom(netip.MustParseAddr("192.0.2.1"), "bob")))
	taken(t, f.Take(t.Context(), once, quota.MailboxFrom(netip.Addr{}, "ada")))
	taken(t, f.Take(t.Context(), once, ip("192.0.2.1")))
	taken(t, f.Take(t.Context(), once, ip("192.0.2.2")))
	taken(t, f.Take(t.Context(), once, ip("2001:db8:0:1::1")))
	taken(t, f.Take(t.Context(), once, ip("2001:db8:0:2::1")))
	taken(t, f.Take(t.Context(), once, quota.IP(netip.Addr{})))

	for name, who := range map[string]quota.Who{
		"the same user":                    quota.User("ada"),
		"the mailbox in capitals":          quota.Mailbox("ADA"),
		"the same client":                  quota.Client("ada"),
		"the mailbox, from the /24":        quota.MailboxFrom(netip.MustParseAddr("::ffff:192.0.2.254"), "Ada"),
		"the mailbox, from the /48":        quota.MailboxFrom(netip.MustParseAddr("2001:db8:1:ffff::1%eth0"), "ada"),
		"the mailbox, from nowhere":        quota.MailboxFrom(netip.Addr{}, "ada"),
		"the address written as IPv6":      ip("::ffff:192.0.2.1"),
		"a neighbour in the /64":           ip("2001:db8:0:1:aaaa::9"),
		"an address with a zone":           ip("2001:db8:0:1::1%eth0"),
		"no address, which counts for one": quota.IP(netip.Addr{}),
	} {
		if err := f.Take(t.Context(), once, who); !fault.Is(err, fault.CodeRateLimited) {
			t.Errorf("%s: err = %v, want rate_limited", name, err)
		}
	}
}

func TestTake_keepsNoAddressAndFindsUsers(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	taken(t, f.Take(t.Context(), rule, quota.User("ada")))
	want := map[string]any{
		"schema": int64(1), "rule": "knock", "uid": "ada", "count": int64(1), "expireAt": noon.Add(time.Hour),
	}
	if diff := cmp.Diff(want, f.docs(t)[0].Data()); diff != "" {
		t.Errorf("document (-want +got):\n%s", diff)
	}
	mine, err := f.fs.Collection("limits").Where("uid", "==", "ada").Documents(t.Context()).GetAll()
	if err != nil || len(mine) != 1 {
		t.Fatalf("found %d documents of the user: %v", len(mine), err)
	}
	if _, err := mine[0].Ref.Delete(t.Context()); err != nil {
		t.Fatal(err)
	}

	taken(t, f.Take(t.Context(), rule, quota.IP(netip.MustParseAddr("192.0.2.1"))))
	taken(t, f.Take(t.Context(), rule, quota.Mailbox("ada@example.com")))
	taken(t, f.Take(t.Context(), rule, quota.MailboxFrom(netip.MustParseAddr("192.0.2.1"), "ada@example.com")))
	taken(t, f.Take(t.Context(), rule, quota.Client("ada")))
	for _, doc := range f.docs(t) {
		if _, ok := doc.Data()["uid"]; ok {
			t.Errorf("%v bears a uid", doc.Data())
		}
		for _, secret := range []string{"192", "ada", "example"} {
			if strings.Contains(doc.Ref.ID, secret) {
				t.Errorf("id %s shows who it is", doc.Ref.ID)
			}
		}
	}
}

// again is a limiter of another process over the same database.
func (f *fixture) again(t *testing.T) *fixture {
	t.Helper()
	fs := emulatortest.Firestore(t, f.project)
	return &fixture{
		Limiter: quota.New(fs, testkit.Ring(keys.ForLimits), func() time.Time { return noon }), fs: fs,
		project: f.project, now: noon,
	}
}

// Of many at once in two processes exactly as many count as the rule has, and the others are
// refused until its end.
func TestTake_isExactAcrossProcesses(t *testing.T) {
	t.Parallel()
	const each, most = 40, 30
	one := newFixture(t)
	many := quota.Rule{Name: "race", Max: most, Window: time.Hour}
	open := func(ctx context.Context, f *fixture) error {
		return transact.Run(ctx, f.fs, f.fs.Doc("users/ada"), func(ctx context.Context, tx *firestore.Transaction) error {
			taking, err := f.Prepare(ctx, quota.User("ada"), many)
			if err != nil {
				return err
			}
			return taking.Write(tx)
		})
	}
	for name, take := range map[string]func(context.Context, *fixture) error{
		"alone": func(ctx context.Context, f *fixture) error {
			return f.Take(ctx, many, quota.Mailbox("ada"))
		},
		"with what they count": open,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var won, limited atomic.Int32
			var all sync.WaitGroup
			for _, f := range []*fixture{one.again(t), one.again(t)} {
				for range each {
					all.Go(func() {
						switch err := take(t.Context(), f); {
						case err == nil:
							won.Add(1)
						case fault.Is(err, fault.CodeRateLimited) && fault.From(err).RetryAfter == time.Hour:
							limited.Add(1)
						default:
							t.Error(err)
						}
					})
				}
			}
			all.Wait()
			if won.Load() != most || limited.Load() != 2*each-most {
				t.Errorf("%d taken and %d refused, want %d and %d", won.Load(), limited.Load(), most, 2*each-most)
			}
		})
	}
}

// sum is what is counted in all documents together.
func (f *fixture) sum(t *testing.T) (n int64) {
	t.Helper()
	for _, doc := range f.docs(t) {
		count, _ := doc.Data()["count"].(int64)
		n += count
	}
	return n
}

func TestReserve_countsByAllOrNone(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada, bob := quota.User("ada"), quota.User("bob")
	daily := quota.Rule{Name: "daily", Max: 3, Window: 24 * time.Hour}
	taken(t, f.Take(t.Context(), rule, ada))
	made, err := f.Reserve(t.Context(), daily.Of(bob), rule.Of(ada))
	taken(t, err)
	for _, counts := range [][]quota.Count{
		{rule.Of(ada), daily.Of(bob)}, {daily.Of(bob), rule.Of(ada)}, {rule.Of(bob), rule.Of(ada), daily.Of(bob)},
	} {
		_, err := f.Reserve(t.Context(), counts...)
		refused(t, err, time.Hour)
	}
	if n := f.sum(t); n != 3 {
		t.Errorf("counted %d, want 3", n)
	}
	taken(t, made.Return(t.Context()))
	if n := f.sum(t); n != 1 {
		t.Errorf("counted %d after giving back, want 1", n)
	}
	for range 2 {
		taken(t, f.Take(t.Context(), daily, bob))
	}
	_, err = f.Reserve(t.Context(), rule.Of(ada), daily.Of(bob))
	taken(t, err)
	_, err = f.Reserve(t.Context(), rule.Of(ada), daily.Of(bob)) // both are used up: until the later end
	refused(t, err, 12*time.Hour)
}

// What is given back goes to the window that it was taken from, in whatever state that is by then.
func TestReservation_Return(t *testing.T) {
	t.Parallel()
	for name, meanwhile := range map[string]func(t *testing.T, f *fixture){
		"in its window": func(*testing.T, *fixture) {},
		"in the next":   func(_ *testing.T, f *fixture) { f.now = noon.Add(time.Hour) },
		"after the sweep": func(t *testing.T, f *fixture) {
			t.Helper()
			for _, doc := range f.docs(t) {
				if _, err := doc.Ref.Delete(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			ada := quota.User("ada")
			made, err := f.Reserve(t.Context(), rule.Of(ada))
			taken(t, err)
			meanwhile(t, f)
			gone, cancel := context.WithCancel(t.Context())
			cancel() // the client hung up
			taken(t, made.Return(gone))
			if n := f.sum(t); n != 0 {
				t.Errorf("counted %d", n)
			}
			for range rule.Max {
				taken(t, f.Take(t.Context(), rule, ada))
			}
			if err := f.Take(t.Context(), rule, ada); !fault.Is(err, fault.CodeRateLimited) {
				t.Errorf("err = %v, want rate_limited", err)
			}
		})
	}
}

// A count that was swept and made anew by a process whose clock is behind may get below zero, which
// is worth nothing.
func TestReservation_Return_belowZero(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada := quota.User("ada")
	made, err := f.Reserve(t.Context(), rule.Of(ada))
	taken(t, err)
	for range 2 {
		taken(t, made.Return(t.Context()))
	}
	if n := f.sum(t); n != -1 {
		t.Fatalf("counted %d, want -1", n)
	}
	for range rule.Max {
		taken(t, f.Take(t.Context(), rule, ada))
	}
	refused(t, f.Take(t.Context(), rule, ada), time.Hour)
}

// Giving back and taking at once, in two processes, neither loses nor doubles a count.
func TestReserve_parallel(t *testing.T) {
	t.Parallel()
	const each = 20
	one := newFixture(t)
	wide := quota.Rule{Name: "wide", Max: 4 * each, Window: time.Hour}
	var all sync.WaitGroup
	for _, f := range []*fixture{one.again(t), one.again(t)} {
		for i := range each {
			all.Go(func() {
				made, err := f.Reserve(t.Context(), wide.Of(quota.Mailbox("ada")), wide.Of(quota.Mailbox("bob")))
				if err == nil && i%2 == 0 {
					err = made.Return(t.Context())
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
	}
	all.Wait()
	if n := one.sum(t); n != 2*each {
		t.Errorf("counted %d, want %d", n, 2*each)
	}
}

// Those that are overtaken after they were counted by one rule leave nothing behind.
func TestReserve_overtaken(t *testing.T) {
	t.Parallel()
	const each = 20
	one := newFixture(t)
	wide := quota.Rule{Name: "wide", Max: 1000, Window: time.Hour}
	var won atomic.Int32
	var all sync.WaitGroup
	for _, f := range []*fixture{one.again(t), one.again(t)} {
		for range each {
			all.Go(func() {
				_, err := f.Reserve(t.Context(), wide.Of(quota.Mailbox("ada")), rule.Of(quota.Mailbox("ada")))
				switch {
				case err == nil:
					won.Add(1)
				case !fault.Is(err, fault.CodeRateLimited):
					t.Error(err)
				}
			})
		}
	}
	all.Wait()
	if n := one.sum(t); int(won.Load()) != rule.Max || n != int64(2*rule.Max) {
		t.Errorf("%d came through and %d counts are left, want %d and %d", won.Load(), n, rule.Max, 2*rule.Max)
	}
}

func TestTake_failsClosed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if err := f.fs.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Take(t.Context(), rule, quota.User("ada")); !fault.Is(err, fault.CodeUnavailable) {
		t.Errorf("err = %v, want unavailable", err)
	}
}

// What is kept counts nothing, and does not come about beside a count that uses the rule up.
func TestTaking_Keep(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]int{"of a rule that nothing was counted by": 0, "of a rule used once": 1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			ada, other := quota.User("ada"), f.again(t)
			for range before {
				taken(t, f.Take(t.Context(), rule, ada))
			}
			keep := func(meanwhile func()) error {
				return transact.Run(t.Context(), f.fs, f.fs.Doc("users/ada"),
					func(ctx context.Context, tx *firestore.Transaction) error {
						taking, err := f.Prepare(ctx, ada, rule)
						if err != nil {
							return err
						}
						meanwhile()
						return taking.Keep(tx)
					})
			}
			for range rule.Max + 1 {
				taken(t, keep(func() {}))
			}
			left := rule.Max - before
			refused(t, keep(func() {
				for ; left > 0; left-- {
					taken(t, other.Take(t.Context(), rule, ada))
				}
			}), time.Hour)
		})
	}
}

// What is counted with Prepare comes about with its counts, by all rules, or not at all.
func TestPrepare_countsWithTheCommit(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada := quota.User("ada")
	daily := quota.Rule{Name: "daily", Max: 3, Window: 24 * time.Hour}
	open := func(scan string) error {
		return transact.Run(t.Context(), f.fs, f.fs.Doc("users/ada"),
			func(ctx context.Context, tx *firestore.Transaction) error {
				doc := f.fs.Collection("scans").Doc(scan)
				if _, err := tx.Get(doc); err == nil {
					return errors.New("it is open already")
				}
				taking, err := f.Prepare(ctx, ada, rule, daily)
				if err != nil {
					return err
				}
				return errors.Join(tx.Create(doc, map[string]any{"uid": "ada"}), taking.Write(tx))
			})
	}
	taken(t, open("a"))
	if err := open("a"); err == nil {
		t.Fatal("the same scan was opened twice")
	}
	taken(t, open("b"))
	refused(t, open("c"), time.Hour)
	refused(t, f.Check(t.Context(), ada, daily, rule), time.Hour)
	f.now = noon.Add(time.Hour)
	taken(t, f.Check(t.Context(), ada, daily, rule))
	taken(t, open("c"))
	refused(t, open("d"), 11*time.Hour)
}

func TestRates_areShownToUsers(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.now = noon.Add(time.Minute)
	shown := func(take func(context.Context) error) (string, error) {
		header := http.Header{}
		err := take(rate.With(t.Context(), header))
		return header.Get(rate.Limit), err
	}
	take := func(who quota.Who) (string, error) {
		return shown(func(ctx context.Context) error { return f.Take(ctx, rule, who) })
	}
	for _, want := range []string{`"knock";r=1;t=3540`, `"knock";r=0;t=3540`, `"knock";r=0;t=3540`} {
		if got, _ := take(quota.User("ada")); got != want {
			t.Errorf("shown %s, want %s", got, want)
		}
	}
	if got, err := take(quota.Mailbox("ada@example.com")); err != nil || got != "" {
		t.Errorf("of a mailbox is shown %q, %v", got, err)
	}
	got, err := shown(func(ctx context.Context) error { return f.Check(ctx, quota.User("bob"), rule) })
	if err != nil || got != "" {
		t.Errorf("where nothing is counted is shown %q, %v", got, err)
	}
}
