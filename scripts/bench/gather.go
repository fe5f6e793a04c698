package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg" // the sets hold JPEG
	_ "image/png"  // and PNG
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/facescan/facescan/internal/face/fit"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/local/terminal"
	"golang.org/x/sync/errgroup"
)

// seen is what the engine saw in one photo: an observation or its refusal.
type seen struct {
	*fit.Observation
	refusal *report.Refusal
}

// gathered holds everything that was looked at: by file, the copies by person and name, and the
// photos without faces by path.
type gathered struct {
	mutex   sync.Mutex
	entries []entry
	people  []*person
	files   map[string]seen
	copies  map[string]map[string]seen
	nofaces map[string]seen
}

// job looks at one photo, or at a portrait and its copies.
type job func(g *gathered) error

func gather(ctx context.Context, o options, progress io.Writer) (*gathered, error) {
	entries, err := o.entries()
	if err != nil {
		return nil, err
	}
	g := &gathered{
		entries: entries, people: peopleOf(entries), files: map[string]seen{}, copies: map[string]map[string]seen{},
		nofaces: map[string]seen{},
	}
	jobs, err := g.jobs(o)
	if err != nil {
		return nil, err
	}
	steps := terminal.Bar(progress, len(jobs), "photos and copies")
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for _, j := range jobs {
		group.Go(func() error {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			defer steps.Add(1) //nolint:errcheck // a progress bar
			return j(g)
		})
	}
	err = group.Wait()
	return g, errors.Join(err, steps.Finish())
}

func (g *gathered) jobs(o options) ([]job, error) {
	var jobs []job
	for i := range g.entries {
		e := &g.entries[i]
		if e.Set == setScenes {
			continue
		}
		jobs = append(jobs, func(g *gathered) error { return g.lookAtFile(o.faces, e) })
	}
	for _, p := range g.people {
		for _, m := range makers(o.more) {
			jobs = append(jobs, func(g *gathered) error { return g.lookAtCopy(o.faces, p, m) })
		}
	}
	for i := range g.entries {
		if e := &g.entries[i]; e.ordinary() {
			jobs = append(jobs, func(g *gathered) error { return g.lookAtWildCopies(o.faces, e) })
		}
	}
	if o.nofaces == "" {
		return jobs, nil
	}
	var paths []string
	err := filepath.WalkDir(o.nofaces, func(path string, d fs.DirEntry, err error) error {
		if ext := strings.ToLower(filepath.Ext(path)); err == nil && d.Type().IsRegular() && slices.Contains(
			[]string{".jpg", ".jpeg", ".png", ".webp"}, ext,
		) {
			paths = append(paths, path)
		}
		return err
	})
	for _, path := range paths {
		jobs = append(jobs, func(g *gathered) error { return g.lookForNoFace(path) })
	}
	return jobs, err
}

// look observes a photo. A refusal is a finding, any other error is not.
func look(data []byte) (seen, error) {
	o, err := fit.Observe(bytes.NewReader(data), report.Options{MaxBytes: 64 << 20, MaxMemory: 1 << 30})
	var refusal *report.Refusal
	if errors.As(err, &refusal) {
		return seen{refusal: refusal}, nil
	}
	return seen{Observation: o}, err
}

func (g *gathered) lookAtFile(folder string, e *entry) error {
	data, err := os.ReadFile(filepath.Join(folder, e.File)) //nolint:gosec // the folder that was asked for
	if err != nil {
		return err
	}
	s, err := look(data)
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.files[e.File] = s
	return err
}

func (g *gathered) lookForNoFace(path string) error {
	data, err := os.ReadFile(path) //nolint:gosec // the folder that was asked for
	if err != nil {
		return err
	}
	s, err := look(data)
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.nofaces[path] = s
	return err
}

func (g *gathered) lookAtCopy(folder string, p *person, m maker) error {
	s, err := open(filepath.Join(folder, p.neutral.File), p.neutral)
	if err != nil {
		return err
	}
	picture, err := m.make(s)
	if err != nil {
		return fmt.Errorf("%s, %s: %w", p.neutral.File, m.name, err)
	}
	data, err := encoded(picture)
	if err != nil {
		return err
	}
	found, err := look(data)
	g.mutex.Lock()
	defer g.mutex.Unlock()
	if g.copies[p.id] == nil {
		g.copies[p.id] = map[string]seen{}
	}
	g.copies[p.id][m.name] = found
	return err
}

// lookAtWildCopies looks at altered copies of a portrait without points, if a face is found in it:
// its own points say where the face is.
func (g *gathered) lookAtWildCopies(folder string, e *entry) error {
	data, err := os.ReadFile(filepath.Join(folder, e.File)) //nolint:gosec // the folder that was asked for
	if err != nil {
		return err
	}
	found, err := look(data)
	if err != nil || found.Observation == nil {
		return err
	}
	img, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("%s: %w", e.File, err)
	}
	s := newWildSubject(img, e, found.Observation)
	copies := map[string]seen{}
	for _, m := range wildMakers(e) {
		data, err := m.make(s)
		if err != nil {
			return fmt.Errorf("%s, %s: %w", e.File, m.name, err)
		}
		if copies[m.name], err = look(data); err != nil {
			return err
		}
	}
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.copies[e.File] = copies
	return nil
}

// open decodes a portrait; the last few are kept, because their copies are made one after the
// other.
func open(path string, e *entry) (*subject, error) {
	opened.mutex.Lock()
	defer opened.mutex.Unlock()
	for _, s := range opened.last {
		if s.entry == e {
			return s, nil
		}
	}
	data, err := os.ReadFile(path) //nolint:gosec // the folder that was asked for
	if err != nil {
		return nil, err
	}
	img, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	s := newSubject(img, e)
	opened.last = append(opened.last, s)
	if len(opened.last) > 2 {
		opened.last = slices.Delete(opened.last, 0, 1)
	}
	return s, nil
}

var opened struct {
	mutex sync.Mutex
	last  []*subject
}
