package scan

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account"
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
	e := newEnv(t)
	api := scansAPI(e.service(e.fs))
	s := e.newScan(t)
	e.finish(t, s, measure)
	writeObject(t, e.results.Object(ResultPrefix(s.UID, s.ID)+"renditions/small.jpg"), []byte("the small one"))
	w := ask(t, api, "anna", http.MethodGet, pathOf(s)+"/images")
	if w.Code != http.StatusOK {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	view := decoded[imagesView](t, w)
	want := map[string]string{
		"original": "photo", "renditions/small": "the small one", "overlay": "the overlay", "crop": "the crop",
		"left-left": "the left-left", "right-right": "the right-right", "thumbnail": "the thumbnail",
	}
	got := map[string]string{}
	for _, i := range view.Images {
		resp, body := download(t, i.URL)
		got[i.Name] = body
		file := `attachment; filename=` + string(s.ID) + "-" + i.Name[strings.LastIndex(i.Name, "/")+1:] + "."
		if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != i.ContentType || i.ContentType != "image/jpeg" ||
			!strings.HasPrefix(resp.Header.Get("Content-Disposition"), file) || int(i.Bytes) != len(body) {
			t.Errorf("%s: %d, %v", i.Name, resp.StatusCode, resp.Header)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("images (-want +got):\n%s", diff)
	}
	url := view.Images[0].URL
	for name, broken := range map[string]string{
		"of another type":    strings.Replace(url, "response-content-type=image%2Fjpeg", "response-content-type=text%2Fhtml", 1),
		"of another object":  strings.Replace(url, string(s.ID), string(randomID()), 1),
		"of a longer life":   strings.Replace(url, "X-Goog-Expires=", "X-Goog-Expires=9", 1),
		"without signature":  strings.Split(url, "?")[0],
		"of another picture": strings.Replace(url, view.Images[0].Name+".jpg", view.Images[1].Name+".jpg", 1),
	} {
		if broken == url {
			t.Errorf("%s: it is the same", name)
		}
		if resp, body := download(t, broken); resp.StatusCode < 400 {
			t.Errorf("%s: %d %s", name, resp.StatusCode, body)
		}
	}
	e.clock.advance(imageLife + 2*time.Second)
	if resp, _ := download(t, url); resp.StatusCode != http.StatusBadRequest {
		t.Errorf("after its end: %d", resp.StatusCode)
	}
}

func TestImagesOfWhatHasNone(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	api := scansAPI(e.service(e.fs))
	for _, state := range []State{AwaitingUpload, Queued, Processing, Failed} {
		s, _ := e.begunScan(t, state)
		wantProblem(t, ask(t, api, "anna", http.MethodGet, pathOf(s)+"/images"), http.StatusConflict, "scan_not_completed")
	}
	s, generation := e.begunScan(t, Completed)
	wantProblem(t, ask(t, api, "bob", http.MethodGet, pathOf(s)+"/images"), http.StatusForbidden, "not_registered")
	e.putBob(t)
	wantProblem(t, ask(t, api, "bob", http.MethodGet, pathOf(s)+"/images"), http.StatusNotFound, "not_found")
	if err := deletePhoto(t.Context(), e.uploads, PhotoName(s.UID, s.ID), generation); err != nil {
		t.Fatal(err)
	}
	for _, i := range decoded[imagesView](t, ask(t, api, "anna", http.MethodGet, pathOf(s)+"/images")).Images {
		if i.Name == originalImage {
			t.Error("the photo is among the images although it is deleted")
		}
	}
	broken := e.service(e.fs)
	broken.Signing.PrivateKey, broken.Signing.SignBytes = nil, func([]byte) ([]byte, error) { return nil, errors.New("IAM is away") }
	wantProblem(t, ask(t, scansAPI(broken), "anna", http.MethodGet, pathOf(s)+"/images"), 503, "unavailable")
	e.putUser(t, account.User{UID: anna, State: account.Erasing})
	wantProblem(t, ask(t, api, "anna", http.MethodGet, pathOf(s)+"/images"), http.StatusForbidden, "account_erasing")
}
