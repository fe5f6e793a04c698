package audit_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/facescan/facescan/internal/audit"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/schema"
	"github.com/facescan/facescan/internal/testkit"
)

func TestMain(m *testing.M) { os.Exit(emulatortest.Main(m, emulator.Firestore)) }

var now = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)

func clock() time.Time { return now }

// boss is one of the staff.
var boss = httpapi.Identity{UID: "uid-of-boss", Email: "boss@example.com", Role: httpapi.RoleAdmin}

func newBook(t *testing.T) (*firestore.Client, *audit.Book) {
	t.Helper()
	fs := emulatortest.Firestore(t, emulatortest.UniqueProject(t))
	return fs, audit.New(fs, testkit.Ring(keys.ForAudit), clock)
}

// commit writes the acts in one transaction.
func commit(ctx context.Context, fs *firestore.Client, book *audit.Book, acts ...audit.Act) error {
	return fs.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		var faults []error
		for _, a := range acts {
			faults = append(faults, book.Write(tx, a))
		}
		return errors.Join(faults...)
	})
}

// stored returns the documents of the audit.
func stored(t *testing.T, fs *firestore.Client) (all []map[string]any) {
	t.Helper()
	snaps, err := fs.Collection("audit").Documents(t.Context()).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, snap := range snaps {
		all = append(all, snap.Data())
	}
	return all
}

func TestWrite_hasPseudonymsAlone(t *testing.T) {
	t.Parallel()
	fs, book := newBook(t)
	link := audit.NewLink()
	err := commit(t.Context(), fs, book, audit.Act{
		Kind: audit.NameBarred, Actor: audit.Staff(boss), Subject: link, Object: "report-of-ada", Reason: "insulting",
	})
	if err != nil {
		t.Fatal(err)
	}
	key := testkit.Ring(keys.ForAudit)
	want := []map[string]any{{
		"schema": int64(2), "kind": "name.barred", "by": "staff", "role": "admin", "reason": "insulting",
		"actor": key.ID(keys.AuditActor, boss.UID), "subject": key.ID(keys.AuditSubject, string(link)),
		"object": key.ID(keys.AuditObject, string(link), "report-of-ada"),
		"at":     now, "expireAt": now.Add(schema.AuditLife),
	}}
	got := stored(t, fs)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, secret := range []string{boss.UID, boss.Email, string(link), "report-of-ada"} {
		if strings.Contains(fmt.Sprint(got), secret) {
			t.Errorf("an act has %q in it", secret)
		}
	}
}

func TestWrite_refusesWhatIsNoAct(t *testing.T) {
	t.Parallel()
	fs, book := newBook(t)
	link := audit.NewLink()
	for name, a := range map[string]audit.Act{
		"no kind":                 {Actor: audit.User, Subject: link},
		"a kind out of the list":  {Kind: "account.sold", Actor: audit.User, Subject: link},
		"no actor":                {Kind: audit.Registered, Subject: link},
		"staff without a uid":     {Kind: audit.UserRead, Actor: audit.Staff(httpapi.Identity{}), Subject: link},
		"no subject":              {Kind: audit.Registered, Actor: audit.User},
		"a subject of no account": {Kind: audit.ReportsListed, Actor: audit.Staff(boss), Subject: link},
		"a user without a link":   {Kind: audit.ReportsListed, Actor: audit.User},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := commit(t.Context(), fs, book, a); err == nil {
				t.Error("it is written")
			}
			if err := book.Add(t.Context(), a); err == nil {
				t.Error("it is added")
			}
		})
	}
}

