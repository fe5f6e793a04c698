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
	"github.com/facescan/facescan/internal/erasure"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/retention"
)

// nobodys are the collections that hold nothing of a user that an erasure should take, and why.
var nobodys = map[string]string{
	"boards":    "the documents above the entries",
	"histogram": "counts of all users",
	"snapshot":  "counts of all users",
	"erased":    "what remains: a pseudonym and the receipt",
	"audit":     "what operators did",
}

func TestSeedIsInEveryCollection(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.seed(t, ada)
	w.seedWithdrawal(t, ada)
	found := w.mentions(t, ada)
	// What bears no uid is found by its path, below users/{uid}.
	seeded := collectionsOf(found)
	for _, name := range retention.Collections {
		if seeded[name] == (nobodys[name] != "") {
			t.Errorf("collection %q: either the test gives the user something there, or nobodys says why not", name)
		}
	}
}

func TestErase_leavesNothingButTheReceipt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.seed(t, ada)
	w.seedWithdrawal(t, ada)
	w.seed(t, bob)
	bobs := w.mentions(t, bob)

	receipt := w.request(t, ada)
	if again := w.request(t, ada); again != receipt {
		t.Errorf("asked again: %s, first %s", again, receipt)
	}
	if u := w.user(t, ada); u.State != account.Erasing || u.Admits(3) {
		t.Errorf("user = %+v", u)
	}
	w.deliver(t)
	if left := w.mentions(t, ada); !slices.Equal(left, []string{"erasures/" + ada, "users/" + ada}) {
		t.Errorf("left after the first sweep: %q", left)
	}
	if u := w.user(t, ada); u.State != account.Erasing || u.Email != "" {
		t.Errorf("user = %+v", u)
	}
	if u, err := w.auth.GetUser(t.Context(), ada); err != nil || !u.Disabled {
		t.Errorf("Firebase user = %+v, %v", u, err)
	}
	if status, answer, _ := w.call(t, http.MethodGet, receipt, ""); status != http.StatusOK || answer["state"] != "erasing" {
		t.Errorf("%d %v", status, answer)
	}
	w.wantMail(t, "https://api.test"+receipt)

	// A photo whose upload began before.
	w.put(t, w.uploads, "uploads/"+ada+"/"+aScan)
	w.finish(t)
	if left := w.mentions(t, ada); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
	if _, err := w.auth.GetUser(t.Context(), ada); !auth.IsUserNotFound(err) {
		t.Errorf("the Firebase user is there: %v", err)
	}
	if diff := cmp.Diff(bobs, w.mentions(t, bob)); diff != "" {
		t.Errorf("another user's (-before +after):\n%s", diff)
	}
	w.wantReceipt(t, receipt)
	if sent := w.smtp.Messages(); len(sent) != 1 {
		t.Errorf("%d mails", len(sent))
	}
	t.Run("a late event finds nothing to do", func(t *testing.T) {
		for _, fact := range []event.Payload{
			event.AccountErasureRequestedV1{UID: ada}, event.ConsentWithdrawnV1{UID: ada, Epoch: 1},
		} {
			if err := w.eraser.Handle(t.Context(), message(t, fact)); err != nil {
				t.Error(err)
			}
		}
		if left := w.mentions(t, ada); len(left) > 0 {
			t.Errorf("left: %q", left)
		}
	})
	t.Run("the receipt is there for 30 days", func(t *testing.T) {
		w.advance(30*24*time.Hour - time.Microsecond)
		if status, _, _ := w.call(t, http.MethodGet, receipt, ""); status != http.StatusOK {
			t.Errorf("%d a moment before", status)
		}
		w.advance(time.Microsecond)
		if status, _, _ := w.call(t, http.MethodGet, receipt, ""); status != http.StatusNotFound {
			t.Errorf("%d then", status)
		}
	})
}

func (w *world) user(t *testing.T, uid string) account.User {
	t.Helper()
	snap, err := account.Ref(w.fs, account.UID(uid)).Get(t.Context())
	var u account.User
	if err != nil || snap.DataTo(&u) != nil {
		t.Fatalf("user %s: %v", uid, err)
	}
	return u
}

