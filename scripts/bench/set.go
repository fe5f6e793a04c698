package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
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
}

// portrait says whether a face can be expected in the photo.
func (e *entry) portrait() bool { return e.Set != "exif" }

func readIndex(folder string) ([]entry, error) {
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

// peopleOf gives the annotated people by name.
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

// thinned keeps every third person and what belongs to nobody.
func thinned(entries []entry) []entry {
	kept := map[string]bool{}
	for i, p := range peopleOf(entries) {
		kept[p.id] = i%3 == 0
	}
	return slices.DeleteFunc(entries, func(e entry) bool { return e.Person != "" && !kept[e.Person] })
}
