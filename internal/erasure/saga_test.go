package erasure_test

import (
	"context"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/storage"
	"firebase.google.com/go/v4/auth"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/erasure/receipt"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/local/emulator/usertest"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/schema"
	"github.com/facescan/facescan/internal/testkit"
)

// everything gives the user something in every store, an earlier withdrawal that is not over yet
// among it.
func (w *world) everything(t *testing.T, uid string) {
	t.Helper()
	w.MoveIn(uid, byBoth, "token-of-"+uid)
	w.Withdraw(uid)
	w.erase(t)
	w.Grant(uid)
	w.measure(t, uid)
	w.later(t, uid)
}

func TestErase_leavesNothingButTheReceipt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.seed(t, bob)
	w.everything(t, ada)
	w.circle(ada)
	bobs := w.Mentions(bob)
	had := collectionsOf(w.Mentions(ada))
	for _, c := range schema.Collections {
		if removed := c.Removed != schema.Never; (had[c.Name] > 0) != removed {
			t.Errorf("collection %q: %d documents, and the erasure takes them: %v", c.Name, had[c.Name], removed)
		}
	}

	receipt := w.request(t, ada)
	if again := w.request(t, ada); again != receipt {
		t.Errorf("asked again: %s, first %s", again, receipt)
	}
	if u := w.User(ada); u.State != account.Erasing || u.Admits(u.ConsentEpoch) {
		t.Errorf("user = %+v", u)
	}
	mails := len(w.Mail.Messages())
	w.erase(t)
	if left := w.Mentions(ada); !slices.Equal(left, []string{"erasures/" + ada, "users/" + ada}) {
		t.Errorf("left after the first sweep: %q", left)
	}
	if u := w.User(ada); u.State != account.Erasing || u.Username != "" {
		t.Errorf("user = %+v", u)
	}
	if u, err := w.Users.GetUser(t.Context(), ada); err != nil || !u.Disabled {
		t.Errorf("Firebase user = %+v, %v", u, err)
	}
	if status, answer, _ := w.call(
		t, http.MethodGet, receipt, "",
	); status != http.StatusOK || answer["state"] != "erasing" {
		t.Errorf("%d %v", status, answer)
	}
	w.wantMail(t, mails, "https://api.test"+receipt)

	// A photo whose upload began before.
	w.put(t, w.Uploads, scan.PhotoName(ada, "aaaaaaaaaaaaaaaaaaaaaaaaaa"))
	w.finish(t)
	if left := w.Mentions(ada); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
	if _, err := w.Users.GetUser(t.Context(), ada); !auth.IsUserNotFound(err) {
		t.Errorf("the Firebase user is there: %v", err)
	}
	if diff := cmp.Diff(bobs, w.Mentions(bob)); diff != "" {
		t.Errorf("another user's (-before +after):\n%s", diff)
	}
	w.wantReceipt(t, receipt, had)
	if sent := w.Mail.Messages(); len(sent) != mails+1 {
		t.Errorf("%d mails, %d before", len(sent), mails)
	}
	t.Run("a late event finds nothing to do", func(t *testing.T) {
		for _, fact := range []event.Payload{
			event.AccountErasureRequestedV1{UID: ada}, event.ConsentWithdrawnV1{UID: ada, Epoch: 1},
		} {
			if err := w.eraser.Handle(t.Context(), message(t, fact)); err != nil {
				t.Error(err)
			}
		}
		if left := w.Mentions(ada); len(left) > 0 {
			t.Errorf("left: %q", left)
		}
	})
	t.Run("the receipt is there for 30 days", func(t *testing.T) {
		w.Advance(30*24*time.Hour - time.Microsecond)
		if status, _, _ := w.call(t, http.MethodGet, receipt, ""); status != http.StatusOK {
			t.Errorf("%d a moment before", status)
		}
		w.Advance(time.Microsecond)
		if status, _, _ := w.call(t, http.MethodGet, receipt, ""); status != http.StatusNotFound {
			t.Errorf("%d then", status)
		}
	})
}

// wantMail wants one mail beside the others, with the URL.
func (w *world) wantMail(t *testing.T, others int, url string) {
	t.Helper()
	sent := w.Mail.Messages()
	if len(sent) != others+1 {
		t.Fatalf("%d mails, %d before", len(sent), others)
	}
	last := sent[others]
	for _, text := range []string{last.Text, last.HTML} {
		if !strings.Contains(text, url) || strings.Contains(text, "Open the FaceScan app") {
			t.Errorf("mail = %s", text)
		}
	}
}

