package client

import (
	"bytes"
	"slices"
	"testing"

	"github.com/facescan/facescan/internal/face"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/scan/cheat"
)

// The guard judges looks like any photos of a series, and finds nothing wrong, neither among them
// nor beside the photo that they are made of.
func TestLooksPassAsASeries(t *testing.T) {
	t.Parallel()
	sample := emulatortest.SamplePhoto(t)
	var state cheat.State
	for n := -1; n < 5; n++ {
		photo, series := sample, ""
		if n >= 0 {
			var err error
			if photo, err = Look(sample, n); err != nil {
				t.Fatal(err)
			}
			series = "series"
		}
		measured, pictures, err := face.Scan(bytes.NewReader(photo), report.Options{})
		if err != nil {
			t.Fatalf("look %d: %v", n, err)
		}
		i := slices.IndexFunc(pictures, func(p report.Picture) bool { return p.Name == report.PictureCrop })
		seen, err := cheat.Observe(measured, pictures[i].Image)
		if err != nil {
			t.Fatal(err)
		}
		seen.SeriesID = series
		var reasons []cheat.Reason
		reasons, state = cheat.Judge(state, string(rune('b'+n)), 1, seen)
		if len(reasons) > 0 {
			t.Errorf("look %d: %v", n, reasons)
		}
		t.Logf("look %d: score %v, ranked %v %s", n, measured.Score.Value, measured.Rankable, measured.NotRankableBecause)
	}
}

func TestLookOfWhatIsNoPhoto(t *testing.T) {
	t.Parallel()
	if _, err := Look([]byte("no photo"), 0); err == nil {
		t.Error("no error")
	}
}
