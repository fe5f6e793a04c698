package cheat

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/kovidgoyal/imaging"
	"pgregory.net/rapid"

	"github.com/facescan/facescan/internal/face"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
)

func TestMain(m *testing.M) { os.Exit(emulatortest.Main(m, emulator.Firestore)) }

// sample is the sample photo, lit.
func sample(t *testing.T) image.Image {
	t.Helper()
	img, err := jpeg.Decode(bytes.NewReader(emulatortest.SamplePhoto(t)))
	if err != nil {
		t.Fatal(err)
	}
	return lit(img)
}

// lit lays soft lights and shadows on the picture: an average face is so smooth that the signs of
// its frequencies are mostly noise.
func lit(img image.Image) *image.NRGBA {
	out := imaging.Clone(img)
	for i, v := range out.Pix {
		if i%4 == 3 {
			continue // opaque
		}
		x, y := float64(i%out.Stride/4)/float64(out.Rect.Dx()), float64(i/out.Stride)/float64(out.Rect.Dy())
		light := 0.85
		for k := 3.0; k < 12; k++ {
			light += 0.025 * math.Sin(k*math.Pi*x+k) * math.Cos((k+1)*math.Pi*y+k)
		}
		out.Pix[i] = uint8(min(255, max(0, float64(v)*light)))
	}
	return out
}

// observed is what the guard sees of the picture, saved as a JPEG and scanned.
func observed(t *testing.T, img image.Image, quality int) Observation {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: quality}); err != nil {
		t.Fatal(err)
	}
	measured, pictures, err := face.Scan(&b, report.Options{})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(pictures, func(p report.Picture) bool { return p.Name == report.PictureCrop })
	o, err := Observe(measured, pictures[i].Image)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func codesOf(reasons []Reason) string {
	var list []string
	for _, r := range reasons {
		list = append(list, string(r.Code))
	}
	return strings.Join(list, " ")
}

// halved shows the left half of the picture twice.
func halved(img image.Image) image.Image {
	w, h := img.Bounds().Dx()/2*2, img.Bounds().Dy()
	out := imaging.Crop(img, image.Rect(0, 0, w, h))
	return imaging.Paste(out, imaging.FlipH(imaging.Crop(out, image.Rect(0, 0, w/2, h))), image.Pt(w/2, 0))
}

func TestPhotosOfOneAccount(t *testing.T) {
	t.Parallel()
	img := sample(t)
	first := observed(t, img, 95)
	reasons, state := Judge(State{}, "first", 1, first)
	if len(reasons) > 0 {
		t.Errorf("the first photo: %v", reasons)
	}
	b := img.Bounds()
	for name, tt := range map[string]struct {
		photo   image.Image
		quality int
		want    string
	}{
		"the same, saved worse": {img, 50, "copied_photo"},
		"the same, cropped":     {imaging.Crop(img, image.Rect(0, 0, b.Dx(), b.Dy()-40)), 90, "copied_photo"},
		"the same, brighter":    {imaging.AdjustGamma(img, 1.3), 80, "copied_photo"},
		"its left half twice":   {halved(img), 90, "mirrored_half"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reasons, _ := Judge(state, "next", 1, observed(t, tt.photo, tt.quality))
			if !strings.Contains(codesOf(reasons), tt.want) {
				t.Errorf("%q, want %q among them", codesOf(reasons), tt.want)
			}
			for _, r := range reasons {
				if r.Detail == "" {
					t.Errorf("%s says nothing to the user", r.Code)
				}
			}
		})
	}
}

func TestMirrored_isTheHashOfTheMirrorImage(t *testing.T) {
	t.Parallel()
	crop := imaging.Crop(sample(t), image.Rect(20, 40, 150, 170))
	for name, picture := range map[string]image.Image{"a face": crop, "a face upside down": imaging.FlipV(crop)} {
		low, flipped := frequencies(picture), frequencies(imaging.FlipH(picture))
		if d := distance(signs(mirrored(low)), signs(flipped)); d > 2 { // rounding moves a frequency that lies at the median
			t.Errorf("%s: the mirror image's hash differs in %d bits", name, d)
		}
		if d := distance(signs(low), signs(flipped)); d < 20 {
			t.Errorf("%s: it hardly differs from its mirror image, in %d bits, so this shows nothing", name, d)
		}
	}
}

func TestMirroredCopy_isACopy(t *testing.T) {
	t.Parallel()
	first := Observation{Hash: bytes.Repeat([]byte{0x0f}, hashBits/8), Mirrored: bytes.Repeat([]byte{0x33}, hashBits/8)}
	_, s := Judge(State{}, "first", 1, first)
	second := Observation{Hash: first.Mirrored, Mirrored: first.Hash}
	if reasons, _ := Judge(s, "second", 1, second); codesOf(reasons) != "copied_photo" {
		t.Errorf("%v", reasons)
	}
}

