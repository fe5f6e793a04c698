package systest_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/storage"
	"github.com/getkin/kin-openapi/openapi3filter"
	gocmp "github.com/google/go-cmp/cmp"
	"google.golang.org/api/iterator"

	"github.com/facescan/facescan/internal/boot/bus"
	"github.com/facescan/facescan/internal/boot/database"
	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/client"
	"github.com/facescan/facescan/internal/client/api"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/face"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/leaderboard"
	"github.com/facescan/facescan/internal/local/host"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/testkit"
	"github.com/facescan/facescan/internal/testphoto"
)

// deadline bounds every wait. With the race detector and beside other work on two cores a test has
// taken three minutes, as many of them run at the same time.
const deadline = 10 * time.Minute

// system is the host as a test sees it, with the faults that stand between it and its events.
type system struct {
	*host.Host
	crash     *crasher
	repeat    *repeater
	exchanges *exchanges
	fs        *firestore.Client
	logs      *testkit.Buffer
}

// running is the one host of this process, which its tests share: there can be no other.
var running struct {
	sync.Mutex
	*system
}

func TestMain(m *testing.M) {
	// The validator reads the parts of a form by their media type.
	openapi3filter.RegisterBodyDecoder("image/jpeg", openapi3filter.FileBodyDecoder)
	code := m.Run()
	if running.system != nil {
		if err := running.Close(); err != nil {
			fmt.Fprintln(os.Stderr, "close the system:", err)
			code = 1
		}
	}
	os.Exit(code)
}

// start returns the running system, whose exchanges are reported to the test.
func start(tb testing.TB) *system {
	tb.Helper()
	running.Lock()
	defer running.Unlock()
	if running.system == nil {
		running.system = begin(tb)
	}
	s := running.under(tb)
	tb.Cleanup(func() {
		if tb.Failed() {
			tb.Logf("logs of the functions:\n%s", s.logs)
		}
	})
	return s
}

// under returns the system whose exchanges are reported to the test.
func (s *system) under(tb testing.TB) *system {
	tb.Helper()
	seen := *s
	seen.exchanges = s.exchanges.under(tb)
	return &seen
}

