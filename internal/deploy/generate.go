package deploy

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/deploy/known"
	"github.com/facescan/facescan/internal/deploy/tfmodule"
)

// Files that are generated from the catalog, below the repository's root: the document for
// Terraform, the readmes with the diagram and with the table of functions, and the local host's
// imports.
var (
	catalogFile   = filepath.Join("terraform", "modules", "facescan", "catalog.json")
	readmeFile    = filepath.Join("terraform", "README.md")
	functionsFile = filepath.Join("functions", "README.md")
	importsFile   = filepath.Join("internal", "local", "host", "functions.gen.go")
)

// runCatalog writes the files that are generated from the catalog.
func runCatalog(root string) error {
	files, err := generated(root)
	if err != nil {
		return err
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(root, name), text, 0o644); err != nil { //nolint:gosec // a source file
			return err
		}
	}
	return nil
}

// generated returns the files that are generated from the catalog. In the readmes only the part
// between the marks changes.
func generated(root string) (map[string][]byte, error) {
	document, documentErr := catalogJSON()
	readme, readmeErr := withParts(root, readmeFile, part{"diagram", diagram()}, part{"list of errors", known.Markdown()})
	table, tableErr := withParts(root, functionsFile, part{"table", functionTable()})
	if err := errors.Join(documentErr, readmeErr, tableErr); err != nil {
		return nil, err
	}
	all := map[string][]byte{
		catalogFile: document, readmeFile: readme, functionsFile: table, importsFile: functionImports(),
	}
	return all, addModules(root, all)
}

// modules are Terraform's modules that others may call.
var modules = []string{"access", "edge", "facescan", "function", "monitoring"}

// callerHeader stands above the files of the root that are written from the module's.
const callerHeader = "# Written by go generate ./internal/catalog from modules/facescan.\n\n"

// addModules adds the tables of the modules' inputs and outputs, and the root, which hands on all
// of facescan's.
func addModules(root string, files map[string][]byte) error {
	for _, name := range modules {
		folder := filepath.Join("terraform", "modules", name)
		module, err := tfmodule.Read(filepath.Join(root, folder))
		if err != nil {
			return err
		}
		readme := filepath.Join(folder, "README.md")
		if files[readme], err = withParts(root, readme, part{"table", module.Tables()}); err != nil {
			return err
		}
		if name != "facescan" {
			continue
		}
		for file, text := range module.Caller(name, "./modules/"+name, callerHeader) {
			files[filepath.Join("terraform", file)] = text
		}
	}
	return nil
}

// part is what stands between two marks of a readme.
type part struct{ name, text string }

// withParts returns the file with the texts between the marks of the parts.
func withParts(root, file string, parts ...part) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(root, file)) //nolint:gosec // of the repository
	if err != nil {
		return nil, err
	}
	for _, p := range parts {
		begin := fmt.Appendf(nil, "<!-- The %s is written by go generate ./internal/catalog. -->\n", p.name)
		end := fmt.Appendf(nil, "<!-- End of the %s. -->\n", p.name)
		before, rest, begins := bytes.Cut(text, begin)
		_, after, ends := bytes.Cut(rest, end)
		if !begins || !ends {
			return nil, fmt.Errorf("%s has no place for the %s", file, p.name)
		}
		text = slices.Concat(before, begin, []byte(p.text), end, after)
	}
	return text, nil
}

// functionTable returns the functions as a table of Markdown.
func functionTable() string {
	var b strings.Builder
	b.WriteString("| folder | trigger | paths or topics | what it does |\n| --- | --- | --- | --- |\n")
	for _, f := range catalog.Functions() {
		starts := strings.Join(slices.Concat(f.Paths, f.Takes), "` `")
		fmt.Fprintf(&b, "| `functions/%s` | %s | `%s` | %s |\n", f.Name, f.Trigger, starts, f.Purpose)
	}
	return b.String()
}

// functionImports returns the Go file in which the local host imports the functions.
func functionImports() []byte {
	var b bytes.Buffer
	b.WriteString("// Code generated from internal/catalog by scripts/deploy catalog. DO NOT EDIT.\n\npackage host\n\n" +
		"// Each function registers itself.\nimport (\n")
	for _, f := range catalog.Functions() {
		fmt.Fprintf(&b, "\t_ \"github.com/facescan/facescan/functions/%s\"\n", f.Name)
	}
	b.WriteString(")\n")
	return b.Bytes()
}
