package main

import (
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestUsage(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		args []string
		want error
	}{
		"nothing":           {nil, errUsage},
		"help":              {[]string{"--help"}, flag.ErrHelp},
		"help of a command": {[]string{"accuracy", "-help"}, flag.ErrHelp},
		"no folder":         {[]string{"accuracy"}, errUsage},
		"an unknown word":   {[]string{"speed", "-faces", "."}, errUsage},
		"a word too many":   {[]string{"fit", "-faces", ".", "now"}, errUsage},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var said strings.Builder
			if err := run(t.Context(), tt.args, io.Discard, &said); !errors.Is(err, tt.want) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
		})
	}
}

const index = `{"file":"a.jpg","set":"s","person":"b","expression":"neutral","points":{"pupil_left":[1,2]},"all":[[1,2]]}
{"file":"b.jpg","set":"s","person":"a","expression":"smiling"}
{"file":"c.jpg","set":"s","person":"a","expression":"neutral","points":{"pupil_left":[1,2]},"all":[[1,2]]}
{"file":"d.jpg","set":"exif"}
{"file":"e.jpg","set":"s","person":"c","expression":"smiling"}
`

func TestPeopleOfAnIndex(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "index.jsonl"), []byte(index), 0o600); err != nil {
		t.Fatal(err)
	}
	entries, err := readIndex(folder)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(slices.DeleteFunc(slices.Clone(entries), func(e entry) bool { return !e.portrait() })); n != 4 {
		t.Errorf("%d portraits, want 4", n)
	}
	for i, want := range []bool{true, true, true, false, true} {
		if got := entries[i].studio(); got != want {
			t.Errorf("%s: of a studio %v, want %v", entries[i].File, got, want)
		}
	}
	unknown := entry{Set: "of tomorrow", Person: "p"}
	if unknown.studio() || !unknown.ordinary() {
		t.Error("a portrait of an unknown set is taken for one of a studio")
	}
	people := peopleOf(entries)
	if len(people) != 2 || people[0].id != "a" || people[0].smiling == nil || people[1].id != "b" ||
		people[1].smiling != nil {
		t.Errorf("people %+v; want a with both photos and b with one", people)
	}
	if err := os.WriteFile(filepath.Join(folder, "index.jsonl"), []byte("{]"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readIndex(folder); err == nil {
		t.Error("a damaged index was read")
	}
}

func TestEveryCurve_hasItsCopies(t *testing.T) {
	t.Parallel()
	var names []string
	for _, m := range makers(true) {
		if slices.Contains(names, m.name) {
			t.Errorf("two copies are called %q", m.name)
		}
		names = append(names, m.name)
	}
	for _, c := range curves() {
		for _, level := range c.levels {
			if !slices.Contains(names, c.name(level)) {
				t.Errorf("%s needs the copy %q", c.file, c.name(level))
			}
		}
	}
}