func (w *world) wantMail(t *testing.T, url string) {
	t.Helper()
	sent := w.smtp.Messages()
	if len(sent) != 1 {
		t.Fatalf("%d mails", len(sent))
	}
	for _, text := range []string{sent[0].Text, sent[0].HTML} {
		if !strings.Contains(text, url) || strings.Contains(text, "Open the FaceScan app") {
			t.Errorf("mail = %s", text)
		}
	}
}

// readReceipt is the signed receipt at the path.
func (w *world) readReceipt(t *testing.T, path string) erasure.Receipt {
	t.Helper()
	status, answer, _ := w.call(t, http.MethodGet, path, "")
	jws, _ := answer["receipt"].(string)
	keys, err := erasure.NewKeys([]string{newSigner(t, 9).Public(), w.signer.Public()})
	if err != nil {
		t.Fatal(err)
	}
	got, err := keys.Verify(jws)
	if status != http.StatusOK || err != nil {
		t.Fatalf("%d %v: %v", status, answer, err)
	}
	return got
}

func (w *world) wantReceipt(t *testing.T, path string) {
	t.Helper()
	got := w.readReceipt(t, path)
	deleted := map[string]int64{}
	for _, s := range got.Stores {
		deleted[s.Store] = s.Deleted
		if s.Left != 0 {
			t.Errorf("left = %+v", s)
		}
	}
	want := map[string]int64{
		"users": 1, "sign-in": 1, "consents": 1, "devices": 1, "deliveries": 1, "friends": 1, "inbox": 3, "ratings": 2, "guard": 2,
		"usernames": 1, "scans": 2, "entries": 2, "limits": 1, "parked": 1, "outbox": 1, "exports": 2, "erasures": 1,
		"photos": 3, "results": 6, "export files": 2,
	}
	if diff := cmp.Diff(want, deleted); diff != "" {
		t.Errorf("deleted (-want +got):\n%s", diff)
	}
	if len(got.Residuals) == 0 || strings.Contains(got.Account, ada) {
		t.Errorf("receipt = %+v", got)
	}
}

func message(t *testing.T, fact event.Payload) event.Message {
	t.Helper()
	e, err := event.New(event.ID("test"), time.Now(), "", fact)
	if err != nil {
		t.Fatal(err)
	}
	data, err := event.Encode(e)
	if err != nil {
		t.Fatal(err)
	}
	return event.Message{ID: "1", Data: data}
}

func TestErase_whoNeverRegistered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if _, err := w.auth.CreateUser(t.Context(), (&auth.UserToCreate{}).UID(ada)); err != nil {
		t.Fatal(err)
	}
	w.request(t, ada)
	if u := w.user(t, ada); u.State != account.Erasing {
		t.Errorf("user = %+v", u)
	}
	w.deliver(t)
	w.finish(t)
	if left := w.mentions(t, ada); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
	if _, err := w.auth.GetUser(t.Context(), ada); !auth.IsUserNotFound(err) {
		t.Errorf("the Firebase user is there: %v", err)
	}
}

func TestErase_tellsOnlyAVerifiedAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.seed(t, ada)
	w.set(t, account.Ref(w.fs, ada), account.User{UID: ada, State: account.Active, Email: "ada@example.com"})
	w.request(t, ada)
	w.deliver(t)
	w.finish(t)
	if left := w.mentions(t, ada); len(left) > 0 || len(w.smtp.Messages()) > 0 {
		t.Errorf("left %q, mails %v", left, w.smtp.Messages())
	}
}

func TestErase_doesNotWaitForAMailServerForEver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.seed(t, ada)
	w.set(t, account.Ref(w.fs, ada), account.User{UID: ada, State: account.Active, Email: "later@example.com", EmailVerified: true})
	w.request(t, ada)
	m := message(t, event.AccountErasureRequestedV1{UID: ada})
	if err := w.eraser.Handle(t.Context(), m); err == nil {
		t.Error("no error though the mail server refused for now")
	}
	w.advance(time.Hour + time.Second)
	if err := w.eraser.Handle(t.Context(), m); err != nil {
		t.Error(err)
	}
	if left := w.mentions(t, ada); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

// More than the pages of one store take, and two at it at once.
func TestErase_manyPagesAndTwoAtATime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.seed(t, ada)
	writer := w.fs.BulkWriter(t.Context())
	for range 450 {
		if _, err := writer.Create(w.fs.Collection("scans").NewDoc(), map[string]any{"uid": ada}); err != nil {
			t.Fatal(err)
		}
	}
	writer.End()
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
	if left := w.mentions(t, ada); len(left) != 2 || len(w.smtp.Messages()) != 1 {
		t.Errorf("left %q, %d mails, %d refused", left, len(w.smtp.Messages()), refused.Load())
	}
}

