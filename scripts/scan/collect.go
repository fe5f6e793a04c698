package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/facescan/facescan/internal/face/report"
)

// standardInput is the file name that means the standard input.
const standardInput = "-"

// input is a file to measure.
type input struct {
	file string // as given, or as found below a folder that was given
	err  error  // what kept the folder from being walked there
	stem string // what its pictures are called; empty when none are wanted
}

func asInputs(files []string) []input {
	inputs := make([]input, len(files))
	for i, f := range files {
		inputs[i].file = f
	}
	return inputs
}

// collect replaces folders by the photos in them, in lexical order.
func collect(args []string) []input {
	var inputs []input
	for _, arg := range args {
		if info, err := os.Stat(arg); arg == standardInput || err != nil || !info.IsDir() {
			inputs = append(inputs, input{file: arg}) // one that is not there is found unreadable in its turn
			continue
		}
		inputs = append(inputs, walk(arg)...)
	}
	return inputs
}

func walk(folder string) []input {
	var inputs []input
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			inputs = append(inputs, input{file: path, err: err})
		case isPhoto(path) && (entry.Type().IsRegular() || linksToFile(path, entry)):
			inputs = append(inputs, input{file: path})
		}
		return nil
	})
	if err != nil {
		inputs = append(inputs, input{file: folder, err: err})
	}
	return inputs
}

// extensions are those of photos. The engine refuses the last two, with advice.
var extensions = []string{".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif"}

func isPhoto(path string) bool {
	return slices.Contains(extensions, strings.ToLower(filepath.Ext(path)))
}

func linksToFile(path string, entry fs.DirEntry) bool {
	if entry.Type()&fs.ModeSymlink == 0 {
		return false
	}
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// nameStems returns for each input a name for its pictures: its own, with a number where it would
// not be the only one, or where a picture would overwrite an input.
func nameStems(inputs []input, folder string) {
	taken := map[string]bool{}
	for _, in := range inputs {
		taken[pathKey(in.file)] = true
	}
	for i := range inputs {
		name := strings.TrimSuffix(filepath.Base(inputs[i].file), filepath.Ext(inputs[i].file))
		switch {
		case inputs[i].file == standardInput:
			name = "stdin"
		case name == "": // a file called .jpg
			name = "photo"
		}
		inputs[i].stem = freeStem(name, folder, taken)
		for _, path := range picturePaths(folder, inputs[i].stem) {
			taken[pathKey(path)] = true
		}
	}
}

func freeStem(name, folder string, taken map[string]bool) string {
	stem := name
	for n := 2; slices.ContainsFunc(
		picturePaths(folder, stem), func(path string) bool { return taken[pathKey(path)] },
	); n++ {
		stem = fmt.Sprintf("%s-%d", name, n)
	}
	return stem
}

func picturePaths(folder, stem string) []string {
	var paths []string
	for _, name := range report.PictureNames() {
		paths = append(paths, picturePath(folder, stem, name))
	}
	return paths
}

func picturePath(folder, stem, picture string) string {
	return filepath.Join(folder, stem+"-"+picture+".jpg")
}

// pathKey returns the same for two names of one file, also where the file system does not tell A
// from a.
func pathKey(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	return strings.ToLower(path)
}