func begin(tb testing.TB) *system {
	tb.Helper()
	s := &system{crash: newCrasher(), repeat: &repeater{}, logs: new(testkit.Buffer)}
	// The system outlives this test, and so does what it prints.
	h, err := host.Start(context.Background(), host.Options{
		Logs: s.logs, MinBackoff: 100 * time.Millisecond, InProcess: true,
		WrapPublisher: func(next outbox.Publisher) outbox.Publisher { s.crash.next = next; return s.crash },
		WrapEvent:     s.repeat.wrap,
	})
	if err != nil {
		tb.Fatal(err)
	}
	s.Host = h
	s.exchanges = newExchanges(tb, strings.TrimPrefix(s.URL, "http://"))
	s.fs, err = database.Open(context.Background(), h.Process) // it outlives the test
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// TestOnePhotoAllTheWay is the demo's journey under faults: every event is delivered twice at the
// same time and once more at the end, in reverse, and every publisher crashes once between commit
// and publish. The outcome must be that of a clean run.
func TestOnePhotoAllTheWay(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	s := start(t)
	ada := s.app("ada")
	// What a crash leaves in the outbox has no other publisher.
	often(ctx, t, 100*time.Millisecond, func(ctx context.Context) { s.sweep(ctx, t) })
	uid := s.signUp(ctx, t, ada)
	s.crash.strike(uid)
	s.moveIn(ctx, t, ada, "systest_ada")
	// With digests, what follows the first result would wait for ten minutes.
	single := false
	if _, err := ada.API().UpdatePreferencesWithResponse(ctx, api.PreferencesChange{Digest: &single}); err != nil {
		t.Fatal(err)
	}

	var scans []api.Scan
	for i, photo := range byScore(ctx, t) {
		scans = append(scans, s.scan(ctx, t, ada, string(rune('a'+i)), photo))
		// The second score is only a personal best once the first has been counted.
		s.await(ctx, t, "the contribution of the scan", func() bool { return s.contributions(ctx, t, uid) == i+1 })
	}
	want := clean(scans)
	s.await(ctx, t, "the outcome of a clean run", func() bool {
		owed := s.fs.Collection("outbox").Where("uid", "==", uid)
		return gocmp.Diff(want, s.outcome(ctx, t, ada, uid)) == "" && len(s.documents(ctx, t, owed)) == 0
	})
	late := s.repeat.late(uid)
	if len(late) < len(scans) {
		t.Errorf("%d deliveries to be repeated late", len(late))
	}
	for _, d := range late {
		if status := d.deliver(ctx); status != http.StatusOK {
			t.Errorf("a late delivery to %s: %d", d.function, status)
		}
	}
	s.sweep(ctx, t)
	if diff := gocmp.Diff(want, s.outcome(ctx, t, ada, uid)); diff != "" {
		t.Errorf("after late and repeated deliveries (-want +got):\n%s", diff)
	}
	for _, topic := range published() {
		if !s.crash.topics()[topic] {
			t.Errorf("the publisher of %s was never reached, so it never crashed", topic)
		}
	}
	t.Run("another user's scan is not found", func(t *testing.T) {
		eve := s.app("eve")
		s.enrol(ctx, t, eve, "systest_eve")
		_, err := eve.Scan(ctx, scans[0].ID)
		wantProblem(t, err, http.StatusNotFound, "not_found")
	})
	t.Run("nobody gets in without a token", func(t *testing.T) {
		_, err := s.app("nobody").Scan(ctx, scans[0].ID)
		wantProblem(t, err, http.StatusUnauthorized, "token_missing")
	})
	t.Run("a path that nobody owns is a problem, too", func(t *testing.T) {
		err := s.app("nobody").Do(ctx, http.MethodGet, "/v2/anything")
		wantProblem(t, err, http.StatusNotFound, "not_found")
	})
	t.Run("every operation of the contract is answered as it says", func(t *testing.T) {
		s.ownersAnswer(ctx, t)
		s.everyOperation(ctx, t)
		s.sameWiring(ctx, t)
	})
}

// app is a user's app, which holds every exchange to the contract.
func (s *system) app(name string) *client.Client {
	return &client.Client{
		URL: s.URL, AuthHost: s.AuthHost, Email: "systest-" + name + "@example.com", Password: "correct horse " + name,
		Transport: s.exchanges,
	}
}

// published are the topics that the journey publishes to by way of the outbox.
func published() []string {
	return []string{
		event.Topic(event.AccountRegisteredV1{}.EventType()), event.Topic(event.AccountUpdatedV1{}.EventType()),
		event.Topic(event.ScanCompletedV1{}.EventType()), event.Topic(event.PersonalBestReachedV1{}.EventType()),
	}
}

// outcome is everything that a fault could double or lose.
type outcome struct {
	Scans         []string // states
	Reports       int
	Inbox         []string // types, sorted
	Pushes, Mails []string // titles and subjects, sorted
	Places        int
	Contributions int
	Parked        int
}

func clean(scans []api.Scan) outcome {
	o := outcome{
		Reports: len(scans), Places: 1, Contributions: len(scans),
		Inbox:  []string{"account.registered.v1", "personal-best.reached.v1", "scan.completed.v1", "scan.completed.v1"},
		Pushes: []string{"A new personal high", "Welcome to FaceScan", "Your scan is ready", "Your scan is ready"},
		Mails:  []string{"Welcome to FaceScan", "Your scan is ready", "Your scan is ready"},
	}
	for range scans {
		o.Scans = append(o.Scans, "completed")
	}
	return o
}

func (s *system) outcome(ctx context.Context, t *testing.T, c *client.Client, uid string) outcome {
	t.Helper()
	o := outcome{
		Reports:       s.reports(ctx, t, uid),
		Places:        s.places(ctx, t, uid),
		Contributions: s.contributions(ctx, t, uid),
		Parked:        s.parked(ctx, t),
	}
	for _, doc := range s.documents(ctx, t, s.fs.Collection("scans").Where("uid", "==", uid)) {
		state, _ := doc.Data()["state"].(string)
		o.Scans = append(o.Scans, state)
	}
	entries, err := c.Inbox(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range entries {
		o.Inbox = append(o.Inbox, n.Type)
	}
	for _, p := range s.Push.Messages() {
		if p.Token == token(c) {
			o.Pushes = append(o.Pushes, p.Title)
		}
	}
	for _, m := range s.Mail.Messages() {
		if slices.Contains(m.To, c.Email) {
			o.Mails = append(o.Mails, m.Subject)
		}
	}
	for _, names := range [][]string{o.Inbox, o.Pushes, o.Mails} {
		slices.Sort(names)
	}
	return o
}

func token(c *client.Client) string { return "token-of-" + c.Email }

// enrol takes a user from sign-up to the leaderboard.
func (s *system) enrol(ctx context.Context, t *testing.T, c *client.Client, username string) {
	t.Helper()
	s.signUp(ctx, t, c)
	s.moveIn(ctx, t, c, username)
}

func (s *system) signUp(ctx context.Context, t *testing.T, c *client.Client) (uid string) {
	t.Helper()
	tokens, err := c.SignUp(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return tokens.UID
}

// moveIn takes a user who has signed up to the leaderboard. A call that dies is made again, as an
// app would.
func (s *system) moveIn(ctx context.Context, t *testing.T, c *client.Client, username string) {
	t.Helper()
	device := api.Registration_Device{ID: "phone", Token: token(c), Platform: api.DevicePlatformIos}
	for _, step := range []func() error{
		func() error { return c.VerifyEmail(ctx) },
		func() error { return c.Register(ctx, username, device) },
		func() error { return c.Declare(ctx, 1990) },
		func() error { return c.Consent(ctx) },
		func() error { return c.Username(ctx, username) },
		func() error { return c.OptIn(ctx, true) },
	} {
		again(t, step)
	}
}

// again makes a call that died once more.
func again(t *testing.T, call func() error) {
	t.Helper()
	err := call()
	var p *client.Problem
	if errors.As(err, &p) && p.Status == http.StatusInternalServerError {
		err = call()
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (s *system) scan(ctx context.Context, t *testing.T, c *client.Client, key string, photo []byte) api.Scan {
	t.Helper()
	opened, err := c.Open(ctx, key, api.UploadRequestContentTypeImageJpeg)
	if err != nil || opened.Upload == nil {
		t.Fatalf("open: %+v, %v", opened, err)
	}
	if err := c.Put(ctx, opened.Upload, photo); err != nil {
		t.Fatal(err)
	}
	wantProblem(t, c.Put(ctx, opened.Upload, photo), http.StatusPreconditionFailed, "")
	done, err := c.AwaitScan(ctx, opened.Scan.ID)
	if err != nil {
		t.Fatal(err)
	}
	if done.State != api.ScanStateCompleted {
		t.Fatalf("scan = %+v", done)
	}
	return done
}

// byScore are two photos of the sample face, in different light lest the second be taken for a
// copy, the lower score first, so that the second is a personal best.
func byScore(ctx context.Context, t *testing.T) [][]byte {
	t.Helper()
	sample, err := testphoto.Sample(ctx)
	if err != nil {
		t.Fatal(err)
	}
	type scored struct {
		photo []byte
		score float64
	}
	var all []scored
	relit, err := client.Relight(sample)
	if err != nil {
		t.Fatal(err)
	}
	for _, photo := range [][]byte{sample, relit} {
		report, err := face.Analyze(bytes.NewReader(photo), report.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if report.Rankable {
			all = append(all, scored{photo, report.Score.Value})
		}
	}
	slices.SortFunc(all, func(a, b scored) int { return cmp.Compare(a.score, b.score) })
	if len(all) < 2 || all[0].score == all[len(all)-1].score {
		t.Fatalf("no two rankable photos of different scores: %d rankable", len(all))
	}
	return [][]byte{all[0].photo, all[len(all)-1].photo}
}

// often does the work once a period, until the test ends.
func often(ctx context.Context, t *testing.T, period time.Duration, work func(context.Context)) {
	t.Helper()
	ctx, stop := context.WithCancel(ctx)
	var working sync.WaitGroup
	t.Cleanup(func() { stop(); working.Wait() })
	working.Go(func() {
		tick := time.NewTicker(period)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				work(ctx)
			}
		}
	})
}

// await returns once the condition holds.
func (s *system) await(ctx context.Context, t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-ctx.Done():
			t.Fatalf("waited in vain for %s: %v", what, ctx.Err())
		case <-tick.C:
		}
	}
}

// sweep publishes what is owed, without the age that spares commits under way: publishing twice
// must be harmless.
func (s *system) sweep(ctx context.Context, t *testing.T) {
	t.Helper()
	box, err := bus.Outbox(ctx, s.Process, "sweep")
	if err != nil {
		t.Error(err)
		return
	}
	judging := box.Judging(s.Process.Config.Ring(keys.ForOutbox), catalog.MayOwe)
	if _, err := judging.Sweep(ctx, 0); err != nil && ctx.Err() == nil {
		t.Logf("sweep: %v", err)
	}
}

// change sets a field of the document, on which functions may be at work.
func (s *system) change(ctx context.Context, t *testing.T, path, field string, value any) {
	t.Helper()
	err := s.fs.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		return tx.Update(s.fs.Doc(path), []firestore.Update{{Path: field, Value: value}})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (s *system) documents(ctx context.Context, t *testing.T, q firestore.Query) []*firestore.DocumentSnapshot {
	t.Helper()
	docs, err := q.Documents(ctx).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	return docs
}

// parked returns the number of parked events, but for those of TestMalformedIDs and what TestOWASP
// forges.
func (s *system) parked(ctx context.Context, t *testing.T) (n int) {
	t.Helper()
	for _, doc := range s.documents(ctx, t, s.fs.Collection("parked").Query) {
		attributes, _ := doc.Data()["attributes"].(map[string]any)
		uid, _ := doc.Data()["uid"].(string)
		if attributes[mark] == nil && !strings.HasPrefix(uid, mark) {
			n++
		}
	}
	return n
}

// places is the number of the user's places on boards of all time, which others may see or not.
func (s *system) places(ctx context.Context, t *testing.T, uid string) (n int) {
	t.Helper()
	for _, doc := range s.documents(ctx, t, s.fs.Collection("users").Doc(uid).Collection("ratings").Query) {
		var rating leaderboard.RatingDoc
		if err := doc.DataTo(&rating); err != nil {
			t.Fatal(err)
		}
		for _, p := range rating.Places {
			if b, _ := leaderboard.ParseBoard(p.Board); b.Period.Always() {
				n++
			}
		}
	}
	return n
}

func (s *system) contributions(ctx context.Context, t *testing.T, uid string) int {
	t.Helper()
	all := 0
	for _, doc := range s.documents(ctx, t, s.fs.Collection("users").Doc(uid).Collection("ratings").Query) {
		contributions, _ := doc.Data()["contributions"].([]any)
		all += len(contributions)
	}
	return all
}

func (s *system) reports(ctx context.Context, t *testing.T, uid string) int {
	t.Helper()
	client, err := storage.NewClient(ctx, s.Storage.ClientOptions()...)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	objects := client.Bucket(host.ResultsBucket).Objects(ctx, &storage.Query{Prefix: "results/" + uid + "/"})
	for n := 0; ; {
		o, err := objects.Next()
		if errors.Is(err, iterator.Done) {
			return n
		}
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(o.Name, "/report.json") {
			n++
		}
	}
}

func wantProblem(t *testing.T, err error, status int, code string) {
	t.Helper()
	var p *client.Problem
	if !errors.As(err, &p) || p.Status != status || p.Code != code {
		t.Errorf("err = %v, want %d %s", err, status, code)
	}
}
