// Package keep keeps the data of a local stack in a folder, so that users, scans and photos are
// there again when it is started anew.
//
// The folder has at most one whole state, state-N, with what the emulators export, the photos as
// hard links, and a manifest that is written last. A new one is made beside it and gets its name by
// a rename, so that a process that is killed half-way leaves the one before. The photos of a stack
// that runs are in live. All of it is for the user's eyes only.
package keep

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Version is that of the documents' shape: the number of scripts/migrate's steps, of which each
// changes it, as a test of that says. A folder of another version is refused, since no step is run
// on it.
const Version = 19

// What is in a folder.
const (
	lockName     = "facescan.lock"
	liveName     = "live"
	stateName    = "state-"
	nextName     = "next-"
	manifestName = "manifest.json"
)

// owned begins the lock's text, by which the folder is known to be a stack's. The id of the process
// follows that has the folder.
const owned = "kept by FaceScan, process "

// maxOwner is more than the lock's text has bytes.
const maxOwner = 1 << 10

// numbers are what follows stateName and nextName in a name.
var numbers = regexp.MustCompile(`^[1-9][0-9]*$`)

// private is the mode of the folders.
const private = 0o700

// Faults of a folder.
var (
	ErrInUse   = errors.New("it is in use")
	ErrVersion = errors.New("it is of another version")
	ErrDamaged = errors.New("it is damaged")
	ErrOpen    = errors.New("others than you may read it")
	ErrForeign = errors.New("it has other things in it")
)

// Values are what a stack knows beside its data.
type Values struct {
	// Moved is how far its clock is from the machine's.
	Moved time.Duration `json:"moved"`
	// Root is what the stack's secrets are derived from, and ReceiptSeed signs its receipts.
	Root        []byte `json:"root"`
	ReceiptSeed string `json:"receiptSeed"`
}

// manifest says what a state has.
type manifest struct {
	Version int               `json:"version"`
	Values  Values            `json:"values"`
	Files   map[string]sealed `json:"files"` // by path, with slashes
}

// Folder is a folder that this process has to itself.
type Folder struct {
	dir  string
	lock *os.File
	last int // the number of the state that is there, 0 if there is none
	made manifest
}

// Open takes the folder, which it makes if it is not there, until Close. Its errors wrap those
// above, name the folder, and say what to do.
func Open(dir string) (*Folder, error) {
	if err := prepare(dir); err != nil {
		return nil, fmt.Errorf("KEEP=%s cannot be used: %w", dir, err)
	}
	f := &Folder{dir: dir}
	if err := f.take(); err != nil {
		return nil, fmt.Errorf("KEEP=%s cannot be used: %w", dir, err)
	}
	if err := f.find(); err != nil {
		return nil, errors.Join(fmt.Errorf("KEEP=%s cannot be used: %w", dir, err), f.Close())
	}
	return f, nil
}

// Check returns the error that Open would return. It makes no folder.
func Check(dir string) error {
	if _, err := os.Lstat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	f, err := Open(dir)
	if err != nil {
		return err
	}
	return f.Close()
}

// prepare makes the folder, or looks at the one that is there.
func prepare(dir string) error {
	if err := os.MkdirAll(dir, private); err != nil {
		return err
	}
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	inside, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	if len(inside) == 0 {
		return os.Chmod(dir, private)
	}
	if !slices.ContainsFunc(inside, func(e fs.DirEntry) bool { return e.Name() == lockName }) {
		return fmt.Errorf("%w, such as %s; name a new or an empty folder", ErrForeign, inside[0].Name())
	}
	if mode := info.Mode().Perm(); mode&^private != 0 {
		return fmt.Errorf("%w, by its mode %#o; to mend it: chmod 700 %q", ErrOpen, mode, dir)
	}
	return nil
}

// take locks the folder. The system lets go of the lock when the process ends in any way. A lock
// that is a link, or has a text that take did not write, is another program's.
func (f *Folder) take() error {
	path := filepath.Join(f.dir, lockName)
	file, err := os.OpenFile( //nolint:gosec // the developer names the folder
		path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0o600,
	)
	if errors.Is(err, syscall.ELOOP) {
		return errForeignLock
	}
	if err != nil {
		return err
	}
	f.lock = file
	if err := f.own(); err != nil {
		return errors.Join(err, file.Close())
	}
	return nil
}

var errForeignLock = fmt.Errorf("%w: its %s is not this program's; name a new or an empty folder", ErrForeign, lockName)