// readReceipt is the signed receipt at the path.
func (w *world) readReceipt(t *testing.T, path string) receipt.Receipt {
	t.Helper()
	status, answer, _ := w.call(t, http.MethodGet, path, "")
	jws, _ := answer["receipt"].(string)
	keys, err := receipt.NewKeys([]string{testkit.Signer(t, 9).Public(), w.signer.Public()})
	if err != nil {
		t.Fatal(err)
	}
	got, err := keys.Verify(jws)
	if status != http.StatusOK || err != nil {
		t.Fatalf("%d %v: %v", status, answer, err)
	}
	return got
}

// wantReceipt wants the receipt to tell the numbers of documents that the user had, and of the
// objects.
func (w *world) wantReceipt(t *testing.T, path string, had map[string]int) {
	t.Helper()
	got := w.readReceipt(t, path)
	deleted := map[string]int64{}
	for _, s := range got.Stores {
		deleted[s.Store] = s.Deleted
		if s.Left != 0 {
			t.Errorf("left = %+v", s)
		}
	}
	// Four scans with a photo each, and the late one; a report and five pictures of each.
	want := map[string]int64{"sign-in": 1, "photos": 5, "results": 24, "export files": 1}
	for collection, n := range had {
		want[collection] = int64(n)
	}
	if diff := cmp.Diff(want, deleted); diff != "" {
		t.Errorf("deleted (-want +got):\n%s", diff)
	}
	if len(got.Residuals) == 0 || strings.Contains(got.Account, ada) {
		t.Errorf("receipt = %+v", got)
	}
}

func TestErase_whoNeverRegistered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if _, err := w.Users.CreateUser(t.Context(), (&auth.UserToCreate{}).UID(ada)); err != nil {
		t.Fatal(err)
	}
	w.request(t, ada)
	if u := w.User(ada); u.State != account.Erasing {
		t.Errorf("user = %+v", u)
	}
	w.erase(t)
	w.finish(t)
	if left := w.Mentions(ada); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
	if _, err := w.Users.GetUser(t.Context(), ada); !auth.IsUserNotFound(err) {
		t.Errorf("the Firebase user is there: %v", err)
	}
}

func TestErase_tellsTheAddressThatFirebaseHas(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change *auth.UserToUpdate
		to     []string
	}{
		"the one of the registration": {new(auth.UserToUpdate).DisplayName("Ada"), []string{usertest.Email(ada)}},
		"one that came later": {
			new(auth.UserToUpdate).Email("ada@new.example").EmailVerified(true), []string{"ada@new.example"},
		},
		"one that is not verified": {new(auth.UserToUpdate).EmailVerified(false), nil},
		"one that came unverified": {new(auth.UserToUpdate).Email("ada@new.example").EmailVerified(false), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.Register(ada, "token")
			if _, err := w.Users.UpdateUser(t.Context(), ada, tt.change); err != nil {
				t.Fatal(err)
			}
			w.request(t, ada)
			w.erase(t)
			w.finish(t)
			var to []string
			for _, m := range w.Mail.Messages() {
				to = append(to, m.To...)
			}
			if diff := cmp.Diff(tt.to, to); diff != "" {
				t.Errorf("mails to (-want +got):\n%s", diff)
			}
			if left := w.Mentions(ada); len(left) > 0 {
				t.Errorf("left %q", left)
			}
		})
	}
}

func TestErase_doesNotWaitForAMailServerForEver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Register(ada, "token")
	later := new(auth.UserToUpdate).Email("later@example.com").EmailVerified(true)
	if _, err := w.Users.UpdateUser(t.Context(), ada, later); err != nil {
		t.Fatal(err)
	}
	w.request(t, ada)
	m := message(t, event.AccountErasureRequestedV1{UID: ada})
	if err := w.eraser.Handle(t.Context(), m); err == nil {
		t.Error("no error though the mail server refused for now")
	}
	w.Advance(time.Hour + time.Second)
	if err := w.eraser.Handle(t.Context(), m); err != nil {
		t.Error(err)
	}
	if left := w.Mentions(ada); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

// More than the pages of one store take, and two at it at once.
func TestErase_manyPagesAndTwoAtATime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.seed(t, ada)
	w.copyScans(t, 450)
	mails := len(w.Mail.Messages())
	w.request(t, ada)
	m := message(t, event.AccountErasureRequestedV1{UID: ada})
	var refused atomic.Int32
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			err := w.eraser.Handle(t.Context(), m)
			if fault.Is(err, fault.CodeUnavailable) {
				refused.Add(1)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	if left := w.Mentions(ada); len(left) != 2 || len(w.Mail.Messages()) != mails+1 {
		t.Errorf("left %q, %d mails of %d, %d refused", left, len(w.Mail.Messages()), mails+1, refused.Load())
	}
}

