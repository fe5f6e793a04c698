package systest_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/facescan/facescan/internal/client"
	"github.com/facescan/facescan/internal/client/api"
	"github.com/facescan/facescan/internal/local/photos"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/cheat"
)

// photoList is the list of test photos as an app's developers read it.
type photoList struct{ Photos []photos.Photo }

// fetch returns what the local stack serves at a URL.
func fetch(ctx context.Context, t *testing.T, url string) []byte {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d, %v", url, resp.StatusCode, err)
	}
	return body
}

// TestPhotosOfTheList: what the list of test photos says of a photo comes of it, where the API and
// not the engine alone decides, and for one photo of each failure. Package photos tests the others.
func TestPhotosOfTheList(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	s := start(t)
	var list photoList
	if err := json.Unmarshal(fetch(ctx, t, s.PhotosURL()), &list); err != nil || len(list.Photos) < 40 {
		t.Fatalf("%d photos, %v", len(list.Photos), err)
	}
	user := s.app("photos")
	s.enrol(ctx, t, user, "systest_photos")
	change := api.ProfileChange{Locale: new("de-AT")} // each failure and warning in German: see inOneLanguage
	if _, err := user.API().UpdateProfileWithResponse(ctx, nil, change); err != nil {
		t.Fatal(err)
	}
	done := map[string]api.Scan{}
	failures := map[string]bool{}
	for _, p := range list.Photos {
		first := !failures[p.Outcome.FailureCode]
		failures[p.Outcome.FailureCode] = true
		if first || slices.Contains(p.After, "completed") {
			done[p.Code] = s.upload(ctx, t, user, p)
			if diff := gocmp.Diff(p.Outcome, outcomeOf(done, p), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", p.Code, diff)
			}
		}
	}
	if len(done) < 17 {
		t.Errorf("only %d photos were uploaded", len(done))
	}
}

// upload does with a photo what the list says.
func (s *system) upload(ctx context.Context, t *testing.T, c *client.Client, p photos.Photo) api.Scan {
	t.Helper()
	request := api.UploadRequest{ContentType: api.UploadRequestContentType(p.ContentType)}
	if p.SHA256 != "" {
		request.Sha256 = &p.SHA256
	}
	resp, err := c.API().OpenScanWithResponse(ctx, &api.OpenScanParams{IdempotencyKey: &p.Code}, request)
	if err != nil || resp.JSON201 == nil || resp.JSON201.Upload == nil {
		t.Fatalf("%s: open: %s, %v", p.Code, resp.Body, err)
	}
	ticket := resp.JSON201.Upload
	if p.ContentEncoding != "" {
		ticket.Headers["Content-Encoding"] = p.ContentEncoding
	}
	if err := c.Put(ctx, ticket, fetch(ctx, t, p.URL)); err != nil {
		t.Fatalf("%s: put: %v", p.Code, err)
	}
	ended, err := c.AwaitScan(ctx, resp.JSON201.Scan.ID)
	if err != nil {
		t.Fatalf("%s: %v", p.Code, err)
	}
	return ended
}

// outcomeOf is the outcome that the scan of a photo shows, after those that are done.
func outcomeOf(done map[string]api.Scan, p photos.Photo) photos.Outcome {
	got := done[p.Code]
	o := photos.Outcome{State: scan.State(got.State)}
	if got.Failure != nil {
		o.FailureCode = got.Failure.Code
	}
	if got.DuplicateOf != nil {
		o.DuplicateOf = "another scan"
		for code, earlier := range done {
			if earlier.ID == *got.DuplicateOf {
				o.DuplicateOf = code
			}
		}
	}
	if got.Result == nil {
		return o
	}
	o.Rankable = got.Result.Rankable
	for _, c := range got.Result.Checks {
		if c.Verdict == "warn" {
			o.Warnings = append(o.Warnings, c.Check)
		}
	}
	if got.Result.Guard != nil {
		for _, reason := range *got.Result.Guard {
			o.Reasons = append(o.Reasons, cheat.Code(reason.Code))
		}
	}
	return o
}
