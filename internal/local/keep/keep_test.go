package keep_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/local/keep"
)

var values = keep.Values{Moved: 3 * time.Hour, Root: []byte("root"), ReceiptSeed: "seed"}

func open(t *testing.T, dir string) *keep.Folder {
	t.Helper()
	f, err := keep.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func closed(t *testing.T, f *keep.Folder) {
	t.Helper()
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// save saves a state with a text and a photo that is live.
func save(t *testing.T, f *keep.Folder, text string) {
	t.Helper()
	if err := f.Save(values, func(dir string) error {
		return errors.Join(os.WriteFile(filepath.Join(dir, "users.json"), []byte(text), 0o600),
			keep.Link(f.Live(), keep.Objects(dir)))
	}); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
		t.Fatal(err)
	}
}

// kept returns a folder with a whole state.
func kept(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "kept")
	f := open(t, dir)
	write(t, filepath.Join(f.Live(), "bucket", "photo"), "pixels")
	save(t, f, "users")
	closed(t, f)
	return dir
}

func names(t *testing.T, dir string) (all []string) {
	t.Helper()
	inside, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range inside {
		all = append(all, e.Name())
	}
	return all
}

func TestSave(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a", "b")
	f := open(t, dir)
	if _, _, ok := f.State(); ok {
		t.Error("a new folder has a state")
	}
	write(t, filepath.Join(f.Live(), "bucket", "photo"), "pixels")
	save(t, f, "one")
	save(t, f, "two")
	if err := os.Remove(filepath.Join(f.Live(), "bucket", "photo")); err != nil {
		t.Fatal(err)
	}
	closed(t, f)
	if diff := cmp.Diff([]string{"facescan.lock", "state-2"}, names(t, dir)); diff != "" {
		t.Errorf("in the folder (-want +got):\n%s", diff)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("mode %v, %v", info, err)
	}

	f = open(t, dir)
	state, got, ok := f.State()
	if diff := cmp.Diff(values, got); !ok || diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
	if err := keep.Link(keep.Objects(state), f.Live()); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		filepath.Join(state, "users.json"): "two", filepath.Join(f.Live(), "bucket", "photo"): "pixels",
	} {
		if data, err := os.ReadFile(path); string(data) != want || err != nil {
			t.Errorf("%s: %q, %v", path, data, err)
		}
	}
	// What is deleted while the stack runs is not in the next state.
	if err := os.Remove(filepath.Join(f.Live(), "bucket", "photo")); err != nil {
		t.Fatal(err)
	}
	save(t, f, "three")
	state, _, _ = f.State()
	if got := names(t, filepath.Join(keep.Objects(state), "bucket")); len(got) != 0 {
		t.Errorf("there is still %q", got)
	}
	closed(t, f)
}

// TestOpen_leavesOthersAlone: names that only begin as those of the folder are not its own.
func TestOpen_leavesOthersAlone(t *testing.T) {
	t.Parallel()
	dir := kept(t)
	others := []string{
		"3", "next-", "next-door", "state-", "state-0", "state-007", "state-1.bak", "state-99999999999999999999",
		"state-of-mine",
	}
	for _, name := range others {
		write(t, filepath.Join(dir, name, "file"), "mine")
	}
	for range 2 {
		f := open(t, dir)
		if state, _, ok := f.State(); !ok || !strings.HasPrefix(filepath.Base(state), "state-") {
			t.Errorf("state %s, %t", state, ok)
		}
		save(t, f, "more")
		closed(t, f)
	}
	want := slices.Sorted(slices.Values(append(others, "facescan.lock", "state-3")))
	if diff := cmp.Diff(want, names(t, dir)); diff != "" {
		t.Errorf("in the folder (-want +got):\n%s", diff)
	}
}

// TestSave_interrupted: whatever a save was killed at, the state before is whole.
func TestSave_interrupted(t *testing.T) {
	t.Parallel()
	dir := kept(t)
	f := open(t, dir)
	broken := errors.New("broken")
	err := f.Save(values, func(next string) error {
		write(t, filepath.Join(next, "users.json"), "half")
		return broken
	})
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	closed(t, f)
	// As a process leaves it that was killed while it wrote, with photos of its own.
	write(t, filepath.Join(dir, "next-2", "users.json"), "half")
	write(t, filepath.Join(dir, "live", "bucket", "photo"), "more")
	f = open(t, dir)
	state, _, ok := f.State()
	if data, err := os.ReadFile(filepath.Join(state, "users.json")); !ok || string(data) != "users" || err != nil {
		t.Errorf("%q, %v", data, err)
	}
	if diff := cmp.Diff([]string{"facescan.lock", "state-1"}, names(t, dir)); diff != "" {
		t.Errorf("in the folder (-want +got):\n%s", diff)
	}
	closed(t, f)
	// And as it leaves it that was killed before it dropped the state before.
	if err := os.CopyFS(filepath.Join(dir, "state-9"), os.DirFS(filepath.Join(dir, "state-1"))); err != nil {
		t.Fatal(err)
	}
	f = open(t, dir)
	defer closed(t, f)
	if diff := cmp.Diff([]string{"facescan.lock", "state-9"}, names(t, dir)); diff != "" {
		t.Errorf("in the folder (-want +got):\n%s", diff)
	}
}

