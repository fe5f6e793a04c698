package usertest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/kovidgoyal/imaging"

	"github.com/facescan/facescan/internal/face"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/testphoto"
)

// Engine is the face engine, as [face.Scan] is.
type Engine = func(io.Reader, report.Options) (report.Report, []report.Picture, error)

// Photo returns the sample photo in a file of its own: what follows the end of a JPEG is no part of
// the picture. To [Measure] photos of different looks are different photos of one person, and one
// of the next look scores a point more; to [face.Scan] all are copies.
func Photo(tb testing.TB, look int, salt string) []byte {
	tb.Helper()
	return fmt.Appendf(bytes.Clone(emulatortest.SamplePhoto(tb)), "look=%d %s", look, salt)
}

var lookPattern = regexp.MustCompile(`look=(\d+) `)

// Looks is how many looks there are.
const Looks = 4

// Measure returns [face.Scan] of the sample photo, changed as the photo's look wants it. Each look
// is made once.
func Measure(r io.Reader, _ report.Options) (report.Report, []report.Picture, error) {
	photo, err := io.ReadAll(r)
	if err != nil {
		return report.Report{}, nil, err
	}
	look := 0
	if found := lookPattern.FindSubmatch(photo); found != nil {
		look, _ = strconv.Atoi(string(found[1])) // digits
	}
	of, err := looks[look%Looks]()
	return of.report, of.pictures, err
}

type measurement struct {
	report   report.Report
	pictures []report.Picture
}

var measured = sync.OnceValues(func() (measurement, error) {
	photo, err := testphoto.Sample(context.Background())
	if err != nil {
		return measurement{}, err
	}
	measured, pictures, err := face.Scan(bytes.NewReader(photo), report.Options{})
	return measurement{measured, pictures}, err
})

// turns make another picture of the crop for each look, none of them with two equal halves.
var turns = [Looks]func(image.Image) image.Image{
	func(i image.Image) image.Image { return i },
	func(i image.Image) image.Image { return imaging.Invert(i) },
	func(i image.Image) image.Image { return imaging.Rotate90(i) },
	func(i image.Image) image.Image { return imaging.Rotate270(i) },
}

// looks make the measurement of each look.
var looks = func() (all [Looks]func() (measurement, error)) {
	for look := range all {
		all[look] = sync.OnceValues(func() (measurement, error) {
			m, err := measured()
			if err != nil {
				return measurement{}, err
			}
			return m.look(look)
		})
	}
	return all
}()

func (m measurement) look(look int) (measurement, error) {
	m.report.Score.Value += float64(look)
	m.pictures = slices.Clone(m.pictures)
	for i, p := range m.pictures {
		if p.Name != report.PictureCrop {
			continue
		}
		crop, err := jpeg.Decode(bytes.NewReader(p.JPEG))
		var turned bytes.Buffer
		if err == nil {
			err = jpeg.Encode(&turned, turns[look](crop), nil)
		}
		if err == nil {
			crop, err = jpeg.Decode(bytes.NewReader(turned.Bytes()))
		}
		pixels, ok := crop.(*image.YCbCr)
		if err != nil || !ok {
			return measurement{}, errors.Join(errors.New("turn the crop"), err)
		}
		m.pictures[i].JPEG, m.pictures[i].Image = turned.Bytes(), pixels // the guard looks at the pixels
	}
	return m, nil
}
