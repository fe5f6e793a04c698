package host

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/storage"

	"github.com/facescan/facescan/internal/client"
	"github.com/facescan/facescan/internal/client/api"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
)

// moveBy posts to the clock, as a developer does with curl, and returns the status and the time.
func moveBy(ctx context.Context, t *testing.T, h *Host, body string) (int, time.Time) {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.ClockURL(), strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct{ Now time.Time }
	if resp.StatusCode == http.StatusOK {
		if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
			t.Fatal(err)
		}
	}
	return resp.StatusCode, answer.Now
}

// hasOriginal asks whether the scan's photo is kept.
func hasOriginal(ctx context.Context, t *testing.T, c *client.Client, id string) bool {
	t.Helper()
	resp, err := c.API().ListImagesWithResponse(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(resp.JSON200.Items, func(i api.Image) bool { return i.Name == "original" })
}

func TestStop(t *testing.T) {
	c, err := newClock(0)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	if err := c.Move(time.Hour); err != nil {
		t.Fatal(err)
	}
	if err := c.Stop(); err != nil {
		t.Fatal(err)
	}
	still := c.Now()
	if ahead := time.Until(still); ahead < 55*time.Minute || ahead > time.Hour {
		t.Errorf("stopped %s ahead, want an hour", ahead)
	}
	if again := c.Now(); !again.Equal(still) {
		t.Errorf("%s has passed", again.Sub(still))
	}
	if err := c.Move(0); err != nil {
		t.Fatal(err)
	}
	if !c.Now().After(still) {
		t.Error("the time stands still after it was moved")
	}
}

// A day passes for the functions, the storage and the sweep, also for a process that starts later.
func TestClock(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	h := start(t)
	photo := emulatortest.SamplePhoto(t)
	ada, grace := enrol(ctx, t, h, "ada"), enrol(ctx, t, h, "grace")
	scan := awaitEnd(ctx, t, ada, upload(ctx, t, ada, photo))
	if !hasOriginal(ctx, t, ada, scan.ID) {
		t.Fatal("the photo is not kept to begin with")
	}

	for _, body := range []string{
		``, `{}`, `{"advance":"a day"}`, `[]`, `{"advance":"2562047h"}`, `{"advance":"-2562047h"}`,
	} {
		if status, _ := moveBy(ctx, t, h, body); status != http.StatusBadRequest {
			t.Errorf("%s: status %d", body, status)
		}
	}
	if resp, err := http.Post(
		h.URL+clockPath, "application/json", bytes.NewReader([]byte(`{"advance":"24h"}`)),
	); err != nil {
		t.Fatal(err)
	} else if resp.Body.Close(); resp.StatusCode != http.StatusNotFound {
		t.Errorf("the public port moves the clock: status %d", resp.StatusCode)
	}
	status, now := moveBy(ctx, t, h, `{"advance":"25h"}`)
	if ahead := time.Until(now); status != http.StatusOK || ahead < 24*time.Hour || ahead > 26*time.Hour {
		t.Fatalf("status %d, %s ahead", status, ahead)
	}

	t.Run("the sweep deletes the photo", func(t *testing.T) {
		if _, err := client.Poll(ctx, func() (bool, bool, error) {
			err := h.RequestSweep(ctx)
			return true, !hasOriginal(ctx, t, ada, scan.ID), err
		}); err != nil {
			t.Errorf("it is kept: %v", err)
		}
	})
	t.Run("a photo is dated, in the process after kill -9 too", func(t *testing.T) {
		kill(ctx, t, h)
		late := awaitEnd(ctx, t, grace, upload(ctx, t, grace, photo))
		if ahead := time.Until(late.CreatedAt); ahead < 24*time.Hour {
			t.Errorf("the scan is dated %s ahead", ahead)
		}
		storageClient, err := storage.NewClient(ctx, h.Storage.ClientOptions()...)
		if err != nil {
			t.Fatal(err)
		}
		defer storageClient.Close()
		objects := storageClient.Bucket(UploadsBucket).Objects(ctx, nil)
		object, err := objects.Next()
		if err != nil {
			t.Fatal(err)
		}
		if ahead := time.Until(object.Created); ahead < 24*time.Hour {
			t.Errorf("%s is dated %s ahead", object.Name, ahead)
		}
	})
}
