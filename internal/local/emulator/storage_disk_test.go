package emulator

import (
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// onDisk keeps the objects of a test's storage on disk.
func onDisk(o *StorageOptions) { o.OnDisk = true }

// filesBelow are the files below the folder.
func filesBelow(t *testing.T, folder string) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			all = append(all, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestStorage_onAFullDisk(t *testing.T) {
	s := newStorageTest(t)
	create := s.disk.create
	signed := s.sign(t, http.MethodPut, "image/jpeg", uploadHeaders...)
	device := filepath.Join(t.TempDir(), "full") // by its own name, as a refused upload's file is removed
	if err := os.Symlink("/dev/full", device); err != nil {
		t.Fatal(err)
	}
	for _, full := range []func() (*os.File, error){
		func() (*os.File, error) { return nil, syscall.ENOSPC },
		// Writing there fails for want of room; where it is not, so does opening it.
		func() (*os.File, error) { return os.OpenFile(device, os.O_RDWR, 0) },
	} {
		s.disk.create = full
		resp, body := s.put(t, signed, "photo")
		want(t, resp, body, http.StatusServiceUnavailable, "ServiceUnavailable")
	}
	s.disk.create = create
	resp, body := s.put(t, signed, "photo") // the same URL, once there is room again
	want(t, resp, body, http.StatusOK, "")
}

func TestStorage_keepsNothing(t *testing.T) {
	s := newStorageTest(t, onDisk)
	info, err := os.Stat(s.disk.root)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Fatalf("the folder may be read: %v, %v", info.Mode(), err)
	}
	refused := s.sign(t, http.MethodPut, "image/jpeg", uploadHeaders...)
	resp, body := s.put(t, refused, strings.Repeat("x", 11))
	want(t, resp, body, http.StatusBadRequest, "EntityTooLarge")
	if left := filesBelow(t, s.disk.root); len(left) != 1 { // the bucket's own
		t.Errorf("of a refused upload %q is left", left)
	}
	resp, body = s.put(t, refused, "photo")
	want(t, resp, body, http.StatusOK, "")
	if err := s.gcs.Bucket(testBucket).Object(testObject).Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, left := range filesBelow(t, s.disk.root) {
		if content, err := os.ReadFile(left); err != nil || strings.Contains(string(content), "photo") {
			t.Errorf("of a deleted object %q is left, %v", left, err)
		}
	}
	if err := s.Close(); err != nil { // as the test's end does again
		t.Fatal(err)
	}
	if _, err := os.Stat(s.disk.root); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after the end the folder is left: %v", err)
	}
}

// What a killed process left is removed, and what another one has is not.
func TestSweepFolders(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	folder := func(pid int) string {
		t.Helper()
		name := filepath.Join(os.TempDir(), folderPrefix+strconv.Itoa(pid)+"-1")
		if err := os.Mkdir(name, 0o700); err != nil {
			t.Fatal(err)
		}
		return name
	}
	const none = 1<<22 + 1 // above the largest id of a process on Linux
	gone, there := folder(none), folder(os.Getpid())
	removeLeft()
	if _, err := os.Stat(gone); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what a killed process left is there: %v", err)
	}
	if _, err := os.Stat(there); err != nil {
		t.Error(err)
	}
}

