package systest_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/facescan/facescan/internal/apiclient"
	"github.com/facescan/facescan/internal/emulator"
	"github.com/facescan/facescan/scripts/local/app"
)

// TestSeriesWithAnothersFace: the guard compares the photos of a series with those that their user
// had measured before, and the series leaves out the one that shows another face.
func TestSeriesWithAnothersFace(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	s := start(t)
	s.crash.rest(t)
	sample, err := emulator.SamplePhoto(ctx)
	if err != nil {
		t.Fatal(err)
	}
	user := s.app("series")
	s.enrol(ctx, t, user, "systest_series")
	s.scan(ctx, t, user, "before", sample)

	opened, err := user.OpenSeries(ctx, "series", apiclient.SeriesRequestContentTypeImageJpeg, 3)
	if err != nil {
		t.Fatal(err)
	}
	for i, u := range opened.Uploads {
		photo, err := app.Look(sample, i)
		if err == nil && i == 2 {
			photo, err = app.Stretch(photo, 0.78) // a narrower face is another one
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := user.Put(ctx, &u.Upload, photo); err != nil {
			t.Fatal(err)
		}
	}
	done, err := user.AwaitSeries(ctx, opened.Series.ID)
	if err != nil || done.State != apiclient.SeriesStateCompleted || *done.Photos != 2 {
		t.Fatalf("series %+v, %v", done, err)
	}
	for i, one := range done.Scans[:2] {
		if one.LeftOut != nil || !*one.Rankable {
			t.Errorf("look %d: %+v", i, one)
		}
	}
	other, err := user.Scan(ctx, done.Scans[2].ID)
	if err != nil || other.Result == nil {
		t.Fatalf("scan %+v, %v", other, err)
	}
	reasons, err := json.Marshal(other.Result)
	if err != nil || !strings.Contains(string(reasons), `"geometry_jump"`) || done.Scans[2].LeftOut.Code != "not_rankable" {
		t.Errorf("another's face is left out because of %+v: %s, %v", done.Scans[2].LeftOut, reasons, err)
	}
}
