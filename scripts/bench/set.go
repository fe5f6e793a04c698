package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// entry is a line of index.jsonl.
type entry struct {
	File       string                `json:"file"`
	Set        string                `json:"set"`
	Person     string                `json:"person"`
	Expression string                `json:"expression"`
	Points     map[string][2]float64 `json:"points"`
	All        [][2]float64          `json:"all"`
	Asymmetry  float64               `json:"manual_asymmetry"`
	YawFree    float64               `json:"manual_asymmetry_yawfree"`
	Self       map[string]string     `json:"self_reported"`
	// Condition is the set's name of light or expression, Covered whether a mask is worn, and Labels
	// are the set's own, for slices of refusals only.
	Condition string            `json:"condition"`
	Covered   bool              `json:"covered"`
	Labels    map[string]string `json:"labels"`
}

// The sets with a part of their own: portraits to fit on, ordinary photos of which only quantiles
// are taken, and photos that only judge.
const (
	setPortraits  = "officials"
	setOrdinary   = "bare"
	setMasks      = "masks"
	setConditions = "yale"
	setTight      = "tight"
	setNoFaces    = "nofaces"
	setScenes     = "exif"
)

// portrait reports whether a face can be expected in the photo.
func (e *entry) portrait() bool { return e.Set != setScenes && e.Set != setNoFaces }

// studioSets are those without points of their own that were taken for measuring.
var studioSets = []string{"lisa", "nasa", "zoom"}

// studio reports whether the photo was taken for measuring: with points, of a person who has them,
// or in a set of that kind.
func (e *entry) studio() bool {
	return e.portrait() && (len(e.Points) > 0 || e.Expression != "" || slices.Contains(studioSets, e.Set))
}

// ordinary reports whether the photo is a portrait as people take or publish it, of any set.
func (e *entry) ordinary() bool {
	return e.portrait() && !e.studio() && !e.Covered && e.Condition == "" && e.Set != setTight
}

// readIndex reads the index of a folder, and that of its subfolder wild if there is one.
func readIndex(folder string) ([]entry, error) {
	list, err := readOneIndex(folder)
	if err != nil {
		return nil, err
	}
	const wild = "wild"
	more, err := readOneIndex(filepath.Join(folder, wild))
	if errors.Is(err, fs.ErrNotExist) {
		return list, nil
	}
	for i := range more {
		more[i].File = filepath.Join(wild, more[i].File)
	}
	return append(list, more...), err
}

func readOneIndex(folder string) ([]entry, error) {
	data, err := os.ReadFile(filepath.Join(folder, "index.jsonl")) //nolint:gosec // the folder that was asked for
	if err != nil {
		return nil, err
	}
	var list []entry
	for line := range bytes.Lines(data) {
		var e entry
		if err := json.Unmarshal(line, &e); err != nil {
			return nil, fmt.Errorf("index.jsonl, line %d: %w", len(list)+1, err)
		}
		list = append(list, e)
	}
	return list, nil
}

// person has an annotated neutral photo, and maybe a smiling one.
type person struct {
	id               string
	neutral, smiling *entry
}

// peopleOf returns the annotated people by name.
func peopleOf(entries []entry) []*person {
	byName := map[string]*person{}
	for i := range entries {
		e := &entries[i]
		if e.Person == "" {
			continue
		}
		p := byName[e.Person]
		if p == nil {
			p = &person{id: e.Person}
			byName[e.Person] = p
		}
		switch {
		case e.Expression == "smiling":
			p.smiling = e
		case len(e.All) > 0 && len(e.Points) > 0:
			p.neutral = e
		}
	}
	var list []*person
	for _, p := range byName {
		if p.neutral != nil {
			list = append(list, p)
		}
	}
	slices.SortFunc(list, func(a, b *person) int { return cmp.Compare(a.id, b.id) })
	return list
}

// entries returns the entries of the photos that the options name, thinned for a fast look.
func (o options) entries() ([]entry, error) {
	entries, err := readIndex(o.faces)
	if err != nil || !o.fast {
		return entries, err
	}
	return thinned(entries), nil
}

// thinned keeps every third annotated person, and every third photo without points.
func thinned(entries []entry) []entry {
	kept := map[string]bool{}
	for i, p := range peopleOf(entries) {
		kept[p.id] = i%3 == 0
	}
	n := 0
	return slices.DeleteFunc(entries, func(e entry) bool {
		if keep, known := kept[e.Person]; known {
			return !keep
		}
		n++
		return n%3 != 0
	})
}
