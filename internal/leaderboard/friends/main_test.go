package friends

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"google.golang.org/grpc"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/quota"
	"github.com/facescan/facescan/internal/testkit"
)

func TestMain(m *testing.M) { os.Exit(emulatortest.Main(m, emulator.Firestore)) }

const (
	root     = "/v1/friends"
	codePath = root + "/code"
)

var noon = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

// bench is the handler over a database of its own.
type bench struct {
	t       *testing.T
	project string
	fs      *firestore.Client
	handler *Handler
	api     *httpapi.API

	mu  sync.Mutex
	now time.Time
}

func newBench(t *testing.T, opts ...grpc.DialOption) *bench {
	t.Helper()
	return benchOf(t, emulatortest.UniqueProject(t), opts...)
}

func benchOf(t *testing.T, project string, opts ...grpc.DialOption) *bench {
	t.Helper()
	b := &bench{t: t, project: project, fs: emulatortest.Firestore(t, project, opts...), now: noon}
	b.serve(testkit.Ring(keys.ForFriends))
	return b
}

// again is another process over the same database.
func (b *bench) again() *bench {
	b.t.Helper()
	return benchOf(b.t, b.project)
}

// serve makes the handler anew, with the key.
func (b *bench) serve(key keys.Ring) {
	limits := quota.New(b.fs, testkit.Ring(keys.ForLimits), b.clock)
	b.handler = &Handler{Firestore: b.fs, Limits: limits, Key: key, Major: 1, Now: b.clock}
	b.api = httpapi.New(httpapi.Options{Verifier: emulatortest.BearerIsUID{}})
	b.handler.Routes(b.api)
}

func (b *bench) clock() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now
}

func (b *bench) advance(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = b.now.Add(d)
}

// members saves accounts in use, of the names "name-of-" and the uid.
func (b *bench) members(uids ...account.UID) {
	b.t.Helper()
	for _, uid := range uids {
		b.save(account.User{Schema: 1, UID: uid, State: account.Active, Username: "name-of-" + string(uid)})
	}
}

func (b *bench) save(u account.User) {
	b.t.Helper()
	if _, err := account.Ref(b.fs, u.UID).Set(b.t.Context(), u); err != nil {
		b.t.Fatal(err)
	}
}

// answer is what the API answered.
type answer struct {
	status int
	body   string
}

func (b *bench) ask(uid account.UID, method, path, body string) answer {
	r := httptest.NewRequestWithContext(b.t.Context(), method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+string(uid))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	b.api.ServeHTTP(w, r)
	return answer{w.Code, w.Body.String()}
}

// problem is the answer as a problem, without its request's id.
func (a answer) problem(t *testing.T) httpapi.Problem {
	t.Helper()
	p := decode[httpapi.Problem](t, a)
	p.RequestID = ""
	return p
}

func decode[T any](t *testing.T, a answer) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(a.body), &v); err != nil {
		t.Fatalf("%v in %d %s", err, a.status, a.body)
	}
	return v
}

func (b *bench) want(status int, uid account.UID, method, path, body string) answer {
	b.t.Helper()
	a := b.ask(uid, method, path, body)
	if a.status != status {
		b.t.Errorf("%s %s %s: %d %s, want %d", uid, method, path, a.status, a.body, status)
	}
	return a
}

func (b *bench) refused(code fault.Code, uid account.UID, method, path, body string) {
	b.t.Helper()
	a := b.ask(uid, method, path, body)
	if p := a.problem(b.t); p.Code != code || a.status != code.Kind().Status() {
		b.t.Errorf("%s %s %s %.80s: %d %s, want %s", uid, method, path, body, a.status, a.body, code)
	}
}

// code is the user's code, made if there is none.
func (b *bench) code(uid account.UID) string {
	b.t.Helper()
	return decode[codeView](b.t, b.ask(uid, http.MethodPost, codePath, "")).Code
}

