package pack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/build/constraint"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/facescan/facescan/internal/catalog"
)

// The Go buildpack of Cloud Functions builds the package in the root of what is uploaded, for
// linux/amd64, with the framework's two packages: the function registers with the one, the main
// that the buildpack writes starts the other.
const (
	frameworkModule   = "github.com/GoogleCloudPlatform/functions-framework-go"
	functionsPackage  = frameworkModule + "/functions"
	frameworkPackage  = frameworkModule + "/funcframework"
	stubFile          = "function.go"
	vendorFolder      = "vendor"
	vendorModulesFile = vendorFolder + "/modules.txt"
)

// goPackage is the output of `go list` for a package.
type goPackage struct {
	ImportPath string
	Dir        string
	Standard   bool
	Module     *goModule
	Deps       []string

	GoFiles, CgoFiles, IgnoredGoFiles []string
	CFiles, HFiles, SFiles            []string
	IgnoredOtherFiles, EmbedFiles     []string
}

type goModule struct {
	Path      string
	Version   string
	GoVersion string
	Dir       string
	Main      bool
	Replace   *goModule
}

// files returns the files that the package is built from, relative to its folder; never tests.
// Among them are those for other releases of Go, which the buildpack may have.
func (p *goPackage) files() []string {
	var all []string
	for _, name := range slices.Concat(
		p.GoFiles, p.CgoFiles, p.IgnoredGoFiles, p.CFiles, p.HFiles, p.SFiles, p.IgnoredOtherFiles, p.EmbedFiles,
	) {
		if !strings.HasSuffix(name, "_test.go") {
			all = append(all, name)
		}
	}
	return all
}

// leaveOut removes from the ignored files those that [catalog.BuildTag] excludes. The buildpack has
// no setting for tags, and would build them and fail, since what they import is not packaged.
func (p *goPackage) leaveOut() error {
	var kept []string
	for _, name := range p.IgnoredGoFiles {
		source, err := os.ReadFile(filepath.Join(p.Dir, name)) //nolint:gosec // that the Go command named
		if err != nil {
			return fmt.Errorf("read a constraint: %w", err)
		}
		if !mentionsTag(source) {
			kept = append(kept, name)
		}
	}
	p.IgnoredGoFiles = kept
	return nil
}

// mentionsTag reports whether the source's build constraint depends on [catalog.BuildTag].
func mentionsTag(source []byte) bool {
	for line := range bytes.Lines(source) {
		text := strings.TrimSpace(string(line))
		if constraint.IsGoBuild(text) {
			expr, err := constraint.Parse(text)
			found := false
			if err == nil {
				expr.Eval(func(tag string) bool { found = found || tag == catalog.BuildTag; return true })
			}
			return found
		}
		if strings.HasPrefix(text, "package ") {
			break
		}
	}
	return false
}

// Source is the code of all functions, as the Go command sees it.
type Source struct {
	module   goModule
	packages map[string]*goPackage // by import path, standard library excluded
	sums     []string              // go.sum's lines
	packer   *packer
}

// Load reads what every function is made of. It needs the modules in the module cache, and no
// network then.
func Load(ctx context.Context, root string) (*Source, error) {
	args := []string{
		"list", "-deps", "-tags=" + catalog.BuildTag,
		"-json=ImportPath,Dir,Standard,Module,Deps,GoFiles,CgoFiles,IgnoredGoFiles," +
			"CFiles,HFiles,SFiles,IgnoredOtherFiles,EmbedFiles",
	}
	for _, f := range catalog.Functions() {
		args = append(args, "./functions/"+f.Name)
	}
	listed, err := goCommand(ctx, root, append(args, functionsPackage, frameworkPackage)...)
	if err != nil {
		return nil, err
	}
	s := &Source{packages: map[string]*goPackage{}, packer: newPacker()}
	for decoder := json.NewDecoder(bytes.NewReader(listed)); ; {
		p := new(goPackage)
		err := decoder.Decode(p)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read what go list says: %w", err)
		}
		if err := s.add(p); err != nil {
			return nil, err
		}
	}
	sums, err := os.ReadFile(filepath.Join(root, "go.sum")) //nolint:gosec // of the repository
	s.sums = strings.SplitAfter(string(sums), "\n")
	return s, err
}

func (s *Source) add(p *goPackage) error {
	switch {
	case p.Standard:
		return nil
	case p.Module == nil:
		return fmt.Errorf("package %s is in no module", p.ImportPath)
	case p.Module.Replace != nil:
		return fmt.Errorf("module %s is replaced in go.mod: what is deployed must be what go.sum says", p.Module.Path)
	case p.Module.Main:
		s.module = *p.Module
	}
	s.packages[p.ImportPath] = p
	return p.leaveOut()
}