// The objects' folder is not left, by whatever name.
func TestStorage_staysInItsFolder(t *testing.T) {
	s := newStorageTest(t, onDisk)
	outside := filepath.Join(s.disk.root, "outside")
	if err := os.WriteFile(outside, []byte("kept"), 0o600); err != nil {
		t.Fatal(err)
	}
	const upload = "/upload/storage/v1/b/"
	base := "http://" + s.Host()
	for name, r := range map[string]struct{ method, path, body string }{
		"an upload":                    {"POST", upload + "uploads/o?uploadType=media&name=..%2F..%2Foutside", "x"},
		"an upload to a bucket":        {"POST", upload + "..%2F..%2F/o?uploadType=media&name=outside", "x"},
		"an upload named by its body":  {"POST", upload + "uploads/o?uploadType=resumable", `{"name":"../../outside"}`},
		"a deletion":                   {"DELETE", "/storage/v1/b/uploads/o/..%2F..%2Foutside", ""},
		"a deletion with dots inside":  {"DELETE", "/storage/v1/b/uploads/o/a%2F..%2F..%2F..%2Foutside", ""},
		"a read":                       {"GET", "/download/storage/v1/b/uploads/o/..%2F..%2Foutside", ""},
		"a copy":                       {"POST", "/storage/v1/b/uploads/o/a/copyTo/b/uploads/o/..%2F..%2Foutside", ""},
		"a bucket that is made":        {"POST", "/storage/v1/b", `{"name":"../outside"}`},
		"a batch":                      {"POST", "/batch/storage/v1", "x"},
		"a read by the XML API":        {"GET", "/uploads/..%2F..%2Foutside", ""},
		"an upload of fake-gcs-server": {"PUT", "/_internal/config", "{}"},
	} {
		t.Run(name, func(t *testing.T) {
			resp, body := s.send(t, r.method, base+r.path, strings.NewReader(r.body), "X-Goog-Api-Client:gccl/1")
			if resp.StatusCode < http.StatusBadRequest {
				t.Errorf("%d %s", resp.StatusCode, body)
			}
			if content, err := os.ReadFile(outside); err != nil || string(content) != "kept" {
				t.Fatalf("outside the folder there is %q, %v", content, err)
			}
		})
	}
	multipart := "--x\r\nContent-Type: application/json\r\n\r\n{\"name\":\"../../outside\"}\r\n" +
		"--x\r\nContent-Type: text/plain\r\n\r\nspilled\r\n--x--\r\n"
	for name, r := range map[string]struct{ host, contentType, path, body string }{
		"a multipart upload named by its body": {
			"", "text/plain; boundary=x", upload + "uploads/o?uploadType=multipart&upload_id=1", multipart,
		},
		"an upload to the bucket that is the host": {
			"uploads", "text/plain; boundary=x", "/storage/v1/bx?uploadType=multipart", multipart,
		},
		"an upload to the host by another way": {
			"uploads", "text/plain; boundary=x", "/storage/v1/b/uploads?uploadType=multipart", multipart,
		},
		"a resumable upload with two names": {
			"", "application/json", upload + "uploads/o?uploadType=resumable&name=fine",
			`{"bucket":"uploads","name":"../../outside"}`,
		},
		"a composition": {
			"", "application/json", "/storage/v1/b/uploads/o/fine/compose", `{"sourceObjects":[{"name":"../../outside"}]}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+r.path, strings.NewReader(r.body))
			if err != nil {
				t.Fatal(err)
			}
			req.Host = r.host
			req.Header.Set("Content-Type", r.contentType)
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if resp.StatusCode < http.StatusBadRequest {
				t.Errorf("%d", resp.StatusCode)
			}
			if content, err := os.ReadFile(outside); err != nil || string(content) != "kept" {
				t.Fatalf("outside the folder there is %q, %v", content, err)
			}
		})
	}
	t.Run("a web page", func(t *testing.T) {
		resp, body := s.send(t, http.MethodPost, base+upload+"uploads/o?uploadType=media&name=fine",
			strings.NewReader("x"), "Origin:https://example.com")
		if resp.StatusCode != http.StatusForbidden {
			t.Errorf("%d %s", resp.StatusCode, body)
		}
	})
	t.Run("a name that only looks like one", func(t *testing.T) {
		w := s.gcs.Bucket(testBucket).Object("a..b/..c").NewWriter(t.Context())
		_, err := io.WriteString(w, "fine")
		if err := errors.Join(err, w.Close()); err != nil {
			t.Error(err)
		}
	})
}