// own locks the file, and writes who has it.
func (f *Folder) own() error {
	locked := syscall.Flock(int(f.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	text, err := io.ReadAll(io.LimitReader(f.lock, maxOwner))
	if err != nil {
		return err
	}
	owner, ours := strings.CutPrefix(string(text), owned)
	switch {
	case len(text) > 0 && !ours: // it is empty for an instant
		return errForeignLock
	case locked != nil:
		return fmt.Errorf("%w by process %s; end that, or name another folder", ErrInUse, strings.TrimSpace(owner))
	}
	if err := f.lock.Truncate(0); err != nil {
		return err
	}
	_, err = f.lock.WriteAt([]byte(owned+strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

// Close lets the folder go. What was live is removed.
func (f *Folder) Close() error {
	return errors.Join(os.RemoveAll(f.Live()), f.lock.Close())
}

// Live returns the folder for the photos of the stack that runs.
func (f *Folder) Live() string { return filepath.Join(f.dir, liveName) }

// State returns the folder of the last whole state with its values, or false if there is none.
func (f *Folder) State() (dir string, values Values, ok bool) {
	return f.state(f.last), f.made.Values, f.last > 0
}

func (f *Folder) state(n int) string { return filepath.Join(f.dir, stateName+strconv.Itoa(n)) }

// find finds the last whole state, verifies it, and removes what others have left half done.
func (f *Folder) find() error {
	inside, err := os.ReadDir(f.dir)
	if err != nil {
		return err
	}
	var left []string
	for _, e := range inside {
		f.last = max(f.last, number(e.Name(), stateName))
		if e.Name() == liveName || number(e.Name(), nextName) > 0 {
			left = append(left, filepath.Join(f.dir, e.Name()))
		}
	}
	if f.last > 0 {
		if f.made, err = read(f.state(f.last)); err != nil {
			return err
		}
	}
	for _, e := range inside {
		if n := number(e.Name(), stateName); n > 0 && n < f.last {
			left = append(left, filepath.Join(f.dir, e.Name()))
		}
	}
	for _, path := range left {
		if err := os.RemoveAll(path); err != nil {
			return err
		}
	}
	return nil
}

// number returns the N of a name that is prefix and N, or 0 for any other, which is left alone.
func number(name, prefix string) int {
	text, ok := strings.CutPrefix(name, prefix)
	if !ok || !numbers.MatchString(text) {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0 // more than an int holds, so Save has not made it
	}
	return n
}

// mend is what to do about a folder that cannot be mended.
const mend = "start without it by another folder, or remove it"

// read reads and verifies a state.
func read(dir string) (manifest, error) {
	var m manifest
	data, err := os.ReadFile(filepath.Join(dir, manifestName)) //nolint:gosec // in the folder that is named
	if err != nil {
		return m, fmt.Errorf("%w (%w); %s", ErrDamaged, err, mend)
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return m, fmt.Errorf("%w (%s: %w); %s", ErrDamaged, manifestName, err, mend)
	}
	if m.Version != Version {
		return m, fmt.Errorf("%w, %d, and this is %d; %s", ErrVersion, m.Version, Version, mend)
	}
	if err := verify(dir, m.Files); err != nil {
		return m, fmt.Errorf("%w (%w); %s", ErrDamaged, err, mend)
	}
	return m, nil
}

// Save makes a new state of what write puts into the folder that it gets, and drops the one before.
// If it fails, that one stays.
func (f *Folder) Save(values Values, write func(dir string) error) error {
	next := filepath.Join(f.dir, nextName+strconv.Itoa(f.last+1))
	m, err := f.writeNext(next, values, write)
	if err != nil {
		return errors.Join(fmt.Errorf("keep the data in %s: %w", f.dir, err), os.RemoveAll(next))
	}
	if err := os.Rename(next, f.state(f.last+1)); err != nil {
		return fmt.Errorf("keep the data: %w", err)
	}
	before := f.state(f.last)
	f.last, f.made = f.last+1, m
	if err := errors.Join(syncFile(f.dir), os.RemoveAll(before)); err != nil {
		return fmt.Errorf("drop the data before: %w", err)
	}
	return nil
}

func (f *Folder) writeNext(next string, values Values, write func(dir string) error) (manifest, error) {
	m := manifest{Version: Version, Values: values}
	if err := errors.Join(os.RemoveAll(next), os.Mkdir(next, private)); err != nil {
		return m, err
	}
	if err := write(next); err != nil {
		return m, err
	}
	var err error
	if m.Files, err = seal(next, f.state(f.last), f.made.Files); err != nil {
		return m, err
	}
	data, err := json.Marshal(m)
	if err != nil {
		return m, err
	}
	path := filepath.Join(next, manifestName)
	return m, errors.Join(os.WriteFile(path, data, 0o600), syncFile(path), syncFile(next))
}