// goCommand runs the Go command as the buildpack would: for linux/amd64, by the module alone.
func goCommand(ctx context.Context, dir string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", args...) //nolint:gosec // arguments of ours
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=1", "GOFLAGS=", "GOWORK=off")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go %s: %w\n%s", args[0], err, stderr.String())
	}
	return out, nil
}

// staged is one file of a stage: bytes of its own, or a file that it is copied from.
type staged struct {
	name string // in the zip, with slashes
	from string // absolute; "" if content is what it holds
	// content is for the files that packaging writes.
	content []byte
}

// stage returns the source tree of one function and nothing else, sorted by name: the module's own
// packages that it links, a root package that the buildpack finds, and in vendor the packages that
// it needs of others. go.mod, go.sum and vendor/modules.txt name only the modules that it links, so
// that only a change of these changes the stage.
func (s *Source) stage(function string) ([]staged, error) {
	paths, err := s.linked(function)
	if err != nil {
		return nil, err
	}
	var files []staged
	for _, importPath := range paths {
		p := s.packages[importPath]
		folder := path.Join(vendorFolder, importPath)
		if p.Module.Main {
			folder = strings.TrimPrefix(strings.TrimPrefix(importPath, s.module.Path), "/")
		}
		for _, name := range p.files() {
			files = append(files, staged{name: path.Join(folder, filepath.ToSlash(name)), from: filepath.Join(p.Dir, name)})
		}
	}
	modules, err := s.modulesOf(function)
	if err != nil {
		return nil, err
	}
	files = append(files, s.written(function, modules)...)
	slices.SortFunc(files, func(a, b staged) int { return strings.Compare(a.name, b.name) })
	return slices.CompactFunc(files, func(a, b staged) bool { return a.name == b.name }), nil
}

// linked returns the import paths of the packages that the function is built from, those of the
// standard library excluded, sorted.
func (s *Source) linked(function string) ([]string, error) {
	target, ok := s.packages[s.module.Path+"/functions/"+function]
	if !ok {
		return nil, fmt.Errorf("there is no functions/%s", function)
	}
	framework := s.packages[frameworkPackage]
	paths := slices.Concat(
		target.Deps, framework.Deps, []string{target.ImportPath, framework.ImportPath, functionsPackage},
	)
	paths = slices.DeleteFunc(paths, func(path string) bool { return s.packages[path] == nil })
	slices.Sort(paths)
	return slices.Compact(paths), nil
}

// written returns the files that stand in no repository.
func (s *Source) written(function string, modules map[goModule][]string) []staged {
	var mod, vendored, sums bytes.Buffer
	fmt.Fprintf(&mod, "module %s\n\ngo %s\n\nrequire (\n", s.module.Path, s.module.GoVersion)
	for _, m := range sortedModules(modules) {
		fmt.Fprintf(&mod, "\t%s %s\n", m.Path, m.Version)
		fmt.Fprintf(&vendored, "# %s %s\n## explicit%s\n%s\n", m.Path, m.Version, goLine(m), strings.Join(modules[m], "\n"))
		for _, line := range s.sums {
			if strings.HasPrefix(line, m.Path+" "+m.Version+" ") || strings.HasPrefix(line, m.Path+" "+m.Version+"/go.mod ") {
				sums.WriteString(line)
			}
		}
	}
	mod.WriteString(")\n")
	return []staged{
		{name: "go.mod", content: mod.Bytes()},
		{name: "go.sum", content: sums.Bytes()},
		{name: vendorModulesFile, content: vendored.Bytes()},
		{name: stubFile, content: s.stub(function)},
	}
}

// goLine returns the language version of a vendored module, which the compiler goes by.
func goLine(m goModule) string {
	if m.GoVersion == "" {
		return ""
	}
	return "; go " + m.GoVersion
}

// stubSource is the format of the root package: %[1]s is the function's name, %[2]q the framework's
// package and %[3]q the function's.
const stubSource = `// Package facescan is the function %[1]s as Cloud Functions builds it. scripts/deploy wrote it.
package facescan

import (
	_ %[2]q // the main is then the declarative one

	_ %[3]q
)
`

// stub returns the root package. That it imports the framework's functions makes the buildpack
// write a main that starts whatever is registered.
func (s *Source) stub(function string) []byte {
	return fmt.Appendf(nil, stubSource, function, functionsPackage, s.module.Path+"/functions/"+function)
}
