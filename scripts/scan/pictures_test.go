package main

import (
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/face/report"
)

func TestPictures_areNamedAfterTheFile(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"a/anna.jpg": sample(t), "b/Anna.png": sample(t), "b/nobody.png": heic})
	drawn := filepath.Join(dir, "new", "drawn")
	r := scan(t, "-json", "-overlay", drawn, filepath.Join(dir, "a"), filepath.Join(dir, "b"))
	r.want(t, exitOK)
	var want []string
	for _, stem := range []string{"Anna-2", "anna"} {
		for _, name := range []string{"crop", "left-left", "overlay", "right-right", "thumbnail"} {
			want = append(want, stem+"-"+name+".jpg")
		}
	}
	if diff := cmp.Diff(want, namesIn(t, drawn)); diff != "" {
		t.Fatalf("pictures (-want +got):\n%s", diff)
	}
	f, err := os.Open(filepath.Join(drawn, "Anna-2-overlay.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := jpeg.Decode(f)
	if err != nil || img.Bounds().Size() != image.Pt(800, 1204) { // with its legend
		t.Errorf("the overlay is %v: %v", img.Bounds(), err)
	}
	if plain := scan(t, "-json", filepath.Join(dir, "a"), filepath.Join(dir, "b")); plain.stdout != r.stdout {
		t.Error("the reports are others without pictures")
	}
}

func namesIn(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestPicturesThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"a.jpg": sample(t), "drawn/a-overlay.jpg/in the way": ""})
	r := scan(t, "-json", "-overlay", filepath.Join(dir, "drawn"), filepath.Join(dir, "a.jpg"))
	r.want(t, exitTrouble)
	if got := lines(t, r.stdout); len(got) != 1 || got[0].code() != "" {
		t.Errorf("the report is lost: %s", r.stdout)
	}
	r = scan(t, "-json", "-overlay", filepath.Join(dir, "a.jpg"), filepath.Join(dir, "a.jpg"))
	r.want(t, exitTrouble)
}

func TestStems(t *testing.T) {
	t.Parallel()
	inputs := asInputs([]string{
		"x/a.jpg", "y/a.png", "y/A.webp", "a-2.jpg", "-", "stdin.jpg", ".jpg", "out/b-overlay.jpg", "b.jpg",
	})
	nameStems(inputs, "out")
	var got []string
	paths := map[string]bool{}
	for _, in := range inputs {
		got = append(got, in.stem)
		for _, p := range picturePaths("out", in.stem) {
			if paths[pathKey(p)] {
				t.Errorf("two files have the picture %s", p)
			}
			paths[pathKey(p)] = true
		}
	}
	want := []string{"a", "a-2", "A-3", "a-2-2", "stdin", "stdin-2", "photo", "b-overlay", "b-2"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("stems (-want +got):\n%s", diff)
	}
	for _, in := range inputs {
		if paths[pathKey(in.file)] {
			t.Errorf("%s would be overwritten", in.file)
		}
	}
	if n := len(report.PictureNames()) * len(inputs); len(paths) != n {
		t.Errorf("%d pictures, want %d", len(paths), n)
	}
}