// A delivery whose time is up leaves the rest to the next.
func TestErase_stopsInTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.seed(t, ada)
	w.request(t, ada)
	w.eraser.Now = func() time.Time { // each look at the clock takes ten seconds
		w.advance(10 * time.Second)
		return w.clock()
	}
	m := message(t, event.AccountErasureRequestedV1{UID: ada})
	deliveries := 0
	for ; deliveries < 100 && len(w.mentions(t, ada)) > 2; deliveries++ {
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
	ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, next grpc.UnaryInvoker, opts ...grpc.CallOption,
) error {
	// The locks of a dead process's transaction end after a while; here at once.
	if !strings.HasSuffix(method, "/Rollback") && m.dead() {
		return errDead
	}
	return next(ctx, method, req, reply, cc, opts...)
}

func (m *mortal) stream(
	ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, next grpc.Streamer, opts ...grpc.CallOption,
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
	if w.eraser.Firestore, err = firestore.NewClient(t.Context(), w.project, option.WithGRPCConn(conn)); err != nil {
		t.Fatal(err)
	}
	gcs, err := storage.NewClient(t.Context(), append(w.storage.ClientOptions(), option.WithHTTPClient(&http.Client{Transport: m}))...)
	if err != nil {
		t.Fatal(err)
	}
	gcs.SetRetry(storage.WithPolicy(storage.RetryNever))
	w.eraser.Uploads, w.eraser.Results = gcs.Bucket("uploads"), gcs.Bucket("results")
	t.Cleanup(func() { _ = w.eraser.Firestore.Close(); _ = gcs.Close() })
	return m
}

// The process dies at its first call, the next one at its second, and so on. Nobody gives a lease back.
func TestErase_diesAnywhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.seed(t, ada)
	receipt := w.request(t, ada)
	m, killed := w.kill(t), 0
	for w.state(t, receipt) != "erased" {
		if killed > 200 {
			t.Fatalf("no end; left %q", w.mentions(t, ada))
		}
		m.left.Store(int64(killed))
		_ = w.eraser.Handle(t.Context(), message(t, event.AccountErasureRequestedV1{UID: ada}))
		killed++
		w.advance(2 * time.Minute)
	}
	if killed < 20 {
		t.Errorf("it died only %d times", killed)
	}
	if left := w.mentions(t, ada); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}

// state is what the receipt's URL says.
func (w *world) state(t *testing.T, receipt string) any {
	t.Helper()
	_, answer, _ := w.call(t, http.MethodGet, receipt, "")
	return answer["state"]
}

func TestWithdrawal_takesItsEpochsOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.seed(t, ada)
	w.seed(t, bob)
	bobs := w.mentions(t, bob)
	before := w.mentions(t, ada)
	m := message(t, event.ConsentWithdrawnV1{UID: ada, Epoch: 2})
	if err := w.eraser.Handle(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	// Nobody knows of the late photo but the finalize of it, which package scan's tests are about.
	w.finish(t)
	first := scanID(ada, 1)
	want := slices.DeleteFunc(slices.Clone(before), func(path string) bool {
		return strings.Contains(path, first) || strings.HasSuffix(path, "/scan1") || strings.HasSuffix(path, "_v1") ||
			strings.Contains(path, "_v1/") || strings.HasSuffix(path, "/state1")
	})
	got := w.mentions(t, ada)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
	if len(want) > len(before)-8 {
		t.Errorf("the test expects too little to go: %q of %q", want, before)
	}
	if diff := cmp.Diff(bobs, w.mentions(t, bob)); diff != "" {
		t.Errorf("another user's (-before +after):\n%s", diff)
	}
}

// An erasure that begins while a withdrawal is under way takes its work over.
func TestErase_duringAWithdrawal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.seed(t, ada)
	if err := w.eraser.Handle(t.Context(), message(t, event.ConsentWithdrawnV1{UID: ada, Epoch: 3})); err != nil {
		t.Fatal(err)
	}
	w.request(t, ada)
	w.deliver(t)
	w.finish(t)
	if left := w.mentions(t, ada); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}
