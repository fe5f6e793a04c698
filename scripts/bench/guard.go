package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"text/tabwriter"

	"github.com/facescan/facescan/internal/face"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/local/terminal"
	"github.com/facescan/facescan/internal/scan/cheat"
	"github.com/facescan/facescan/scripts/bench/single"
	"golang.org/x/sync/errgroup"
)

// guarded holds what the guard sees of each person's photos and of what cheats make of them, by
// person and name; refused photos are absent.
type guarded struct {
	mutex  sync.Mutex
	people []*person
	// sitters are people of whom there are photos under several conditions, without points.
	sitters half
	seen    map[string]map[string]cheat.Observation
}

// The photos as they are.
const (
	photoNeutral = "neutral"
	photoSmiling = "smiling"
)

// copiesMade are what a user makes of an old photo to have it counted again.
var copiesMade = []maker{
	{"saved again at quality 50", func(s *subject) (*image.Gray, error) { return resaved(s.half, 50) }},
	{"mirrored", pure(func(s *subject) *image.Gray { return mirrored(s.half) })},
	{"mirrored, quality 50", func(s *subject) (*image.Gray, error) { return resaved(mirrored(s.half), 50) }},
	{"cropped", pure(cropped)},
	{"cropped, mirrored, quality 70", func(s *subject) (*image.Gray, error) { return resaved(mirrored(cropped(s)), 70) }},
	{"tilted by 4 degrees", pure(func(s *subject) *image.Gray { return rolled(s.half, 4) })},
	{"brightened", pure(func(s *subject) *image.Gray { return gamma(s.half, 0.7) })},
	{"blurred", pure(func(s *subject) *image.Gray { return blurred(s.half, 1) })},
}

// halvesMade are half faces beside their mirror images.
var halvesMade = []maker{
	{"left half", pure(func(s *subject) *image.Gray { return s.folded(s.half, -1) })},
	{"right half", pure(func(s *subject) *image.Gray { return s.folded(s.half, 1) })},
	{"left half, quality 50", func(s *subject) (*image.Gray, error) { return resaved(s.folded(s.half, -1), 50) }},
	{"right half, blurred", pure(func(s *subject) *image.Gray { return blurred(s.folded(s.half, 1), 1) })},
}

// cropped cuts the picture to the head.
func cropped(s *subject) *image.Gray {
	c, iod := s.at.middle(), s.at.iod()
	box := image.Rect(int(c.x-1.6*iod), int(c.y-1.8*iod), int(c.x+1.8*iod), int(c.y+2.6*iod)).Intersect(s.half.Rect)
	return warp(
		s.half, box.Dx(), box.Dy(), func(p place) place { return place{p.x + float64(box.Min.X), p.y + float64(box.Min.Y)} },
	)
}

// folded shows one side of the face, -1 for the left of the picture, twice.
func (s *subject) folded(g *image.Gray, side float64) *image.Gray {
	return warp(g, g.Rect.Dx(), g.Rect.Dy(), func(p place) place {
		q := s.at.inFace(p)
		if q.x*side < 0 {
			q.x = -q.x
		}
		return s.at.inPicture(q)
	})
}

func guardStudy(ctx context.Context, o options, out, progress io.Writer) error {
	g, err := guardedPeople(ctx, o, progress)
	if err != nil {
		return err
	}
	t := g.table()
	if o.json {
		return single.PrintJSON(out, t)
	}
	return t.print(out)
}

func guardedPeople(ctx context.Context, o options, progress io.Writer) (*guarded, error) {
	entries, err := o.entries()
	if err != nil {
		return nil, err
	}
	g := &guarded{people: peopleOf(entries), seen: map[string]map[string]cheat.Observation{}}
	mild := mildOf(entries)
	steps := terminal.Bar(progress, len(g.people)+len(mild), "people and photos")
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for _, p := range g.people {
		g.seen[p.id] = map[string]cheat.Observation{}
		group.Go(func() error {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			defer steps.Add(1) //nolint:errcheck // a progress bar
			return g.lookAt(o.faces, p)
		})
	}
	for _, e := range mild {
		if g.seen[e.Person] == nil {
			g.seen[e.Person] = map[string]cheat.Observation{}
			g.sitters = append(g.sitters, &person{id: e.Person})
		}
	}
	for _, e := range mild {
		group.Go(func() error {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			defer steps.Add(1) //nolint:errcheck // a progress bar
			data, err := os.ReadFile(filepath.Join(o.faces, e.File))
			if err != nil {
				return err
			}
			return g.see(&person{id: e.Person}, e.Condition, data)
		})
	}
	err = group.Wait()
	return g, errors.Join(err, steps.Finish())
}

// mildOf returns the photos of people under conditions that an app's photos have.
func mildOf(entries []entry) (list []*entry) {
	for i := range entries {
		if e := &entries[i]; e.Set == setConditions && slices.Contains(mildConditions, e.Condition) {
			list = append(list, e)
		}
	}
	return list
}

func (g *guarded) lookAt(folder string, p *person) error {
	photos := map[string]*entry{photoNeutral: p.neutral, photoSmiling: p.smiling}
	for name, e := range photos {
		if e == nil {
			continue
		}
		data, err := os.ReadFile(filepath.Join(folder, e.File)) //nolint:gosec // the folder that was asked for
		if err != nil {
			return err
		}
		if err := g.see(p, name, data); err != nil {
			return err
		}
	}
	s, err := open(filepath.Join(folder, p.neutral.File), p.neutral)
	if err != nil {
		return err
	}
	for _, m := range append(copiesMade[:len(copiesMade):len(copiesMade)], halvesMade...) {
		picture, err := m.make(s)
		if err != nil {
			return err
		}
		var b bytes.Buffer
		if err := jpeg.Encode(&b, picture, &jpeg.Options{Quality: 90}); err != nil {
			return err
		}
		if err := g.see(p, m.name, b.Bytes()); err != nil {
			return fmt.Errorf("%s, %s: %w", p.neutral.File, m.name, err)
		}
	}
	return nil
}

// see does what a scan does. A refusal leaves nothing to be judged.
func (g *guarded) see(p *person, name string, data []byte) error {
	measured, pictures, err := face.Scan(bytes.NewReader(data), report.Options{MaxBytes: 64 << 20, MaxMemory: 1 << 30})
	var refusal *report.Refusal
	if errors.As(err, &refusal) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, picture := range pictures {
		if picture.Name != report.PictureCrop {
			continue
		}
		o, err := cheat.Observe(measured, picture.Image)
		if err != nil {
			return err
		}
		g.mutex.Lock()
		g.seen[p.id][name] = o
		g.mutex.Unlock()
	}
	return nil
}

// printed writes the table for people.
func (t guardTable) print(w io.Writer) error {
	tabs := tabwriter.NewWriter(w, 2, 0, 2, ' ', 0)
	fmt.Fprintln(tabs, "photo\tsaid\tof\tshare\tsaid\tof\tshare\tverdict\tshould")
	for _, r := range t.Rows {
		should := "be said"
		if r.Honest {
			should = "not be"
		}
		fmt.Fprintf(
			tabs, "%s\t%d\t%d\t%.3f\t%d\t%d\t%.3f\t%s\t%s\n", r.Photo, r.Fit.Said, r.Fit.Of, r.Fit.share(), r.Test.Said,
			r.Test.Of, r.Test.share(), r.Code, should,
		)
	}
	if err := tabs.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(
		w, "\nFirst counts: the %d people to fit the limits to. Second: the other %d.\n", t.FitPeople, t.TestPeople,
	)
	return err
}
