package emulator

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
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
	writeScript(t, test.npm, `echo "$PWD $*" >>"$NPM_LOG"
`+script)
	return test
}

const fakeInstall = `test -f package-lock.json && mkdir -p node_modules/firebase-tools/lib/emulator/auth &&
touch node_modules/firebase-tools/lib/emulator/auth/server.js`

func (n npmTest) install(ctx context.Context) (string, error) {
	return npmInstall(ctx, n.cache, n.npm, &bytes.Buffer{})
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
	_, key, err := pinnedFiles()
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 5 { // as the tests of several packages do
		all.Go(func() {
			dir, err := test.install(t.Context())
			if err != nil || filepath.Base(dir) != "auth-emulator-"+key {
				t.Errorf("%q, %v", dir, err)
			}
		})
	}
	all.Wait()
	runs := test.runs(t)
	if len(runs) != 1 || !strings.HasSuffix(runs[0], "ci --ignore-scripts --omit=optional --no-audit --no-fund") {
		t.Errorf("npm ran: %q", runs)
	}
	if got := test.entries(t); len(got) != 1 {
		t.Errorf("the cache holds %q", got)
	}
}

func TestInterruptedInstallLeavesNoBrokenCache(t *testing.T) {
	test := newNPMTest(t, `touch half; sleep 600`)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		eventually(t, "npm is half done", func() bool {
			half, _ := filepath.Glob(filepath.Join(test.cache, "*", "half"))
			return len(half) > 0
		})
		cancel()
	}()
	if _, err := test.install(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if got := test.entries(t); len(got) != 0 {
		t.Errorf("the cache holds %q", got)
	}

	// What a killed process leaves: a temporary folder, which the next install removes.
	_, key, _ := pinnedFiles()
	if err := os.MkdirAll(filepath.Join(test.cache, "auth-emulator-"+key+".tmp-1", "node_modules"), 0o755); err != nil {
		t.Fatal(err)
	}
	writeScript(t, test.npm, fakeInstall)
	if _, err := test.install(t.Context()); err != nil {
		t.Error(err)
	}
	if got := test.entries(t); len(got) != 1 || got[0] != "auth-emulator-"+key {
		t.Errorf("the cache holds %q", got)
	}
}

func TestFailedInstallShowsWhatNPMSays(t *testing.T) {
	test := newNPMTest(t, "echo npm error code ENOTFOUND >&2; exit 1")
	if _, err := test.install(t.Context()); err == nil || !strings.Contains(err.Error(), "ENOTFOUND") {
		t.Errorf("got %v", err)
	}
	writeScript(t, test.npm, "true")
	if _, err := test.install(t.Context()); err == nil || !strings.Contains(err.Error(), authServer) {
		t.Errorf("an install without the server: %v", err)
	}
	if got := test.entries(t); len(got) != 0 {
		t.Errorf("the cache holds %q", got)
	}
}

func TestInstallLockWaitsForItsContext(t *testing.T) {
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
func TestJarIsDownloaded(t *testing.T) {
	test := newNPMTest(t, fakeInstall)
	dir := t.TempDir()
	jarFile := filepath.Join(dir, "the.jar")
	writeJar(t, jarFile, firestoreMain, 21)
	node := filepath.Join(dir, "node")
	writeScript(t, node, `[ "$2" = setup:emulators:firestore ] && cp `+jarFile+" "+dir+"/cloud-firestore-emulator-v1.22.0.jar")
	l := &launcher{
		on: machine{
			getenv:   func(name string) string { return map[string]string{"FIREBASE_EMULATORS_PATH": dir}[name] },
			lookPath: func(name string) (string, error) { return name, nil },
			root:     dir,
			output:   func(context.Context, string, ...string) (string, error) { return java21, nil },
		},
		opts:  Options{Progress: &bytes.Buffer{}, CacheDir: test.cache},
		tools: tools{node: node, npm: test.npm, download: []Service{Firestore}},
	}
	file, err := l.jar(t.Context(), Firestore)
	if err != nil || file.java != 21 {
		t.Errorf("%+v, %v", file, err)
	}
	writeScript(t, node, "echo no internet; exit 1")
	if _, err := l.jar(t.Context(), Firestore); err == nil || !strings.Contains(err.Error(), "no internet") {
		t.Errorf("a download that fails: %v", err)
	}
}

// The lock file pins by hash and names no registry, so that it works with whichever npm is set to.
func TestLockFileNamesNoRegistry(t *testing.T) {
	files, _, err := pinnedFiles()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(files["package-lock.json"]), `"resolved": "http`) {
		t.Error(`package-lock.json has a "resolved" line: remove it, npm finds the package by its name and hash`)
	}
}
