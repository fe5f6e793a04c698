package systest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	"image/jpeg"
	"strings"
	"testing"

	"github.com/facescan/facescan/internal/client"
	"github.com/facescan/facescan/internal/client/api"
	"github.com/facescan/facescan/internal/testphoto"
)

// TestSeriesWithAFaceThatIsNone: the guard looks at each photo of a series, and the series leaves
// out one that shows half a face beside its own mirror image. That proportions of another face are
// left out, the tests of packages guard and scan prove.
func TestSeriesWithAFaceThatIsNone(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	s := start(t)
	sample, err := testphoto.Sample(ctx)
	if err != nil {
		t.Fatal(err)
	}
	user := s.app("series")
	s.enrol(ctx, t, user, "systest_series")
	s.scan(ctx, t, user, "before", sample)

	opened, err := user.OpenSeries(ctx, "series", api.SeriesRequestContentTypeImageJpeg, 3)
	if err != nil {
		t.Fatal(err)
	}
	for i, u := range opened.Uploads {
		photo, err := client.Look(sample, i)
		if err == nil && i == 2 {
			photo, err = folded(sample)
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := user.Put(ctx, &u.Upload, photo); err != nil {
			t.Fatal(err)
		}
	}
	done, err := user.AwaitSeries(ctx, opened.Series.ID)
	if err != nil || done.State != api.SeriesStateCompleted || *done.Photos != 2 {
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
	if err != nil || !strings.Contains(
		string(reasons), `"mirrored_half"`,
	) || done.Scans[2].LeftOut.Code != "not_rankable" {
		t.Errorf("half a face is left out because of %+v: %s, %v", done.Scans[2].LeftOut, reasons, err)
	}
}

// folded is a picture of the left half of a JPEG beside its mirror image.
func folded(photo []byte) ([]byte, error) {
	src, err := jpeg.Decode(bytes.NewReader(photo))
	if err != nil {
		return nil, err
	}
	b := src.Bounds()
	dst := image.NewRGBA(b)
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := range b.Dx() {
			dst.Set(b.Min.X+x, y, src.At(b.Min.X+min(x, b.Dx()-1-x), y))
		}
	}
	var out bytes.Buffer
	err = jpeg.Encode(&out, dst, &jpeg.Options{Quality: 90})
	return out.Bytes(), err
}
