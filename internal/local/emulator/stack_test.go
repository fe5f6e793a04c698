package emulator

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/pubsub/v2"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	firebase "firebase.google.com/go/v4"
	"firebase.google.com/go/v4/auth"
	"go.uber.org/goleak"

	"github.com/facescan/facescan/internal/local/emulator/machine"
	"github.com/facescan/facescan/internal/local/emulator/machine/machinetest"
	"github.com/facescan/facescan/internal/testkit"
)

// freshMachine is this computer without emulators in its environment.
func freshMachine() machine.Machine {
	on := machine.This()
	on.Getenv = func(name string) string {
		if strings.HasSuffix(name, "_EMULATOR_HOST") {
			return ""
		}
		return os.Getenv(name)
	}
	return on
}

// gone reports whether no process of a group is left.
func gone(pgid int) bool { return errors.Is(syscall.Kill(-pgid, 0), syscall.ESRCH) }

func TestStartAndClose(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	var progress bytes.Buffer
	s, err := start(t.Context(), freshMachine(), Options{Progress: &progress})
	if err != nil {
		t.Fatal(err)
	}
	env := s.Environ()
	for _, service := range machine.Services() {
		name := service.Env()
		if err := probe(t.Context(), env[name]); err != nil {
			t.Errorf("%s=%s: %v", name, env[name], err)
		}
		if !strings.Contains(progress.String(), string(service)+" ready in ") {
			t.Errorf("progress does not tell of %s: %s", service, progress.String())
		}
	}
	for range 2 { // it may be called twice
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	for _, p := range s.procs {
		if !gone(p.pid) {
			t.Errorf("process group %d of %s is left", p.pid, p.name)
		}
	}
	t.Log(progress.String())
}

// An emulator that is ready can be used at once.
func TestStartedEmulatorsWork(t *testing.T) {
	ctx := t.Context()
	s, err := start(ctx, freshMachine(), Options{ProjectID: "demo-mine"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for name, value := range s.Environ() {
		t.Setenv(name, value)
	}
	store, err := firestore.NewClient(ctx, "demo-mine")
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if _, err := store.Doc("users/u").Create(ctx, map[string]any{"a": 1}); err != nil {
		t.Error(err)
	}
	// The servers' client passes by the rules that a phone is judged by.
	phone, err := http.Get("http://" + s.hosts[Firestore] + "/v1/projects/demo-mine/databases/(default)/documents/users/u")
	if err != nil {
		t.Fatal(err)
	}
	phone.Body.Close()
	if phone.StatusCode != http.StatusForbidden {
		t.Errorf("a phone reads the database: %s", phone.Status)
	}
	bus, err := pubsub.NewClient(ctx, "demo-mine")
	if err != nil {
		t.Fatal(err)
	}
	defer bus.Close()
	if _, err := bus.TopicAdminClient.CreateTopic(
		ctx, &pubsubpb.Topic{Name: "projects/demo-mine/topics/abc"},
	); err != nil {
		t.Error(err)
	}
	app, err := firebase.NewApp(ctx, &firebase.Config{ProjectID: "demo-mine"})
	if err != nil {
		t.Fatal(err)
	}
	users, err := app.Auth(ctx)
	if err != nil {
		t.Fatal(err)
	}
	user, err := users.CreateUser(ctx, new(auth.UserToCreate).Email("a@example.com").Password("secret"))
	if err != nil {
		t.Fatal(err)
	}
	// A request with an API key and no project goes to the project of the options.
	resp, err := http.Post("http://"+s.hosts[Auth]+
		"/identitytoolkit.googleapis.com/v1/accounts:signInWithPassword?key=any", "application/json",
		strings.NewReader(`{"email":"a@example.com","password":"secret","returnSecureToken":true}`))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var signedIn struct{ IDToken string }
	if err := json.NewDecoder(resp.Body).Decode(&signedIn); err != nil {
		t.Fatal(err)
	}
	token, err := users.VerifyIDToken(ctx, signedIn.IDToken)
	if err != nil || token.UID != user.UID {
		t.Errorf("token %+v, %v", token, err)
	}
}

func TestContext_endsTheStack(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s, err := start(ctx, freshMachine(), Options{}, PubSub)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := s.Wait(); err != nil {
		t.Error(err)
	}
	testkit.Eventually(t, "process group ends", func() bool { return gone(s.procs[0].pid) })
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestContext_endsWhileStarting(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	on := fakeJava(t, `echo starting >"$STARTED"; exec sleep 600`)
	go func() {
		testkit.Eventually(t, "java starts", func() bool { return machine.Exists(os.Getenv("STARTED")) })
		cancel()
	}()
	if _, err := start(ctx, on, Options{}, PubSub); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// fakeJava is a machine whose Java is a shell script, which runs behind a real jar.
func fakeJava(t *testing.T, script string) machine.Machine {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("STARTED", filepath.Join(dir, "started"))
	machinetest.WriteScript(t, filepath.Join(dir, "java"), `[ "$1" = -version ] && echo 'openjdk version "17.0.1"' && exit
`+script)
	file := filepath.Join(dir, "emulator.jar")
	machinetest.WriteJar(t, file, "com.google.cloud.pubsub.testing.v1.Main", true, 11)
	on := machine.This()
	on.Getenv = func(name string) string { return map[string]string{"PUBSUB_EMULATOR_JAR": file}[name] }
	on.LookPath = func(name string) (string, error) { return exec.LookPath(filepath.Join(dir, name)) }
	return on
}

func TestDeadEmulator_showsItsLog(t *testing.T) {
	on := fakeJava(t, "echo one >>$STARTED; echo the disk is full >&2; exit 3")
	_, err := start(t.Context(), on, Options{}, PubSub)
	if err == nil || !strings.Contains(err.Error(), "pubsub") || !strings.Contains(err.Error(), "exit status 3") ||
		!strings.Contains(err.Error(), "the disk is full") {
		t.Errorf("got %v", err)
	}
	if started := readFile(t, os.Getenv("STARTED")); started != "one\n" {
		t.Errorf("started as often as %q", started)
	}
}

func TestTakenPort_isTriedAgain(t *testing.T) {
	on := fakeJava(t, "echo one >>$STARTED; echo java.net.BindException: Address already in use; exit 1")
	if _, err := start(t.Context(), on, Options{}, PubSub); err == nil {
		t.Error("no error")
	}
	if started := readFile(t, os.Getenv("STARTED")); started != strings.Repeat("one\n", portAttempts) {
		t.Errorf("started as often as %q", started)
	}
}

func TestEmulatorThatNeverAnswers(t *testing.T) {
	on := fakeJava(t, "echo still warming up; echo $$ >$STARTED; sleep 600")
	_, err := start(t.Context(), on, Options{Timeout: 300 * time.Millisecond}, PubSub)
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "still warming up") {
		t.Errorf("got %v", err)
	}
	var pid int
	if _, err := fmt.Sscan(readFile(t, os.Getenv("STARTED")), &pid); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, "the script and its sleep end", func() bool { return gone(pid) })
}

func TestWaitReportsADeath(t *testing.T) {
	s, err := start(t.Context(), freshMachine(), Options{}, PubSub)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(s.procs[0].pid, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := s.Wait(); err == nil || !strings.Contains(err.Error(), "pubsub emulator died") {
		t.Errorf("Wait: %v", err)
	}
	if err := s.Close(); err == nil {
		t.Error("Close does not tell of the death")
	}
}

func TestRunningEmulators_areReused(t *testing.T) {
	running := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer running.Close()
	host := strings.TrimPrefix(running.URL, "http://")
	on := machine.Machine{
		Getenv: func(name string) string { return map[string]string{"FIRESTORE_EMULATOR_HOST": host}[name] },
	}
	s, err := start(t.Context(), on, Options{}, Firestore)
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Environ(); len(got) != 1 || got["FIRESTORE_EMULATOR_HOST"] != host || len(s.procs) != 0 {
		t.Errorf("environment %v, %d processes", got, len(s.procs))
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	running.Close()
	if _, err := start(t.Context(), on, Options{}, Firestore); err == nil || !strings.Contains(err.Error(), "unset") {
		t.Errorf("an emulator that is not there: %v", err)
	}
	if _, err := start(t.Context(), on, Options{}, "spanner"); err == nil {
		t.Error("an unknown service was started")
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