// entries are observations that have nothing to do with each other.
func entries() *rapid.Generator[Observation] {
	return rapid.Custom(func(t *rapid.T) Observation {
		o := Observation{
			Engine: rapid.IntRange(1, 2).Draw(t, "engine"), Likeness: rapid.Float64Range(-1, 1).Draw(t, "likeness"),
		}
		o.Hash = rapid.SliceOfN(rapid.Byte(), hashBits/8, hashBits/8).Draw(t, "hash")
		o.Mirrored = rapid.SliceOfN(rapid.Byte(), hashBits/8, hashBits/8).Draw(t, "mirrored")
		for i := range ratioNames {
			o.Ratios = append(o.Ratios, rapid.Float64Range(0, 1).Draw(t, ratioNames[i]))
		}
		return o
	})
}

// Judging a scan again, whatever came after it, gives the same verdict and counts once.
func TestJudgingAgain_changesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(entries(), 1, 12).Draw(t, "observations")
		var s State
		verdicts := make([][]Reason, len(list))
		for i, o := range list {
			verdicts[i], s = Judge(s, fmt.Sprint(i), 1, o)
		}
		i := rapid.IntRange(0, len(list)-1).Draw(t, "again")
		again, after := Judge(s, fmt.Sprint(i), 1, list[i])
		if diff := cmp.Diff(verdicts[i], again); diff != "" {
			t.Fatalf("verdict (-first +again):\n%s", diff)
		}
		if diff := cmp.Diff(s, after); diff != "" {
			t.Fatalf("state (-first +again):\n%s", diff)
		}
	})
}

func TestForgetting_leavesNoTrace(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(entries(), 1, 8).Draw(t, "observations")
		gone := rapid.IntRange(0, len(list)-1).Draw(t, "gone")
		var all, others State
		for i, o := range list {
			_, all = Judge(all, fmt.Sprint(i), 1, o)
			if i != gone {
				_, others = Judge(others, fmt.Sprint(i), 1, o)
			}
		}
		forgotten := all.Without(fmt.Sprint(gone))
		if len(forgotten.Entries) != len(others.Entries) || len(others.Entries) > 0 && !cmp.Equal(forgotten, others) {
			t.Fatalf("%+v, want %+v", forgotten, others)
		}
		if !cmp.Equal(all, all.Without("never seen")) {
			t.Fatal("something else was forgotten")
		}
	})
}

func TestOnlySoManyAreRemembered(t *testing.T) {
	t.Parallel()
	var s State
	for i := range kept + 5 {
		_, s = Judge(s, fmt.Sprint(i), 1, Observation{Hash: []byte{byte(i), byte(i >> 8)}})
	}
	if len(s.Entries) != kept || s.Entries[0].ScanID != "5" {
		t.Errorf("%d entries from %s on", len(s.Entries), s.Entries[0].ScanID)
	}
}

// An account whose first photo was another person's becomes its owner's after two photos.
func TestUsual_followsTheUser(t *testing.T) {
	t.Parallel()
	shape := func(v float64) Observation {
		return Observation{Engine: 1, Ratios: slices.Repeat([]float64{v}, len(ratioNames))}
	}
	var s State
	var got []string
	for i, v := range []float64{1, 0.5, 0.5, 0.5, 1} {
		o := shape(v)
		o.Hash = bytes.Repeat([]byte{byte(1 << i)}, hashBits/8)
		o.Mirrored = o.Hash
		var reasons []Reason
		reasons, s = Judge(s, fmt.Sprint(i), 1, o)
		got = append(got, codesOf(reasons))
	}
	want := []string{"", "geometry_jump", "geometry_jump", "", "geometry_jump"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	t.Run("another major version of the engine starts anew", func(t *testing.T) {
		o := shape(3)
		o.Engine, o.Hash, o.Mirrored = 2, bytes.Repeat([]byte{0xff}, hashBits/8), bytes.Repeat([]byte{0xff}, hashBits/8)
		if reasons, _ := Judge(s, "new", 1, o); len(reasons) > 0 {
			t.Errorf("%v", reasons)
		}
	})
}

func BenchmarkObserve(b *testing.B) {
	crop := image.NewYCbCr(image.Rect(0, 0, 600, 750), image.YCbCrSubsampleRatio420)
	for b.Loop() {
		if _, err := Observe(report.Report{}, crop); err != nil {
			b.Fatal(err)
		}
	}
}

func TestACropThatDoesNotShowTheFaceIsAnError(t *testing.T) {
	t.Parallel()
	for name, crop := range map[string]*image.YCbCr{
		"none":      nil,
		"too small": image.NewYCbCr(image.Rect(0, 0, 489, 750), image.YCbCrSubsampleRatio420),
	} {
		if o, err := Observe(report.Report{}, crop); !errors.Is(err, errCrop) {
			t.Errorf("%s: %+v, %v", name, o, err)
		}
	}
}

// A consent that was withdrawn takes its entries along, and leaves those of the consents given
// since.
func TestStanding(t *testing.T) {
	t.Parallel()
	var s State
	for i, epoch := range []int64{0, 1, 2, 4} { // the first is of before entries said their epoch
		o := Observation{Hash: bytes.Repeat([]byte{byte(1 << i)}, hashBits/8)}
		_, s = Judge(s, fmt.Sprint("of ", epoch), epoch, o)
	}
	standing := s.Standing(func(epoch int64) bool { return epoch > 2 })
	if len(standing.Entries) != 1 || standing.Entries[0].ScanID != "of 4" {
		t.Errorf("standing: %+v", standing)
	}
	if len(s.Entries) != 4 {
		t.Error("the state itself was changed")
	}
}