func use(code string) string { return fmt.Sprintf(`{"code":%q}`, code) }

func (b *bench) add(uid account.UID, code string) answer {
	return b.ask(uid, http.MethodPost, root, use(code))
}

// befriend makes the two friends and returns the friendship's id.
func (b *bench) befriend(one, other account.UID) string {
	b.t.Helper()
	a := b.want(http.StatusCreated, one, http.MethodPost, root, use(b.code(other)))
	return decode[friendView](b.t, a).ID
}

// names are the usernames in the list at the path, newest first.
func (b *bench) names(uid account.UID, path string) []string {
	b.t.Helper()
	a := b.want(http.StatusOK, uid, http.MethodGet, path, "")
	all := []string{}
	for _, v := range decode[httpapi.List[friendView]](b.t, a).Items {
		all = append(all, v.Username)
	}
	return all
}

// fill gives the user so many friends more, of users who need not be.
func (b *bench) fill(uid account.UID, n int) {
	b.t.Helper()
	writer := b.fs.BulkWriter(b.t.Context())
	for i := range n {
		other := account.UID(fmt.Sprintf("filler-%d", i))
		ref := friendsOf(b.fs, uid).Doc(pairIDs(b.handler.Key, uid, other)[0])
		if _, err := writer.Create(ref, link{Schema: schema, Other: other, Since: noon}); err != nil {
			b.t.Fatal(err)
		}
	}
	writer.End()
}

// friendCount is how many friends the user has by the database.
func (b *bench) friendCount(uid account.UID) int {
	b.t.Helper()
	snaps, err := friendsOf(b.fs, uid).Documents(b.t.Context()).GetAll()
	if err != nil {
		b.t.Fatal(err)
	}
	return len(snaps)
}

// atOnce calls each and returns how many answered with which status.
func atOnce(calls []func() answer) map[int]int {
	var mu sync.Mutex
	var all sync.WaitGroup
	statuses := map[int]int{}
	for _, call := range calls {
		all.Go(func() {
			a := call()
			mu.Lock()
			defer mu.Unlock()
			statuses[a.status]++
		})
	}
	all.Wait()
	return statuses
}

// calls notes the remote calls of a client, by method and size.
type calls struct {
	mu   sync.Mutex
	seen []string
	// meanwhile, if set, happens once: when the friends are counted, and what decides about a code is
	// about to be read.
	meanwhile func()
}

func (c *calls) take() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	seen := c.seen
	c.seen = nil
	return seen
}

func (c *calls) note(method string) {
	c.mu.Lock()
	c.seen = append(c.seen, method)
	var do func()
	if strings.HasSuffix(method, "BatchGetDocuments of 6") {
		do, c.meanwhile = c.meanwhile, nil
	}
	c.mu.Unlock()
	if do != nil {
		do()
	}
}

func (c *calls) during(do func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.meanwhile = do
}

func (c *calls) options() []grpc.DialOption {
	return []grpc.DialOption{
		grpc.WithChainUnaryInterceptor(func(
			ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, next grpc.UnaryInvoker,
			opts ...grpc.CallOption,
		) error {
			c.note(method)
			return next(ctx, method, req, reply, cc, opts...)
		}),
		grpc.WithChainStreamInterceptor(func(
			ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, next grpc.Streamer,
			opts ...grpc.CallOption,
		) (grpc.ClientStream, error) {
			stream, err := next(ctx, desc, cc, method, opts...)
			return &counted{stream, c, method}, err
		}),
	}
}

// counted notes what is asked of a stream: how many documents by name, or a query.
type counted struct {
	grpc.ClientStream
	calls  *calls
	method string
}

func (s *counted) SendMsg(m any) error {
	n := 0
	if batch, ok := m.(interface{ GetDocuments() []string }); ok {
		n = len(batch.GetDocuments())
	}
	s.calls.note(fmt.Sprintf("%s of %d", s.method, n))
	return s.ClientStream.SendMsg(m)
}
