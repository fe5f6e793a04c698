package pack

import (
	"archive/zip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/facescan/facescan/internal/deploy/leak"
)

// secretsIn returns the files of the zip that have secrets or no place in it, with what they have,
// and how many files there are.
func secretsIn(t *testing.T, file string) (found map[string][]string, files int) {
	t.Helper()
	archive, err := zip.OpenReader(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = archive.Close() }()
	found = map[string][]string{}
	for _, f := range archive.File {
		content, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(content)
		_ = content.Close()
		if err != nil {
			t.Fatal(err)
		}
		kinds := leak.In(text)
		if leak.Named(f.Name) {
			kinds = append(kinds, "its name")
		}
		if len(kinds) > 0 {
			found[f.Name] = kinds
		}
	}
	return found, len(archive.File)
}

// No package that is deployed has a secret in it, or what a developer's machine or a test has.
func TestZips_haveNoSecrets(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, of := range packageInto(t, sourceOf(t), dir).Functions {
		found, files := secretsIn(t, filepath.Join(dir, of.Path))
		if len(found) > 0 || files < 50 {
			t.Errorf("%s: of %d files, these have secrets: %v", name, files, found)
		}
	}
}

// What is planted in a package is found.
func TestZips_plantedSecrets(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "planted.zip")
	out, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	w := zip.NewWriter(out)
	for name, text := range map[string]string{
		"function.go": "package rank\n", ".env": "A=b\n",
		"internal/a.go": `"private_key_id": "` + strings.Repeat("0", 40) + `"`,
	} {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(f, text); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	if found, files := secretsIn(t, file); len(found) != 2 || files != 3 {
		t.Errorf("found %v in %d files", found, files)
	}
}