// A transaction that runs again, a request that is sent again, and a worker that was killed before
// its commit come to one act.
func TestWrite_once(t *testing.T) {
	t.Parallel()
	link := audit.NewLink()
	asked := audit.Act{Kind: audit.ErasureAsked, Actor: audit.User, Subject: link, Key: []string{"1"}}
	errCrash := errors.New("killed before the commit")
	for name, do := range map[string]func(context.Context, *firestore.Client, *audit.Book) error{
		"a transaction that runs twice": func(ctx context.Context, fs *firestore.Client, book *audit.Book) error {
			runs := 0
			return fs.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
				if err := book.Write(tx, asked); err != nil {
					return err
				}
				if runs++; runs == 1 {
					return status.Error(codes.Aborted, "contention")
				}
				return nil
			})
		},
		"one that is killed, and another": func(ctx context.Context, fs *firestore.Client, book *audit.Book) error {
			err := fs.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
				return errors.Join(book.Write(tx, asked), errCrash)
			})
			if !errors.Is(err, errCrash) {
				return err
			}
			return commit(ctx, fs, book, asked)
		},
		"a duplicate that looks first": func(ctx context.Context, fs *firestore.Client, book *audit.Book) error {
			for range 2 {
				err := fs.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
					written, err := book.Written(tx, asked)
					if err != nil || written {
						return err
					}
					return book.Write(tx, asked)
				})
				if err != nil {
					return err
				}
			}
			return nil
		},
		"a duplicate that does not look": func(ctx context.Context, fs *firestore.Client, book *audit.Book) error {
			if err := commit(ctx, fs, book, asked); err != nil {
				return err
			}
			if err := commit(ctx, fs, book, asked); status.Code(err) != codes.AlreadyExists {
				return fmt.Errorf("the second commit: %w", err)
			}
			return nil
		},
		"a duplicate by the next secret": func(ctx context.Context, fs *firestore.Client, book *audit.Book) error {
			if err := commit(ctx, fs, book, asked); err != nil {
				return err
			}
			rotated := keys.NewRing(keys.ForAudit, []byte("the next secret"), testkit.Secret(keys.ForAudit))
			if err := commit(ctx, fs, audit.New(fs, rotated, clock), asked); status.Code(err) != codes.AlreadyExists {
				return fmt.Errorf("the second commit: %w", err)
			}
			return nil
		},
		"an addition whose answer was lost": func(ctx context.Context, _ *firestore.Client, book *audit.Book) error {
			return errors.Join(book.Add(ctx, asked), book.Add(ctx, asked))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fs, book := newBook(t)
			if err := do(t.Context(), fs, book); err != nil {
				t.Fatal(err)
			}
			if n := len(stored(t, fs)); n != 1 {
				t.Errorf("%d acts", n)
			}
		})
	}
}

func TestWrite_anotherActIsAnother(t *testing.T) {
	t.Parallel()
	fs, book := newBook(t)
	first := audit.Act{Kind: audit.ConsentGranted, Actor: audit.User, Subject: audit.NewLink(), Key: []string{"1"}}
	second, withdrawn, others, look := first, first, first, first
	second.Key = []string{"2"}
	withdrawn.Kind = audit.ConsentWithdrawn
	others.Subject = audit.NewLink()
	look.Kind, look.Key = audit.UserRead, nil
	if err := commit(t.Context(), fs, book, first, second, withdrawn, others, look, look); err != nil {
		t.Fatal(err)
	}
	if n := len(stored(t, fs)); n != 6 {
		t.Errorf("%d acts of 6", n)
	}
}

// TestAbout_afterRotations finds acts by every secret of the ring, and by none that was dropped.
func TestAbout_afterRotations(t *testing.T) {
	t.Parallel()
	fs := emulatortest.Firestore(t, emulatortest.UniqueProject(t))
	link := audit.NewLink()
	first, second, third := []byte("the first secret"), []byte("the second"), []byte("the third")
	for i, secrets := range [][][]byte{{first}, {second, first}, {third, second, first}} {
		book := audit.New(fs, keys.NewRing(keys.ForAudit, secrets...), clock)
		act := audit.Act{Kind: audit.ConsentGranted, Actor: audit.User, Subject: link, Key: []string{fmt.Sprint(i)}}
		others := audit.Act{Kind: audit.Registered, Actor: audit.User, Subject: audit.NewLink()}
		if err := commit(t.Context(), fs, book, act, others); err != nil {
			t.Fatal(err)
		}
	}
	for name, tt := range map[string]struct {
		secrets [][]byte
		of      audit.Link
		want    int
	}{
		"with all secrets":               {[][]byte{third, second, first}, link, 3},
		"when the first is dropped":      {[][]byte{third, second}, link, 2},
		"with another secret":            {[][]byte{[]byte("stolen")}, link, 0},
		"by another link":                {[][]byte{third, second, first}, audit.NewLink(), 0},
		"by the uid in the link's place": {[][]byte{third, second, first}, "uid-of-ada", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			about, ok := audit.New(fs, keys.NewRing(keys.ForAudit, tt.secrets...), clock).About(tt.of)
			if !ok {
				t.Fatal("there is no query")
			}
			found, err := about.Documents(t.Context()).GetAll()
			if err != nil || len(found) != tt.want {
				t.Errorf("%d acts, want %d, %v", len(found), tt.want, err)
			}
		})
	}
	if _, ok := audit.New(fs, testkit.Ring(keys.ForAudit), clock).About(""); ok {
		t.Error("nobody's link finds acts")
	}
}

// Nothing of the package changes or removes an act.
func TestBook_onlyCreates(t *testing.T) {
	t.Parallel()
	var methods []string
	for m := range reflect.TypeFor[*audit.Book]().Methods() {
		methods = append(methods, m.Name)
	}
	slices.Sort(methods)
	if diff := cmp.Diff([]string{"About", "Add", "Stored", "Write", "Written"}, methods); diff != "" {
		t.Errorf("methods (-want +got):\n%s", diff)
	}
}
