package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/facescan/facescan/internal/client"
	"github.com/facescan/facescan/internal/face"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/testphoto"
	"github.com/facescan/facescan/scripts/bench/single"
)

const (
	// width and height are those of the sample, 320 by 400, enlarged to 7.3 MP; at this quality its
	// JPEGs have about 0.97 MB.
	width, height = 2416, 3020
	quality       = 84
	// allLooks is how many different looks into the camera there are. Scans take them in turn, each
	// with a comment of its own in the file, so no two files are the same.
	allLooks = 12
	// engineScans is how many scans of the bare engine are measured of each kind.
	engineScans, engineDamaged = 32, 8
)

// kind is a kind of photo.
type kind string

// The kinds. All but the first are corrupt.
const (
	good      kind = "photo"
	truncated kind = "cut off"
	random    kind = "random bytes after the head of a JPEG"
	tiny      kind = "three bytes"
	faceless  kind = "no face"
	otherType kind = "PNG, said to be a JPEG"
)

// damaged are the kinds of corrupt photos, which take turns.
var damaged = []kind{truncated, random, tiny, faceless, otherType}

// kindOf returns the kind of a scan's photo: the corrupt ones are spread evenly.
func kindOf(n int, share float64) kind {
	before, after := math.Floor(float64(n)*share), math.Floor(float64(n+1)*share)
	if after == before {
		return good
	}
	return damaged[int(before)%len(damaged)]
}

// photos are the files that the scans take.
type photos map[kind][][]byte

// makePhotos makes them of the sample: as many good ones as looks, and one of each other kind.
func makePhotos(ctx context.Context, looks int) (photos, error) {
	sample, err := testphoto.Sample(ctx)
	if err != nil {
		return nil, err
	}
	all := make([][]byte, looks)
	group := new(errgroup.Group)
	group.SetLimit(runtime.NumCPU())
	for i := range all {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			look, err := client.Look(sample, i)
			if err != nil {
				return err
			}
			all[i], err = single.Enlarged(look, width, height, quality, uint64(i))
			return err
		})
	}
	var scenery []byte
	group.Go(func() error {
		var err error
		scenery, err = hills()
		return err
	})
	if err := group.Wait(); err != nil {
		return nil, fmt.Errorf("make the photos: %w", err)
	}
	var drawn bytes.Buffer
	if err := png.Encode(&drawn, image.NewGray(image.Rect(0, 0, 640, 800))); err != nil {
		return nil, fmt.Errorf("encode a PNG: %w", err)
	}
	noise := make([]byte, len(all[0])/2)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(noise) // it never fails
	head := all[0][:512]
	return photos{
		good: all, truncated: {all[0][:len(all[0])*2/5]}, random: {slices.Concat(head, noise)},
		tiny: {{0xff, 0xd8, 0xff}}, faceless: {scenery}, otherType: {drawn.Bytes()},
	}, nil
}

// hills returns a photo of the same size that has no face in it.
func hills() ([]byte, error) {
	img := image.NewRGBA(image.Rect(0, 0, 320, 400))
	for y := range 400 {
		for x := range 320 {
			ridge := 200 + 30*math.Sin(float64(x)/40) + 12*math.Sin(float64(x)/9)
			c := color.RGBA{R: 120, G: 160, B: 220, A: 255}
			if float64(y) > ridge {
				c = color.RGBA{R: 60, G: uint8(90 + (x*y)%40), B: 50, A: 255}
			}
			img.SetRGBA(x, y, c)
		}
	}
	var small bytes.Buffer
	if err := jpeg.Encode(&small, img, nil); err != nil {
		return nil, fmt.Errorf("encode a photo: %w", err)
	}
	return single.Enlarged(small.Bytes(), width, height, quality, 1)
}

// file is the file of a scan, of which only the head is in memory once more.
type file struct{ head, rest []byte }

// file returns the file of scan n.
func (p photos) file(k kind, n int) file {
	of := p[k]
	body := of[n%len(of)]
	if len(body) < 4 || k == otherType {
		return file{rest: body}
	}
	return file{head: slices.Concat(body[:2], comment(fmt.Sprintf("scan %d", n))), rest: body[2:]}
}

// comment returns a comment of a JPEG.
func comment(text string) []byte {
	return append(binary.BigEndian.AppendUint16([]byte{0xff, 0xfe}, uint16(len(text)+2)), text...)
}

func (f file) size() int64 { return int64(len(f.head) + len(f.rest)) }

func (f file) open() io.Reader {
	return io.MultiReader(bytes.NewReader(f.head), bytes.NewReader(f.rest))
}

// engine is what the bare engine was measured to use.
type engine struct {
	// Alone is the processor time of a good photo's scan with pictures, in seconds, when one is
	// scanned at a time, and Together that when as many are as the machine has processors.
	Alone    float64 `json:"aloneS"`
	Together float64 `json:"togetherS"`
	// each is that of each kind, together.
	each map[kind]float64
}

// measureEngine scans the photos as analyze does, in this process, which does nothing else
// meanwhile.
func (p photos) measureEngine(ctx context.Context) (engine, error) {
	e := engine{each: map[kind]float64{}}
	var err error
	if e.Alone, err = p.engineTime(ctx, good, engineScans/2, 1); err != nil {
		return e, err
	}
	for k := range p {
		n := engineDamaged
		if k == good {
			n = engineScans
		}
		if e.each[k], err = p.engineTime(ctx, k, n, runtime.NumCPU()); err != nil {
			return e, err
		}
	}
	e.Together = e.each[good]
	return e, nil
}

// engineTime returns the processor time of a scan of the kind, in seconds.
func (p photos) engineTime(ctx context.Context, k kind, n, together int) (float64, error) {
	began, err := single.Spent()
	if err != nil {
		return 0, err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(together)
	for i := range n {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			_, _, err := face.Scan(p.file(k, i).open(), report.Options{})
			if k == good && err != nil {
				return fmt.Errorf("scan photo %d: %w", i, err)
			}
			if k != good && err == nil {
				return fmt.Errorf("the engine takes a corrupt photo (%s)", k)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return 0, fmt.Errorf("measure the engine: %w", err)
	}
	ended, err := single.Spent()
	return (ended - began).Seconds() / float64(n), err
}