func TestOpen_refuses(t *testing.T) {
	t.Parallel()
	inState := func(dir, name string) string { return filepath.Join(dir, "state-1", name) }
	for name, tt := range map[string]struct {
		spoil func(dir string) error
		want  error
		says  string
	}{
		"another version": {func(dir string) error {
			data, err := os.ReadFile(inState(dir, "manifest.json"))
			other := strings.Replace(string(data), `"version":`, `"version":9`, 1)
			return errors.Join(err, os.WriteFile(inState(dir, "manifest.json"), []byte(other), 0o600))
		}, keep.ErrVersion, "remove it"},
		"a file that was changed": {func(dir string) error {
			return os.WriteFile(inState(dir, "users.json"), []byte("spoil"), 0o600)
		}, keep.ErrDamaged, "users.json was changed"},
		"a photo that was cut off": {func(dir string) error {
			return os.Truncate(inState(dir, "objects/bucket/photo"), 3)
		}, keep.ErrDamaged, "objects/bucket/photo was changed"},
		"a file that is missing": {func(dir string) error {
			return os.Remove(inState(dir, "users.json"))
		}, keep.ErrDamaged, "1 of 2 files are missing"},
		"a file that is too many": {func(dir string) error {
			return os.WriteFile(inState(dir, "more.json"), nil, 0o600)
		}, keep.ErrDamaged, "more.json does not belong there"},
		"no manifest": {func(dir string) error {
			return os.Remove(inState(dir, "manifest.json"))
		}, keep.ErrDamaged, "manifest.json"},
		"half a manifest": {func(dir string) error {
			return os.Truncate(inState(dir, "manifest.json"), 12)
		}, keep.ErrDamaged, "manifest.json"},
		"one that others may read": {func(dir string) error { return os.Chmod(dir, 0o755) }, keep.ErrOpen, "chmod 700"},
		"another program's": {func(dir string) error {
			return os.Remove(filepath.Join(dir, "facescan.lock"))
		}, keep.ErrForeign, "name a new or an empty folder"},
		"another program's, with a lock": {func(dir string) error {
			return os.Rename(filepath.Join(dir, "facescan.lock"), filepath.Join(dir, "lock"))
		}, keep.ErrForeign, "name a new or an empty folder"},
		"one whose lock another program wrote": {func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "facescan.lock"), []byte("4711"), 0o600)
		}, keep.ErrForeign, "its facescan.lock is not this program's"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := kept(t)
			if err := tt.spoil(dir); err != nil {
				t.Fatal(err)
			}
			refuses(t, dir, tt.want, tt.says)
		})
	}
	t.Run("one whose lock is a link", func(t *testing.T) {
		t.Parallel()
		dir := kept(t)
		lock, other := filepath.Join(dir, "facescan.lock"), filepath.Join(t.TempDir(), "other")
		if err := errors.Join(os.Rename(lock, other), os.Symlink(other, lock)); err != nil {
			t.Fatal(err)
		}
		before, _ := os.ReadFile(other)
		refuses(t, dir, keep.ErrForeign, "its facescan.lock is not this program's")
		if after, err := os.ReadFile(other); string(after) != string(before) || err != nil {
			t.Errorf("what it leads to was %q and is %q, %v", before, after, err)
		}
	})
	t.Run("one in use", func(t *testing.T) {
		t.Parallel()
		dir := kept(t)
		f := open(t, dir)
		refuses(t, dir, keep.ErrInUse, "by process "+strconv.Itoa(os.Getpid()))
		closed(t, f)
	})
}

// refuses checks that the folder is refused, in one line that names it, and left as it is.
func refuses(t *testing.T, dir string, want error, says string) {
	t.Helper()
	before := names(t, dir)
	_, err := keep.Open(dir)
	if !errors.Is(err, want) || !strings.Contains(err.Error(), "KEEP="+dir+" ") ||
		!strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v", err)
	}
	if err := keep.Check(dir); !errors.Is(err, want) {
		t.Errorf("checked: %v", err)
	}
	if diff := cmp.Diff(before, names(t, dir)); diff != "" {
		t.Errorf("the folder was changed (-before +after):\n%s", diff)
	}
}

// TestLink_leavesOutHalfAnObject: an object has a temporary name until it is whole.
func TestLink_leavesOutHalfAnObject(t *testing.T) {
	t.Parallel()
	from, to := t.TempDir(), filepath.Join(t.TempDir(), "to")
	write(t, filepath.Join(from, "bucket", "photo"), "pixels")
	write(t, filepath.Join(from, "bucket", ".photo1234"), "pix")
	if err := keep.Link(from, to); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"photo"}, names(t, filepath.Join(to, "bucket"))); diff != "" {
		t.Errorf("in the bucket (-want +got):\n%s", diff)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new")
	if err := keep.Check(dir); err != nil {
		t.Errorf("a new folder: %v", err)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("it was made")
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := keep.Check(dir); err != nil {
		t.Errorf("an empty folder: %v", err)
	}
	if err := keep.Check(kept(t)); err != nil {
		t.Errorf("one with a state: %v", err)
	}
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, "")
	if err := keep.Check(file); err == nil || !strings.Contains(err.Error(), "KEEP="+file) {
		t.Errorf("a file: %v", err)
	}
}
