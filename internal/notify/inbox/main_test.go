package inbox

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/notify"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/quota"
	"github.com/facescan/facescan/internal/testkit"
)

func TestMain(m *testing.M) { os.Exit(emulatortest.Main(m, emulator.Firestore)) }

var start = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// bench is the handler over a database of its own.
type bench struct {
	t       *testing.T
	project string
	fs      *firestore.Client
	api     *httpapi.API
	now     time.Time
	bus     *bus

	unsubscriber *notify.Unsubscriber
}

// bus keeps what is published.
type bus struct {
	mu   sync.Mutex
	sent []event.Event
}

// Publish keeps the event.
func (b *bus) Publish(_ context.Context, _ string, data []byte, _ map[string]string) error {
	e, err := event.Decode(data)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sent = append(b.sent, e)
	return err
}

// take returns the events since it was last called.
func (b *bus) take() []event.Event {
	b.mu.Lock()
	defer b.mu.Unlock()
	sent := b.sent
	b.sent = nil
	return sent
}

func newBench(t *testing.T) *bench {
	t.Helper()
	project := emulatortest.UniqueProject(t)
	b := &bench{t: t, project: project, fs: emulatortest.Firestore(t, project), now: start, bus: new(bus)}
	var err error
	if b.unsubscriber, err = notify.NewUnsubscriber("https://api.test", ring("new", "old")); err != nil {
		t.Fatal(err)
	}
	b.serve()
	return b
}

func (b *bench) serve() {
	b.api = httpapi.New(httpapi.Options{Verifier: emulatortest.BearerIsUID{}})
	clock := func() time.Time { return b.now }
	(&Handler{
		Firestore: b.fs, Outbox: outbox.New(b.fs, b.bus, testkit.Writer("test"), clock),
		Unsubscriber: b.unsubscriber, Now: clock, Limits: quota.New(b.fs, testkit.Ring(keys.ForLimits), clock),
	}).Routes(b.api)
}

// withoutQueries is the bench as it answers while the database takes no queries.
func (b *bench) withoutQueries() *bench {
	b.t.Helper()
	refuse := func(
		ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, next grpc.Streamer,
		opts ...grpc.CallOption,
	) (grpc.ClientStream, error) {
		if strings.HasSuffix(method, "/RunQuery") {
			return nil, status.Error(codes.PermissionDenied, "refused by the test")
		}
		return next(ctx, desc, cc, method, opts...)
	}
	return b.through(grpc.WithStreamInterceptor(refuse))
}

// through is the bench as it answers with another client of the database.
func (b *bench) through(opts ...grpc.DialOption) *bench {
	b.t.Helper()
	other := *b
	other.fs = emulatortest.Firestore(b.t, b.project, opts...)
	other.serve()
	return &other
}

// commits is the bench with a client that calls after each commit with the number of commits.
func (b *bench) commits(after func(n int)) *bench {
	b.t.Helper()
	n := 0
	return b.through(grpc.WithUnaryInterceptor(func(
		ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, next grpc.UnaryInvoker,
		opts ...grpc.CallOption,
	) error {
		err := next(ctx, method, req, reply, cc, opts...)
		if err == nil && strings.HasSuffix(method, "/Commit") {
			n++
			after(n)
		}
		return err
	}))
}

const uid = account.UID("u")

// ann is a user that everything can be sent to, with the address of the registration.
func ann() account.User {
	return account.User{
		Schema: 1, UID: uid, State: account.Active, ConsentEpoch: 1, Consent: account.Consent{Granted: true, Version: "v1"},
		Email: "ann@example.com", EmailVerified: true, Revision: 7,
	}
}

// annAs is another user like ann.
func annAs(uid account.UID) account.User {
	u := ann()
	u.UID, u.Email = uid, string(uid)+"@example.com"
	return u
}

func (b *bench) save(u account.User) {
	b.t.Helper()
	if _, err := account.Ref(b.fs, u.UID).Set(b.t.Context(), u); err != nil {
		b.t.Fatal(err)
	}
}

// call asks as the user and returns status and body.
func (b *bench) call(who account.UID, method, path, body string) (int, []byte) {
	b.t.Helper()
	w := b.ask(b.t.Context(), who, method, path, body)
	return w.Code, w.Body.Bytes()
}

// ask asks as the user, with further headers in pairs.
func (b *bench) ask(
	ctx context.Context, who account.UID, method, path, body string, header ...string,
) *httptest.ResponseRecorder {
	b.t.Helper()
	r := httptest.NewRequestWithContext(ctx, method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+string(who))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	b.api.ServeHTTP(w, r)
	return w
}

// put writes items.
func (b *bench) put(items ...storedItem) {
	b.t.Helper()
	writer := b.fs.BulkWriter(b.t.Context())
	for _, i := range items {
		if _, err := writer.Set(notify.Inbox(account.Ref(b.fs, uid)).Doc(i.id), i.Item); err != nil {
			b.t.Fatal(err)
		}
	}
	writer.End()
}

// item returns an item of the event type from so long after the start.
func item(id, eventType string, after time.Duration) storedItem {
	rule, _ := notify.RuleOf(notify.KindOf(eventType))
	return storedItem{id, notify.Message{
		Type: eventType, Rule: rule, Data: map[string]string{},
	}.Item(notify.Text{Title: id, Body: "b"}, start.Add(after))}
}

// known returns the item as one that is read.
func known(i storedItem) storedItem {
	i.Read = true
	return i
}

// some returns n items at intervals, 0000 the first.
func some(n int, apart time.Duration) []storedItem {
	all := make([]storedItem, n)
	for i := range all {
		all[i] = item(fmt.Sprintf("%04d", i), "scan.completed.v1", time.Duration(i)*apart)
	}
	return all
}

// left returns the ids of the stored items, those that are read with a plus.
func (b *bench) left() (all []string) {
	b.t.Helper()
	snaps, err := notify.Inbox(account.Ref(b.fs, uid)).Documents(b.t.Context()).GetAll()
	if err != nil {
		b.t.Fatal(err)
	}
	for _, snap := range snaps {
		id := snap.Ref.ID
		if snap.Data()["read"] == true {
			id += "+"
		}
		all = append(all, id)
	}
	return all
}

// read parses an answer.
func read[T any](b *bench, body []byte) T {
	b.t.Helper()
	var v T
	if err := json.Unmarshal(body, &v); err != nil {
		b.t.Fatalf("%v in %s", err, body)
	}
	return v
}
