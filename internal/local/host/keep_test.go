package host

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/facescan/facescan/internal/client"
	"github.com/facescan/facescan/internal/client/api"
	"github.com/facescan/facescan/internal/local/address"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/keep"
	"github.com/facescan/facescan/internal/testkit"
)

// begin starts a stack of its own, whose data are in the folder. It is ended as by Ctrl-C.
func begin(ctx context.Context, t *testing.T, folder string) (h *Host, end func()) {
	t.Helper()
	ctx, interrupt := context.WithCancel(ctx)
	t.Cleanup(interrupt)
	for _, name := range []string{"FIRESTORE_EMULATOR_HOST", "PUBSUB_EMULATOR_HOST", "FIREBASE_AUTH_EMULATOR_HOST"} {
		t.Setenv(name, "") // of the stack before, too
	}
	h, err := Start(ctx, Options{
		Progress: t.Output(), Logs: t.Output(), Place: address.Place{}, Keep: folder, KeepEvery: time.Hour,
	})
	if err != nil {
		t.Fatal(err)
	}
	return h, func() {
		interrupt()
		if err := h.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestKeep starts the stack twice with one folder.
func TestKeep(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
	defer cancel()
	folder := filepath.Join(t.TempDir(), "kept")
	h, end := begin(ctx, t, folder)
	app := &client.Client{URL: h.URL, AuthHost: h.AuthHost, Email: "kept@example.com", Password: "correct horse"}
	scan := arrive(ctx, t, h, app)
	if e, err := app.AwaitExport(ctx); err != nil || e.State != api.ExportStateReady {
		t.Fatal(e.State, err)
	}
	if err := h.MoveClock(time.Hour); err != nil {
		t.Fatal(err)
	}
	end()
	if n := objects(t, kept(t, folder), ResultsBucket, "exports"); n != 1 {
		t.Errorf("%d exports are kept", n)
	}
	if n := objects(t, kept(t, folder), UploadsBucket, "uploads"); n != 1 {
		t.Errorf("%d originals are kept", n)
	}

	h, end = begin(ctx, t, folder)
	app.URL, app.AuthHost = h.URL, h.AuthHost
	t.Run("who was signed in still is", func(t *testing.T) {
		if s, err := app.Scan(ctx, scan); err != nil || s.State != api.ScanStateCompleted {
			t.Errorf("%+v, %v", s, err)
		}
	})
	t.Run("and may log in anew", func(t *testing.T) {
		if _, err := app.Login(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Run("pictures and photo are there", func(t *testing.T) {
		images, err := app.API().ListImagesWithResponse(ctx, scan)
		if err != nil || images.JSON200 == nil || len(images.JSON200.Items) < 2 {
			t.Fatalf("%+v, %v", images, err)
		}
		for _, image := range images.JSON200.Items {
			h.fetches(t, image.URL, h.StorageHost())
		}
	})
	t.Run("the clock is moved as it was", func(t *testing.T) {
		if moved := time.Until(h.Now()); moved < 59*time.Minute || moved > time.Hour {
			t.Errorf("by %s", moved)
		}
	})
	t.Run("what is due is deleted", func(t *testing.T) {
		if err := h.MoveClock(48 * time.Hour); err != nil {
			t.Fatal(err)
		}
		live := emulator.ObjectsIn(h.liveRoot())
		testkit.Eventually(t, "the end of export and original", func() bool {
			if err := h.RequestSweep(ctx); err != nil {
				t.Fatal(err)
			}
			return objects(t, live, ResultsBucket, "exports")+objects(t, live, UploadsBucket, "uploads") == 0
		})
	})
	end()
	if n := objects(t, kept(t, folder), ResultsBucket, "exports"); n != 0 {
		t.Errorf("%d exports are kept after they were due", n)
	}
	if n := objects(t, kept(t, folder), UploadsBucket, "uploads"); n != 0 {
		t.Errorf("%d originals are kept after they were due", n)
	}
}

// TestKeep_nothingOfAFirstThatFails: what SEED=1 has made by half would be taken for the whole.
func TestKeep_nothingOfAFirstThatFails(t *testing.T) {
	for _, name := range []string{"FIRESTORE_EMULATOR_HOST", "PUBSUB_EMULATOR_HOST", "FIREBASE_AUTH_EMULATOR_HOST"} {
		t.Setenv(name, "")
	}
	folder, interrupted := filepath.Join(t.TempDir(), "kept"), errors.New("interrupted")
	_, err := Start(t.Context(), Options{
		Progress: t.Output(), Logs: t.Output(), Keep: folder, KeepEvery: time.Millisecond,
		First: func(ctx context.Context, h *Host) error {
			app := &client.Client{URL: h.URL, AuthHost: h.AuthHost, Email: "half@example.com", Password: "correct horse"}
			if _, err := app.SignUp(ctx); err != nil {
				return err
			}
			return errors.Join(h.MoveClock(-48*time.Hour), interrupted)
		},
	})
	if !errors.Is(err, interrupted) {
		t.Fatalf("started: %v", err)
	}
	f, err := keep.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	if state, _, ok := f.State(); ok {
		t.Errorf("there is %s", state)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// kept returns where the one state in the folder has its objects.
func kept(t *testing.T, folder string) string {
	t.Helper()
	states, err := filepath.Glob(filepath.Join(folder, "state-*"))
	if err != nil || len(states) != 1 {
		t.Fatalf("states %q, %v", states, err)
	}
	return keep.Objects(states[0])
}

// objects returns how many objects of the bucket, whose name begins with the folder, are below
// root.
func objects(t *testing.T, root, bucket, folder string) (n int) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(root, bucket, folder), func(_ string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() && !strings.HasSuffix(e.Name(), ".metadata") { // where files have no attributes
			n++
		}
		if errors.Is(err, os.ErrNotExist) {
			return nil // one that has just gone
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
