package serve_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/local/emulator/scantest"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/serve"
)

// download reads a signed URL as an app does, without any credentials.
func download(t *testing.T, url string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

func TestImages(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	api := scantest.ScanAPI(e.ScanHandler(e.Firestore))
	s := e.NewScan(t)
	e.Finish(t, s, scantest.Measure)
	scantest.WriteObject(
		t, e.Results.Object(scan.ResultPrefix(s.UID, s.ID)+"renditions/small.jpg"), []byte("the small one"),
	)
	w := scantest.Ask(t, api, "anna", http.MethodGet, scantest.PathOf(s)+"/images")
	if w.Code != http.StatusOK {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	view := scantest.Decoded[serve.ImagesView](t, w)
	want := map[string]string{
		"original": "photo", "renditions/small": "the small one", "overlay": "the overlay", "crop": "the crop",
		"left-left": "the left-left", "right-right": "the right-right", "thumbnail": "the thumbnail",
	}
	got := map[string]string{}
	for _, i := range view.Items {
		resp, body := download(t, i.URL)
		got[i.Name] = body
		file := `attachment; filename=` + string(s.ID) + "-" + i.Name[strings.LastIndex(i.Name, "/")+1:] + "."
		if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != i.ContentType ||
			i.ContentType != "image/jpeg" ||
			!strings.HasPrefix(resp.Header.Get("Content-Disposition"), file) || int(i.Bytes) != len(body) {
			t.Errorf("%s: %d, %v", i.Name, resp.StatusCode, resp.Header)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("images (-want +got):\n%s", diff)
	}
	url := view.Items[0].URL
	for name, broken := range map[string]string{
		"of another type": strings.Replace(
			url, "response-content-type=image%2Fjpeg", "response-content-type=text%2Fhtml", 1,
		),
		"of another object":  strings.Replace(url, string(s.ID), string(scantest.RandomID()), 1),
		"of a longer life":   strings.Replace(url, "X-Goog-Expires=", "X-Goog-Expires=9", 1),
		"without signature":  strings.Split(url, "?")[0],
		"of another picture": strings.Replace(url, view.Items[0].Name+".jpg", view.Items[1].Name+".jpg", 1),
	} {
		if broken == url {
			t.Errorf("%s: it is the same", name)
		}
		if resp, body := download(t, broken); resp.StatusCode < 400 {
			t.Errorf("%s: %d %s", name, resp.StatusCode, body)
		}
	}
	e.Clock.Advance(serve.ImageLife + 2*time.Second)
	if resp, _ := download(t, url); resp.StatusCode != http.StatusBadRequest {
		t.Errorf("after its end: %d", resp.StatusCode)
	}
}

func TestImagesOfWhatHasNone(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	api := scantest.ScanAPI(e.ScanHandler(e.Firestore))
	for _, state := range []scan.State{scan.AwaitingUpload, scan.Queued, scan.Processing, scan.Failed} {
		s, _ := e.BegunScan(t, state)
		scantest.WantProblem(
			t, scantest.Ask(t, api, "anna", http.MethodGet, scantest.PathOf(s)+"/images"), http.StatusConflict,
			"scan_not_completed",
		)
	}
	s, generation := e.BegunScan(t, scan.Completed)
	scantest.WantProblem(
		t, scantest.Ask(t, api, "bob", http.MethodGet, scantest.PathOf(s)+"/images"), http.StatusForbidden, "not_registered",
	)
	e.PutBob(t)
	scantest.WantProblem(
		t, scantest.Ask(t, api, "bob", http.MethodGet, scantest.PathOf(s)+"/images"), http.StatusNotFound, "not_found",
	)
	if err := scan.DeletePhoto(t.Context(), e.Uploads, scan.PhotoName(s.UID, s.ID), generation); err != nil {
		t.Fatal(err)
	}
	for _, i := range scantest.Decoded[serve.ImagesView](
		t, scantest.Ask(t, api, "anna", http.MethodGet, scantest.PathOf(s)+"/images"),
	).Items {
		if i.Name == serve.OriginalImage {
			t.Error("the photo is among the images although it is deleted")
		}
	}
	broken := e.ScanHandler(e.Firestore)
	broken.Signing.PrivateKey, broken.Signing.SignBytes = nil, func([]byte) ([]byte, error) {
		return nil, errors.New("IAM is away")
	}
	scantest.WantProblem(
		t, scantest.Ask(t, scantest.ScanAPI(broken), "anna", http.MethodGet, scantest.PathOf(s)+"/images"), 503,
		"unavailable",
	)
	e.PutUser(t, account.User{UID: scantest.Anna, State: account.Erasing})
	scantest.WantProblem(
		t, scantest.Ask(t, api, "anna", http.MethodGet, scantest.PathOf(s)+"/images"), http.StatusForbidden,
		"account_erasing",
	)
}
