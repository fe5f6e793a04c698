package drill_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/storage"
	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/client"
	"github.com/facescan/facescan/internal/client/api"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/local/emulator/meter"
	"github.com/facescan/facescan/internal/local/host"
	"github.com/facescan/facescan/internal/local/keep"
	"github.com/facescan/facescan/internal/store"
	"github.com/facescan/facescan/internal/testphoto"
)

// patience bounds each wait.
const patience = 5 * time.Minute

func TestMain(m *testing.M) {
	host.ServeFunctions() // in a process that the tests start
	os.Exit(m.Run())
}

// TestRestore erases a user after the backup was made, withdraws the consent of another, and has a
// third scan. After the restore, its replay and the clearing of orphans, the first two stay so,
// nothing is left of the third, and everybody else is as at the time of the backup.
func TestRestore(t *testing.T) {
	dir := t.TempDir()
	backup := filepath.Join(dir, "backup")
	s := begin(t, filepath.Join(dir, "data"))
	ada, eve, liz := s.user(t, "ada"), s.user(t, "eve"), s.user(t, "liz")
	for _, u := range []*user{ada, eve, liz} {
		s.scan(t, u)
	}
	before := s.seen(t, ada)
	must(t, os.MkdirAll(backup, 0o700))
	must(t, keep.ExportFirestore(t.Context(), os.Getenv(emulator.Firestore.Env()), host.Project, backup))

	late := s.user(t, "zoe")
	s.scan(t, late)
	receipt := s.erase(t, eve)
	_, err := liz.API().WithdrawConsentWithResponse(t.Context(), nil)
	must(t, err)
	s.await(t, "the end of what was made under the consent", func() bool { return s.scansOf(t, liz) == 0 })
	s.end(t)

	s = begin(t, restored(t, filepath.Join(dir, "data"), backup))
	if s.scansOf(t, eve) == 0 || s.scansOf(t, liz) == 0 {
		t.Fatal("the backup has no scans of who left after it, so it shows nothing")
	}
	for range 2 { // a replay may be run again
		run(t, "scripts/replay", "-project", host.Project)
	}
	uploads, results := s.files.Bucket(host.UploadsBucket), s.files.Bucket(host.ResultsBucket)
	s.await(t, "the erasure anew", func() bool {
		// The sweep publishes what is left to it after a minute, and late photos are waited for.
		must(t, s.MoveClock(5*time.Minute))
		return len(emulatortest.Mentions(t, s.fs, eve.uid, uploads, results)) == 0
	})
	s.await(t, "the withdrawal anew", func() bool { return s.scansOf(t, liz) == 0 })
	if len(emulatortest.Mentions(t, s.fs, late.uid, uploads, results)) == 0 {
		t.Error("who came after the backup has left no objects, so it shows nothing of orphans")
	}
	run(t, "scripts/admin", "orphans", "clear")
	if left := emulatortest.Mentions(t, s.fs, late.uid, uploads, results); len(left) > 0 {
		t.Errorf("of who came after the backup there is %q", left)
	}
	ada.again(t, s)
	if _, there, err := ada.Receipt(t.Context(), s.URL+receipt); err != nil || !there {
		t.Errorf("the receipt of the erasure: there %v, %v", there, err)
	}
	if diff := cmp.Diff(before, s.seen(t, ada)); diff != "" {
		t.Errorf("what ada has, before the backup (-) and after the restore (+):\n%s", diff)
	}
	s.await(t, "an empty outbox", func() bool { return s.count(t, s.fs.Collection("outbox").Query) == 0 })
	if n := s.count(t, s.fs.Collection("parked").Query); n > 0 {
		t.Errorf("%d events are parked", n)
	}
	s.end(t)
}

// system is a stack that keeps its data.
type system struct {
	*host.Host
	fs    *firestore.Client
	files *storage.Client
	photo []byte
}

type user struct {
	*client.Client
	uid, scan string
}

func begin(t *testing.T, dir string) *system {
	t.Helper()
	for _, service := range []emulator.Service{emulator.Firestore, emulator.PubSub, emulator.Auth} {
		t.Setenv(service.Env(), "") // the emulators before these are gone
	}
	var s system
	var err error
	s.photo, err = testphoto.Sample(t.Context())
	must(t, err)
	s.Host, err = host.Start(t.Context(), host.Options{Keep: dir})
	must(t, err)
	t.Cleanup(func() { s.end(t) })
	s.fs, err = meter.Connect(t.Context(), host.Project)
	must(t, err)
	s.files, err = storage.NewClient(t.Context(), s.Storage.ClientOptions()...)
	must(t, err)
	return &s
}

