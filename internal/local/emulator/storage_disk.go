package emulator

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// disk is where uploads are taken into, and where the objects are if they are on disk: a folder of
// this process in that for temporary files, or one that is given, readable by its user alone, which
// is removed with the storage.
type disk struct {
	root string
	// keeps is set if the objects are there.
	keeps bool
	// create makes the file that an upload is taken into: one of root's except in tests.
	create func() (*os.File, error)
}

// folderPrefix is the beginning of the folders' names. The process's id follows.
const folderPrefix = "facescan-storage-"

func newDisk(root string) (*disk, error) {
	sweepFolders()
	var err error
	if root == "" {
		root, err = os.MkdirTemp("", folderPrefix+strconv.Itoa(os.Getpid())+"-")
	} else {
		err = os.MkdirAll(root, 0o700)
	}
	if err != nil {
		return nil, fmt.Errorf("make the folder of the local Cloud Storage: %w", err)
	}
	d := &disk{root: root}
	d.create = func() (*os.File, error) { return os.CreateTemp(d.root, "upload-") }
	return d, nil
}

// objects returns the folder of the objects, "" if they are in memory.
func (d *disk) objects(onDisk bool) string {
	if d.keeps = onDisk; !onDisk {
		return ""
	}
	return ObjectsIn(d.root)
}

// remove removes the folder with all objects.
func (d *disk) remove() error {
	if err := os.RemoveAll(d.root); err != nil {
		return fmt.Errorf("remove the objects of the local Cloud Storage: %w", err)
	}
	return nil
}

// sweepFolders removes what processes left that were killed: photos should not outlive them. What
// it cannot remove stays.
var sweepFolders = sync.OnceFunc(removeLeft)

func removeLeft() {
	all, _ := filepath.Glob(filepath.Join(os.TempDir(), folderPrefix+"*"))
	for _, folder := range all {
		text, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(folder), folderPrefix), "-")
		pid, err := strconv.Atoi(text)
		if err != nil {
			continue
		}
		process, err := os.FindProcess(pid)
		if err == nil && errors.Is(process.Signal(syscall.Signal(0)), os.ErrProcessDone) {
			_ = os.RemoveAll(folder)
		}
	}
}

// take takes the body of an upload into a file, as it comes, and returns the file from its
// beginning. It holds a few kilobytes of the body at a time, so that many slow uploads cost
// nothing, and fake-gcs-server, which stores one object after the other, waits for no network.
func (d *disk) take(r *http.Request, limits byteRange) (*os.File, int64, *xmlError) {
	if r.ContentLength > limits.max {
		return nil, 0, errTooLarge
	}
	file, err := d.create()
	if err != nil {
		return nil, 0, diskFault(err)
	}
	size, refusal := fill(file, r.Body, limits)
	if refusal == nil {
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			refusal = diskFault(err)
		}
	}
	if refusal != nil {
		discard(file)
		return nil, 0, refusal
	}
	return file, size, nil
}

// fill copies the body to the file, at most one byte more than the limit.
func fill(file *os.File, body io.Reader, limits byteRange) (int64, *xmlError) {
	size, err := io.Copy(file, io.LimitReader(body, limits.max+1))
	var disk *os.PathError
	switch {
	case errors.As(err, &disk):
		return 0, diskFault(err)
	case err != nil:
		return 0, invalidArgument("the body ended early: " + err.Error())
	case size > limits.max:
		return 0, errTooLarge
	case size < limits.min:
		return 0, errTooSmall
	}
	return size, nil
}

// discard closes and removes an upload's file.
func discard(file *os.File) {
	_ = file.Close()
	_ = os.Remove(file.Name()) //nolint:gosec // the name that it was made by; the folder goes at last
}

// diskFault is the refusal of an upload that cannot be stored, such as on a full disk. Production's
// clients repeat such requests.
func diskFault(err error) *xmlError {
	return &xmlError{
		status: http.StatusServiceUnavailable, Code: "ServiceUnavailable",
		Message: "We encountered an internal error. Please try again.", Details: err.Error(),
	}
}

// storable reports whether the name of a bucket or object can be that of a file below the folder of
// the objects: fake-gcs-server would follow one like "../x" out of it. In memory there is no such
// name.
func (d *disk) storable(name string) bool {
	inside := path.Clean(name) == name && filepath.IsLocal(filepath.FromSlash(name)) && !strings.ContainsRune(name, 0)
	return inside || !d.keeps
}

// maxNamesBytes bounds a body that may have names of objects.
const maxNamesBytes = 1 << 20

// addressed reports whether all that a request of the JSON API names can be files below the folder
// of the objects. It refuses what names the object of an upload in the body only, a batch, whose
// requests are in its body, and a bucket that is made by a body.
func (d *disk) addressed(r *http.Request) bool {
	rest := strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, "/upload"), "/download")
	if strings.HasPrefix(rest, "/resumable/") {
		return true
	}
	rest, ok := strings.CutPrefix(rest, "/storage/v1/b")
	if !ok || rest == "" || rest == "/" {
		return ok && r.Method == http.MethodGet
	}
	query := r.URL.Query()
	name := query.Get("name")
	uploads, resumable := strings.HasPrefix(r.URL.Path, "/upload/"), query.Get("uploadType") == "resumable"
	goesOn := query.Has("upload_id") && (resumable || r.Method != http.MethodPost)
	if uploads && !goesOn && name == "" || name != "" && !d.storable(name) {
		return false
	}
	if (uploads && resumable && !goesOn || strings.HasSuffix(rest, "/compose")) && !d.namesStorable(r) {
		return false
	}
	return d.storable(strings.Trim(rest, "/"))
}

// namesStorable reports whether the names in the body of a request are storable, of the object that
// a resumable upload begins, or of the sources of a composition. It leaves the body as it was.
func (d *disk) namesStorable(r *http.Request) bool {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxNamesBytes+1))
	r.Body = io.NopCloser(bytes.NewReader(body))
	if err != nil || len(body) > maxNamesBytes {
		return false
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return true
	}
	var in struct {
		Bucket, Name  string
		SourceObjects []struct{ Name string }
	}
	if json.Unmarshal(body, &in) != nil {
		return false
	}
	names := []string{cmp.Or(in.Bucket, "none"), cmp.Or(in.Name, "none")}
	for _, source := range in.SourceObjects {
		names = append(names, source.Name)
	}
	return !slices.ContainsFunc(names, func(name string) bool { return !d.storable(name) })
}
