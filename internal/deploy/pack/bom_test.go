package pack

import (
	"archive/zip"
	"io"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/CycloneDX/cyclonedx-go"
	"github.com/google/go-cmp/cmp"
)

// listOf returns where the list of the zip's modules is, below dir.
func listOf(dir string, zip Function) string {
	return filepath.Join(dir, strings.TrimSuffix(zip.Path, zipSuffix)+bomSuffix)
}

// The list beside a zip names the modules that are in the zip, and no other.
func TestBOM(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	whole := regexp.MustCompile(`^[0-9a-f]{64}$`)
	for name, of := range packageInto(t, sourceOf(t), dir).Functions {
		t.Run(name, func(t *testing.T) {
			var list cyclonedx.BOM
			text := read(t, listOf(dir, of))
			err := cyclonedx.NewBOMDecoder(strings.NewReader(string(text)), cyclonedx.BOMFileFormatJSON).Decode(&list)
			if err != nil {
				t.Fatal(err)
			}
			sums := *list.Metadata.Component.Hashes
			if list.SpecVersion != cyclonedx.SpecVersion1_6 || !strings.Contains(of.Object, sums[0].Value) {
				t.Errorf("version %v, of %v", list.SpecVersion, sums)
			}
			var got []string
			for _, c := range *list.Components {
				got = append(got, c.Name+" "+c.Version)
				if len(*c.Hashes) != 1 || !whole.MatchString((*c.Hashes)[0].Value) || len(*c.Licenses) == 0 {
					t.Errorf("component %+v", c)
				}
			}
			if diff := cmp.Diff(vendoredIn(t, filepath.Join(dir, of.Path)), got); diff != "" {
				t.Errorf("modules (-in the zip +in the list):\n%s", diff)
			}
		})
	}
}

// vendoredIn returns the modules that the zip's vendor folder is made of, with their versions.
func vendoredIn(t *testing.T, file string) []string {
	t.Helper()
	archive, err := zip.OpenReader(file)
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	content, err := archive.Open(vendorModulesFile)
	if err != nil {
		t.Fatal(err)
	}
	defer content.Close()
	text, err := io.ReadAll(content)
	if err != nil {
		t.Fatal(err)
	}
	var modules []string
	for line := range strings.Lines(string(text)) {
		if module, ok := strings.CutPrefix(line, "# "); ok {
			modules = append(modules, strings.TrimSpace(module))
		}
	}
	return modules
}