// end ends the system, which keeps its data first.
func (s *system) end(t *testing.T) {
	t.Helper()
	if s.Host == nil {
		return
	}
	if err := errors.Join(s.fs.Close(), s.files.Close(), s.Close()); err != nil {
		t.Error(err)
	}
	s.Host = nil
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (s *system) user(t *testing.T, name string) *user {
	t.Helper()
	u := &user{Client: &client.Client{
		URL: s.URL, AuthHost: s.AuthHost, Email: name + "@drill.example.com", Password: "correct horse " + name,
	}}
	signedUp, err := u.SignUp(t.Context())
	must(t, err)
	u.uid = signedUp.UID
	must(t, u.Join(t.Context(), "drill_"+name, "token-of-"+name))
	return u
}

// again has the user log in at the system, which is another than the one before.
func (u *user) again(t *testing.T, s *system) {
	t.Helper()
	u.URL, u.AuthHost = s.URL, s.AuthHost
	_, err := u.Login(t.Context())
	must(t, err)
}

func (s *system) scan(t *testing.T, u *user) {
	t.Helper()
	opened, err := u.Open(t.Context(), "scan", api.UploadRequestContentTypeImageJpeg)
	must(t, err)
	must(t, u.Put(t.Context(), opened.Upload, s.photo))
	done, err := u.AwaitScan(t.Context(), opened.Scan.ID)
	must(t, err)
	if u.scan = done.ID; done.State != api.ScanStateCompleted {
		t.Fatalf("the scan: %+v", done)
	}
	s.await(t, "the scan's notice and rating", func() bool {
		below := s.fs.Collection("users").Doc(u.uid)
		return s.count(t, below.Collection("ratings").Query) > 0 && s.count(t, below.Collection("deliveries").Query) > 1 &&
			s.count(t, s.fs.Collection("outbox").Query) == 0
	})
}

// erase erases the user, and returns the path of the receipt.
func (s *system) erase(t *testing.T, u *user) string {
	t.Helper()
	asked, err := u.Erase(t.Context())
	must(t, err)
	s.await(t, "the erasure", func() bool {
		_, there, err := u.Receipt(t.Context(), asked.ReceiptURL)
		must(t, err)
		return there
	})
	return strings.TrimPrefix(asked.ReceiptURL, s.URL)
}

// seen is what the user sees of the scan, and how many documents there are below the user's.
func (s *system) seen(t *testing.T, u *user) map[string]any {
	t.Helper()
	done, err := u.Scan(t.Context(), u.scan)
	must(t, err)
	all := map[string]any{"state": done.State, "score": done.Result.Score, "metrics": done.Result.Metrics}
	for _, name := range []string{"ratings", "inbox", "consents", "guard", "devices", "deliveries"} {
		all[name] = s.count(t, s.fs.Collection("users").Doc(u.uid).Collection(name).Query)
	}
	return all
}

func (s *system) scansOf(t *testing.T, u *user) int64 {
	t.Helper()
	return s.count(t, s.fs.Collection("scans").Where("uid", "==", u.uid))
}

func (s *system) count(t *testing.T, q firestore.Query) int64 {
	t.Helper()
	n, err := store.Count(t.Context(), nil, q)
	must(t, err)
	return n
}

// await sweeps until the condition holds.
func (s *system) await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		must(t, s.RequestSweep(ctx))
		select {
		case <-ctx.Done():
			t.Fatalf("waited in vain for %s", what)
		case <-tick.C:
		}
	}
}

// restored returns a folder with the documents of the backup, and the objects and Firebase's users
// of the folder that the system before has kept.
func restored(t *testing.T, kept, backup string) string {
	t.Helper()
	last, err := keep.Open(kept)
	must(t, err)
	defer func() { must(t, last.Close()) }()
	state, values, ok := last.State()
	if !ok {
		t.Fatal("nothing was kept")
	}
	dir := filepath.Join(filepath.Dir(kept), "restored")
	into, err := keep.Open(dir)
	must(t, err)
	must(t, into.Save(values, func(next string) error {
		documents := filepath.Base(filepath.Dir(keep.FirestoreSeed(next)))
		return errors.Join(
			os.CopyFS(filepath.Join(next, documents), os.DirFS(filepath.Join(backup, documents))),
			os.Link(keep.Users(state), keep.Users(next)), keep.Link(keep.Objects(state), keep.Objects(next)),
		)
	}))
	must(t, into.Close())
	return dir
}

// run runs the command as an operator does, by the environment of the system that runs.
func run(t *testing.T, command string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(
		t.Context(), "go", append([]string{"run", "github.com/facescan/facescan/" + command}, args...)...,
	)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %q: %v\n%s", command, args, err, out)
	}
}
