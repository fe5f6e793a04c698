package pack

import (
	"archive/zip"
	"bytes"
	"context"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/catalog"
)

var loaded = sync.OnceValues(func() (*Source, error) {
	return Load(context.Background(), filepath.Join("..", "..", ".."))
})

func sourceOf(t *testing.T) *Source {
	t.Helper()
	s, err := loaded()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func packageInto(t *testing.T, s *Source, dir string) Sources {
	t.Helper()
	all, err := s.Write(t.Context(), dir, "release-of-the-test", io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestPackaging(t *testing.T) {
	t.Parallel()
	s, dir := sourceOf(t), t.TempDir()
	first := packageInto(t, s, dir)

	t.Run("names a zip for each function by its hash", func(t *testing.T) {
		for _, f := range catalog.Functions() {
			of := first.Functions[f.Name]
			if !strings.HasPrefix(of.Object, f.Name+"/") || of.Path != Folder+"/"+of.Object {
				t.Errorf("%s is %+v", f.Name, of)
			}
			if _, err := os.Stat(filepath.Join(dir, of.Path)); err != nil {
				t.Error(err)
			}
		}
		if _, err := os.Stat(filepath.Join(dir, File)); err != nil {
			t.Error(err)
		}
	})
	t.Run("gives the same bytes again", func(t *testing.T) {
		again, err := Load(t.Context(), filepath.Join("..", "..", ".."))
		if err != nil {
			t.Fatal(err)
		}
		other := t.TempDir()
		if diff := cmp.Diff(first, packageInto(t, again, other)); diff != "" {
			t.Error(diff)
		}
		for name, of := range first.Functions {
			if !bytes.Equal(read(t, filepath.Join(dir, of.Path)), read(t, filepath.Join(other, of.Path))) {
				t.Errorf("%s has other bytes under the same name", name)
			}
			if !bytes.Equal(read(t, listOf(dir, of)), read(t, listOf(other, of))) {
				t.Errorf("%s has another list of modules", name)
			}
		}
	})
	for name, tt := range map[string]struct {
		changed string
		want    []string
	}{
		"changes one function's zip with that function's code": {"functions/notify", []string{"notify"}},
		"changes the zips of all that link a changed package":  {"internal/notify", linking(t, "internal/notify")},
	} {
		t.Run(name, func(t *testing.T) {
			other := t.TempDir()
			// As left by a former packaging: what changed replaces, what did not stays.
			if err := os.CopyFS(other, os.DirFS(dir)); err != nil {
				t.Fatal(err)
			}
			after := packageInto(t, withChange(t, s, tt.changed), other)
			var changed []string
			for name, of := range after.Functions {
				if of != first.Functions[name] {
					changed = append(changed, name)
				}
			}
			slices.Sort(changed)
			if diff := cmp.Diff(tt.want, changed); diff != "" {
				t.Errorf("changed (-want +got):\n%s", diff)
			}
			zips, err := filepath.Glob(filepath.Join(other, Folder, "*", "*.zip"))
			if err != nil || len(zips) != len(after.Functions) {
				t.Errorf("%d zips are left of %d functions (%v)", len(zips), len(after.Functions), err)
			}
			lists, err := filepath.Glob(filepath.Join(other, Folder, "*", "*"+bomSuffix))
			if err != nil || len(lists) != len(after.Functions) {
				t.Errorf("%d lists of modules are left of %d functions (%v)", len(lists), len(after.Functions), err)
			}
		})
	}
}

// linking are the functions that link the package, sorted.
func linking(t *testing.T, pkg string) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-f", "{{.ImportPath}} {{.Deps}}", "./functions/...")
	cmd.Dir = filepath.Join("..", "..", "..")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for line := range strings.Lines(string(out)) {
		function, deps, _ := strings.Cut(line, " ")
		if slices.Contains(strings.Fields(strings.Trim(deps, "[]\n")), "github.com/facescan/facescan/"+pkg) {
			all = append(all, path.Base(function))
		}
	}
	slices.Sort(all)
	return all
}

// withChange is the source with a line more in the package's first file.
func withChange(t *testing.T, s *Source, folder string) *Source {
	t.Helper()
	pkg := s.module.Path + "/" + folder
	changed := *s.packages[pkg]
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(changed.Dir)); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, changed.GoFiles[0])
	if err := os.WriteFile(file, append(read(t, file), "\n// changed\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	changed.Dir = dir
	packages := maps.Clone(s.packages)
	packages[pkg] = &changed
	return &Source{module: s.module, packages: packages, sums: s.sums, packer: s.packer}
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestStage(t *testing.T) {
	t.Parallel()
	s := sourceOf(t)
	files, err := s.stage("upload")
	if err != nil {
		t.Fatal(err)
	}
	content := map[string]string{}
	for _, f := range files {
		content[f.name] = string(f.content)
		if strings.HasSuffix(f.name, "_test.go") || strings.Contains(f.name, "/testdata/") {
			t.Errorf("%s is for tests", f.name)
		}
	}
	t.Run("is sorted and has no file twice", func(t *testing.T) {
		if !slices.IsSortedFunc(
			files, func(a, b staged) int { return strings.Compare(a.name, b.name) },
		) || len(content) != len(files) {
			t.Error("it is not")
		}
	})
	for _, name := range []string{
		"functions/upload/function.go", "internal/boot/function.go", "internal/httpapi/openapi.yaml",
		"vendor/" + functionsPackage + "/functions.go", "vendor/" + frameworkPackage + "/framework.go",
	} {
		t.Run("has "+name, func(t *testing.T) {
			if _, ok := content[name]; !ok {
				t.Error("it has not")
			}
		})
	}
	t.Run("has one package in its root", func(t *testing.T) {
		var root []string
		for name := range content {
			if strings.HasSuffix(name, ".go") && !strings.Contains(name, "/") {
				root = append(root, name)
			}
		}
		if diff := cmp.Diff([]string{stubFile}, root); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("has nothing of other functions", func(t *testing.T) {
		for name := range content {
			if strings.HasPrefix(name, "functions/") && !strings.HasPrefix(name, "functions/upload/") {
				t.Errorf("%s is in it", name)
			}
		}
	})
	t.Run("requires only what it links", func(t *testing.T) {
		for _, module := range []string{
			"github.com/fsouza/fake-gcs-server", "github.com/hashicorp/terraform-exec", "gonum.org/v1/plot",
		} {
			for _, file := range []string{"go.mod", "go.sum", vendorModulesFile} {
				if strings.Contains(content[file], module) {
					t.Errorf("%s names %s", file, module)
				}
			}
		}
	})
	t.Run("has nothing of Cloud Storage by gRPC", func(t *testing.T) {
		if _, ok := content["vendor/cloud.google.com/go/storage/grpc_dp.go"]; ok {
			t.Error("it has the file that imports it")
		}
		for name := range content {
			if strings.HasPrefix(name, "vendor/google.golang.org/grpc/xds/") {
				t.Errorf("%s is in it", name)
			}
		}
	})
	t.Run("has what other releases of Go would take", func(t *testing.T) {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(content)), func(name string) bool {
			return strings.HasPrefix(name, "vendor/golang.org/x/") && strings.Contains(name, "windows")
		}) {
			t.Error("the files are left out that this release ignores")
		}
	})
	t.Run("asks for no toolchain, which the build could not download", func(t *testing.T) {
		if !strings.Contains(content["go.mod"], "\ngo 1.26.0\n") || strings.Contains(content["go.mod"], "toolchain") {
			t.Error(content["go.mod"])
		}
	})
	t.Run("imports the framework in its root, for the declarative main", func(t *testing.T) {
		if !strings.Contains(content[stubFile], `_ "`+functionsPackage+`"`) {
			t.Error(content[stubFile])
		}
	})
	t.Run("is refused for a function that is not there", func(t *testing.T) {
		if _, err := s.stage("nothing"); err == nil {
			t.Error("it is not")
		}
	})
}

func TestMentionsTag(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		source string
		want   bool
	}{
		"excluded by it":            {"//go:build !" + catalog.BuildTag + "\n\npackage a\n", true},
		"after a comment":           {"// Copyright\n\n//go:build linux && !" + catalog.BuildTag + "\n\npackage a\n", true},
		"included by it":            {"//go:build " + catalog.BuildTag + "\npackage a\n", true},
		"of another tag":            {"//go:build !linux\n\npackage a\n", false},
		"without a constraint":      {"package a\n", false},
		"a constraint in the text":  {"package a\n\n//go:build !" + catalog.BuildTag + "\n", false},
		"one that cannot be parsed": {"//go:build !!(" + catalog.BuildTag + "\n\npackage a\n", false},
		"empty":                     {"", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := mentionsTag([]byte(tt.source)); got != tt.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestSource_refusesAReplacedModule(t *testing.T) {
	t.Parallel()
	s := &Source{packages: map[string]*goPackage{}}
	err := s.add(&goPackage{ImportPath: "a.b/c", Module: &goModule{Path: "a.b", Replace: &goModule{Path: "../b"}}})
	if err == nil || !strings.Contains(err.Error(), "a.b is replaced") {
		t.Errorf("err = %v", err)
	}
}

func TestZip_saysNothingOfWhenAndWhere(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "a.go")
	if err := os.WriteFile(file, []byte("package a\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	files := []staged{{name: "a/a.go", from: file}, {name: "go.mod", content: []byte("module a\n")}}
	p := newPacker()
	if err := p.pack(t.Context(), files); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := p.writeZip(&out, files); err != nil {
		t.Fatal(err)
	}
	archive, err := zip.NewReader(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range archive.File {
		if f.Name != files[i].name || f.Mode() != zipMode || f.ModifiedDate != zipDate || f.ModifiedTime != 0 ||
			len(f.Extra) != 0 {
			t.Errorf("%s: %+v", f.Name, f.FileHeader)
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r) // checks the checksum
		if err != nil || len(content) == 0 {
			t.Errorf("%s holds %q (%v)", f.Name, content, err)
		}
	}
}

func TestPack_refusesAFileThatIsNotThere(t *testing.T) {
	t.Parallel()
	p := newPacker()
	if err := p.pack(t.Context(), []staged{{name: "a", from: filepath.Join(t.TempDir(), "none")}}); err == nil {
		t.Error("it does not")
	}
}
