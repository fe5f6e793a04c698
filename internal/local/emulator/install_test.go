package emulator

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/local/emulator/machine"
	"github.com/facescan/facescan/internal/local/emulator/machine/machinetest"
	"github.com/facescan/facescan/internal/local/emulator/npm"
	"github.com/facescan/facescan/internal/testkit"
)

// npmTest is a cache folder and a shell script in the place of npm.
type npmTest struct {
	cache string
	npm   string
	log   string // a line per run of npm, with its folder
}

func newNPMTest(t *testing.T, script string) npmTest {
	t.Helper()
	dir := t.TempDir()
	test := npmTest{cache: filepath.Join(dir, "cache"), npm: filepath.Join(dir, "npm"), log: filepath.Join(dir, "log")}
	t.Setenv("NPM_LOG", test.log)
	machinetest.WriteScript(t, test.npm, `echo "$PWD $*" >>"$NPM_LOG"
`+script)
	return test
}

const fakeInstall = `test -f package-lock.json && mkdir -p node_modules/firebase-tools/lib/emulator/auth &&
touch node_modules/firebase-tools/lib/emulator/auth/server.js`

// folder returns where firebase-tools is to be.
func (n npmTest) folder(t *testing.T) string {
	t.Helper()
	dir, err := npm.Folder(n.cache)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// install installs it, and returns what was shown meanwhile.
func (n npmTest) install(ctx context.Context, t *testing.T) (string, error) {
	t.Helper()
	var shown bytes.Buffer
	err := install(ctx, n.folder(t), n.npm, &shown)
	return shown.String(), err
}

// runs returns a line for each time npm ran.
func (n npmTest) runs(t *testing.T) []string {
	t.Helper()
	return strings.Split(strings.TrimSpace(readFile(t, n.log)), "\n")
}

// entries returns what is in the cache, without the lock file.
func (n npmTest) entries(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(n.cache, "*"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, file := range files {
		if !strings.HasSuffix(file, ".lock") {
			names = append(names, filepath.Base(file))
		}
	}
	return names
}

func TestNPMInstallsOnce(t *testing.T) {
	test := newNPMTest(t, "sleep 0.2; "+fakeInstall)
	var all sync.WaitGroup
	for range 5 { // as the tests of several packages do
		all.Go(func() {
			if _, err := test.install(t.Context(), t); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	runs := test.runs(t)
	if len(runs) != 1 || !strings.HasSuffix(
		runs[0], "ci --ignore-scripts --omit=optional --no-audit --no-fund --loglevel=http",
	) {
		t.Errorf("npm ran: %q", runs)
	}
	if diff := cmp.Diff([]string{filepath.Base(test.folder(t))}, test.entries(t)); diff != "" {
		t.Errorf("the cache (-want +got):\n%s", diff)
	}
}

func TestInterruptedInstall_leavesNoBrokenCache(t *testing.T) {
	test := newNPMTest(t, `touch half; sleep 600`)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		testkit.Eventually(t, "npm is half done", func() bool {
			half, _ := filepath.Glob(filepath.Join(test.cache, "*", "half"))
			return len(half) > 0
		})
		cancel()
	}()
	if _, err := test.install(ctx, t); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if got := test.entries(t); len(got) != 0 {
		t.Errorf("the cache holds %q", got)
	}

	// What a killed process leaves: a temporary folder, which the next install removes.
	if err := os.MkdirAll(filepath.Join(test.folder(t)+".tmp-1", "node_modules"), 0o755); err != nil {
		t.Fatal(err)
	}
	machinetest.WriteScript(t, test.npm, fakeInstall)
	if _, err := test.install(t.Context(), t); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{filepath.Base(test.folder(t))}, test.entries(t)); diff != "" {
		t.Errorf("the cache (-want +got):\n%s", diff)
	}
}

func TestFailedInstall_showsWhatNPMSays(t *testing.T) {
	test := newNPMTest(t, "echo npm error code ENOTFOUND >&2; exit 1")
	shown, err := test.install(t.Context(), t)
	if err == nil || !strings.Contains(err.Error(), "exit status 1") || !strings.Contains(
		shown, "npm: error code ENOTFOUND\n",
	) {
		t.Errorf("shown %q, got %v", shown, err)
	}
	machinetest.WriteScript(t, test.npm, "true")
	if _, err := test.install(t.Context(), t); err == nil || !strings.Contains(err.Error(), npm.AuthServer) {
		t.Errorf("an install without the server: %v", err)
	}
	if got := test.entries(t); len(got) != 0 {
		t.Errorf("the cache holds %q", got)
	}
}

func TestInstall_showsProgress(t *testing.T) {
	test := newNPMTest(t, `
for i in $(seq 250); do echo "npm http fetch GET 200 https://registry.example/p$i 9ms (cache miss)" >&2; done
echo "npm http fetch GET attempt 1 failed with ECONNRESET" >&2
for i in $(seq 100); do echo "npm http fetch GET 200 https://registry.example/p/-/p-$i.tgz 9ms (cache miss)" >&2; done
echo; echo "added 100 packages in 1m"; `+fakeInstall+`; printf "no end of a line"`)
	shown, err := test.install(t.Context(), t)
	if err != nil {
		t.Fatal(err)
	}
	packages, err := npm.Packages()
	if err != nil || packages < 500 || packages > 700 {
		t.Errorf("%d packages, %v", packages, err)
	}
	want := strings.ReplaceAll(`auth: installing firebase-tools with npm, once: NUM packages, about 220 MB
npm: looked up 100 of at most NUM packages
npm: looked up 200 of at most NUM packages
npm: http fetch GET attempt 1 failed with ECONNRESET
npm: downloaded 100 of at most NUM packages
npm: added 100 packages in 1m
npm: no end of a line
`, "NUM", strconv.Itoa(packages))
	if diff := cmp.Diff(want, shown); diff != "" {
		t.Errorf("shown (-want +got):\n%s", diff)
	}
}

func TestInstallLock_waitsForItsContext(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	unlock, err := lockFile(t.Context(), path, &bytes.Buffer{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*lockRetry)
	defer cancel()
	if _, err := lockFile(ctx, path, &bytes.Buffer{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a held lock: %v", err)
	}
	unlock()
	unlock, err = lockFile(t.Context(), path, &bytes.Buffer{})
	if err != nil {
		t.Fatal(err)
	}
	unlock()
}

// A jar that is missing is fetched by firebase-tools, here by a script in its place.
func TestJar_isDownloaded(t *testing.T) {
	test := newNPMTest(t, fakeInstall)
	dir := t.TempDir()
	jarFile := filepath.Join(dir, "the.jar")
	machinetest.WriteJar(t, jarFile, "com.google.cloud.datastore.emulator.firestore.CloudFirestore", true, 21)
	node := filepath.Join(dir, "node")
	machinetest.WriteScript(t, node, `echo downloading...
[ "$2" = setup:emulators:firestore ] && cp '`+jarFile+"' '"+dir+"/cloud-firestore-emulator-v1.22.0.jar'")
	var shown bytes.Buffer
	l := &launcher{
		on: machine.Machine{
			Getenv:   func(name string) string { return map[string]string{"FIREBASE_EMULATORS_PATH": dir}[name] },
			LookPath: func(name string) (string, error) { return name, nil },
			Root:     dir,
			Cache:    test.cache,
			Output:   func(context.Context, string, ...string) (string, error) { return `openjdk version "21"`, nil },
		},
		opts:  Options{Progress: &shown},
		tools: machine.Tools{Node: node, NPM: test.npm, FirebaseTools: test.folder(t), Download: []Service{Firestore}},
	}
	file, err := l.jar(t.Context(), Firestore)
	if err != nil || file.Java != 21 || !strings.Contains(shown.String(), "firestore: downloading...\n") {
		t.Errorf("%+v, %v, shown %q", file, err, shown.String())
	}
	machinetest.WriteScript(t, node, "echo no internet; exit 1")
	if _, err := l.jar(t.Context(), Firestore); err == nil || !strings.Contains(
		shown.String(), "firestore: no internet\n",
	) {
		t.Errorf("a download that fails: %v, shown %q", err, shown.String())
	}
}

// The lock file pins by hash and names no registry, so that it works with whichever npm is set to.
func TestLockFileNamesNoRegistry(t *testing.T) {
	files, err := npm.Files()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(files["package-lock.json"]), `"resolved": "http`) {
		t.Error(`package-lock.json has a "resolved" line: remove it, npm finds the package by its name and hash`)
	}
}
