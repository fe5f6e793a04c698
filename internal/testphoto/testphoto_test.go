package testphoto

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// emptyModuleCache gives the go command a module cache without modules, whose downloads come from
// this machine's own.
func emptyModuleCache(t *testing.T) {
	t.Helper()
	out, err := exec.Command("go", "env", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Sample(t.Context()); err != nil { // so that there is something to come from
		t.Fatal(err)
	}
	downloads := http.FileServer(http.Dir(filepath.Join(strings.TrimSpace(string(out)), "cache", "download")))
	proxy := httptest.NewServer(downloads)
	t.Cleanup(proxy.Close)
	t.Setenv("GOPROXY", proxy.URL)
	t.Setenv("GOSUMDB", "off") // go.sum vouches
	t.Setenv("GOFLAGS", "-modcacherw")
	t.Setenv("GOMODCACHE", t.TempDir())
}

func TestSamplePhoto(t *testing.T) {
	want, err := Sample(t.Context())
	if err != nil || http.DetectContentType(want) != "image/jpeg" {
		t.Fatalf("%d bytes, %v", len(want), err)
	}
	t.Run("from another folder, with an empty module cache", func(t *testing.T) {
		emptyModuleCache(t)
		t.Chdir(t.TempDir())
		if got, err := Sample(t.Context()); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes, %v", len(got), err)
		}
	})
	t.Run("where it cannot be downloaded", func(t *testing.T) {
		emptyModuleCache(t)
		t.Setenv("GOPROXY", "off")
		if _, err := Sample(t.Context()); err == nil || !strings.Contains(err.Error(), "GOPROXY=off") {
			t.Errorf("got %v, want the go command's reason", err)
		}
	})
	t.Run("without the go command", func(t *testing.T) {
		t.Setenv("PATH", t.TempDir())
		if _, err := Sample(t.Context()); !errors.Is(err, exec.ErrNotFound) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("after Ctrl-C", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := Sample(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}