// copyScans makes so many copies of the document of one of ada's scans.
func (w *world) copyScans(t *testing.T, n int) {
	t.Helper()
	scans := w.Firestore.Collection("scans")
	one, err := scans.Where("uid", "==", ada).Limit(1).Documents(t.Context()).Next()
	if err != nil {
		t.Fatal(err)
	}
	document, writer := one.Data(), w.Firestore.BulkWriter(t.Context())
	for range n {
		ref := scans.NewDoc()
		document["id"] = ref.ID
		if _, err := writer.Create(ref, document); err != nil {
			t.Fatal(err)
		}
	}
	writer.End()
}

// A delivery whose time is up leaves the rest to the next.
func TestErase_stopsInTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.seed(t, ada)
	w.request(t, ada)
	w.eraser.Now = func() time.Time { // each look at the clock takes ten seconds
		w.Advance(10 * time.Second)
		return w.Clock()
	}
	m := message(t, event.AccountErasureRequestedV1{UID: ada})
	deliveries := 0
	for ; deliveries < 100 && len(w.Mentions(ada)) > 2; deliveries++ {
		if err := w.eraser.Handle(t.Context(), m); err != nil && !fault.Is(err, fault.CodeUnavailable) {
			t.Fatal(err)
		}
	}
	if deliveries < 4 || deliveries == 100 {
		t.Errorf("%d deliveries", deliveries)
	}
}

// mortal fails every call after the first so many: what a killed process does to those it called.
type mortal struct{ left atomic.Int64 }

func (m *mortal) dead() bool { return m.left.Add(-1) < 0 }

var errDead = status.Error(codes.PermissionDenied, "the process is dead") // not tried again by the client

func (m *mortal) unary(
	ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, next grpc.UnaryInvoker,
	opts ...grpc.CallOption,
) error {
	// The locks of a dead process's transaction end after a while; here at once.
	if !strings.HasSuffix(method, "/Rollback") && m.dead() {
		return errDead
	}
	return next(ctx, method, req, reply, cc, opts...)
}

func (m *mortal) stream(
	ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, next grpc.Streamer,
	opts ...grpc.CallOption,
) (grpc.ClientStream, error) {
	if m.dead() {
		return nil, errDead
	}
	return next(ctx, desc, cc, method, opts...)
}

func (m *mortal) RoundTrip(r *http.Request) (*http.Response, error) {
	if m.dead() {
		return nil, errDead
	}
	return http.DefaultTransport.RoundTrip(r)
}

// owner may do all in the emulator.
type owner struct{}

func (owner) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer owner"}, nil
}

func (owner) RequireTransportSecurity() bool { return false }

// kill makes the eraser's calls mortal.
func (w *world) kill(t *testing.T) *mortal {
	t.Helper()
	m := &mortal{}
	conn, err := grpc.NewClient("passthrough:///"+os.Getenv("FIRESTORE_EMULATOR_HOST"),
		grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithPerRPCCredentials(owner{}),
		grpc.WithUnaryInterceptor(m.unary), grpc.WithStreamInterceptor(m.stream))
	if err != nil {
		t.Fatal(err)
	}
	if w.eraser.Firestore, err = firestore.NewClient(t.Context(), w.Project, option.WithGRPCConn(conn)); err != nil {
		t.Fatal(err)
	}
	gcs := w.StorageClient(m)
	gcs.SetRetry(storage.WithPolicy(storage.RetryNever))
	w.eraser.Uploads, w.eraser.Results = gcs.Bucket("uploads"), gcs.Bucket("results")
	t.Cleanup(func() { _ = w.eraser.Firestore.Close() })
	return m
}

// The process dies at its first call, the next one at its second, and so on. No lease is given
// back.
func TestErase_diesAnywhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.seed(t, ada)
	receipt := w.request(t, ada)
	m, killed := w.kill(t), 0
	for w.state(t, receipt) != "erased" {
		if killed > 200 {
			t.Fatalf("no end; left %q", w.Mentions(ada))
		}
		m.left.Store(int64(killed))
		_ = w.eraser.Handle(t.Context(), message(t, event.AccountErasureRequestedV1{UID: ada}))
		killed++
		w.Advance(2 * time.Minute)
	}
	if killed < 20 {
		t.Errorf("it died only %d times", killed)
	}
	if left := w.Mentions(ada); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

// state is what the receipt's URL says.
func (w *world) state(t *testing.T, receipt string) any {
	t.Helper()
	_, answer, _ := w.call(t, http.MethodGet, receipt, "")
	return answer["state"]
}

// An erasure that begins while a withdrawal is under way takes its work over.
func TestErase_duringAWithdrawal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.seed(t, ada)
	w.Withdraw(ada)
	w.erase(t)
	w.request(t, ada)
	w.erase(t)
	w.finish(t)
	if left := w.Mentions(ada); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}
