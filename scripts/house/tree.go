package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// module is the path of the repository's own module, with a slash.
const module = "github.com/facescan/facescan/"

// folders are the ones with Go code.
var folders = []string{"functions", "internal", "scripts", "terraform"}

// source is a Go file.
type source struct {
	path      string // with slashes, below the root
	fset      *token.FileSet
	file      *ast.File
	lines     []string
	generated bool
}

// test reports whether the file holds tests.
func (s source) test() bool { return strings.HasSuffix(s.path, "_test.go") }

// dir returns the folder of the file's package.
func (s source) dir() string { return path.Dir(s.path) }

// imports returns the folders of the packages of this module that the file imports.
func (s source) imports() []string {
	var dirs []string
	for _, i := range s.file.Imports {
		p, err := strconv.Unquote(i.Path.Value)
		if dir, own := strings.CutPrefix(p, module); err == nil && own {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// tree is all the code, and the floors that its packages stand on.
type tree struct {
	sources []source
	floors  floors
}

// load reads the Go files below root, but for testdata, and the floors from internal/README.md.
func load(root string) (tree, error) {
	design, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(designFile))) //nolint:gosec // that file
	if err != nil {
		return tree{}, fmt.Errorf("read the floors: %w", err)
	}
	t := tree{floors: parseFloors(string(design))}
	for _, folder := range folders {
		err := filepath.WalkDir(filepath.Join(root, folder), func(p string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && d.Name() == "testdata":
				return filepath.SkipDir
			case d.IsDir() || filepath.Ext(p) != ".go":
				return nil
			}
			s, err := read(root, p)
			t.sources = append(t.sources, s)
			return err
		})
		if err != nil {
			return tree{}, fmt.Errorf("read the code in %s: %w", folder, err)
		}
	}
	return t, nil
}

// read parses one file.
func read(root, file string) (source, error) {
	content, err := os.ReadFile(file) //nolint:gosec // a file of the repository
	if err != nil {
		return source{}, err
	}
	rel, err := filepath.Rel(root, file)
	if err != nil {
		return source{}, err
	}
	s := source{path: filepath.ToSlash(rel), fset: token.NewFileSet()}
	s.file, err = parser.ParseFile(s.fset, file, content, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return source{}, err
	}
	s.lines = strings.Split(string(bytes.TrimSuffix(content, []byte("\n"))), "\n")
	s.generated = ast.IsGenerated(s.file)
	return s, nil
}

// packages returns the product's lines by package: without tests and without generated files.
func (t tree) packages() map[string]int {
	sizes := map[string]int{}
	for _, s := range t.sources {
		if !s.test() && !s.generated {
			sizes[s.dir()] += len(s.lines)
		}
	}
	return sizes
}

// faults returns what breaks a rule, in the order of the files.
func (t tree) faults() []string {
	faults := t.large()
	for _, s := range t.sources {
		faults = append(faults, t.floors.upward(s)...)
		if !s.generated {
			faults = append(faults, wide(s)...)
			faults = append(faults, worded(s)...)
		}
	}
	slices.Sort(faults)
	return faults
}
