package main

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/scripts/npmtools"
)

var (
	//go:embed npm
	pinned embed.FS
	//go:embed typescript
	typescript embed.FS
	// client.go.txt is beside the generated code what client.ts is.
	//go:embed golang/client.go.txt
	goClient []byte
	//go:embed kotlin
	kotlin embed.FS
)

// npmFiles are the folder that npm installs from.
func npmFiles() (fs.FS, error) { return fs.Sub(pinned, "npm") }

const (
	// oapiCodegen is the generator that internal/client/api is made with.
	oapiCodegen = "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2"
	// goOptions is the folder of its options.
	goOptions = "internal/client/api"
	// goModule is the path of the module that is made. An app renames it, or replaces it.
	goModule = "facescan.example/client"
	goDoc    = "// Package facescan is the client of FaceScan's HTTP API, generated from openapi.yaml.\npackage facescan\n"
)

// makeGo makes a module with the package facescan, by the options of this repository's own client.
func makeGo(ctx context.Context, _ kit, into string) error {
	options, err := os.ReadFile(filepath.Join(goOptions, "oapi-codegen.yaml"))
	if err != nil {
		return fmt.Errorf("read the generator's options, in the repository's root: %w", err)
	}
	overlay, err := os.ReadFile(filepath.Join(goOptions, "overlay.yaml"))
	if err != nil {
		return fmt.Errorf("read what the client leaves out: %w", err)
	}
	runtime, err := output(
		ctx, ".", "go", "list", "-m", "-f", "{{.Path}} {{.Version}}", "github.com/oapi-codegen/runtime",
	)
	if err != nil {
		return err
	}
	options = bytes.Replace(options, []byte("package: api"), []byte("package: facescan"), 1)
	for name, content := range map[string][]byte{
		"openapi.yaml": httpapi.Contract(), "overlay.yaml": overlay, "oapi-codegen.yaml": options,
		"go.mod": fmt.Appendf(nil, "module %s\n\ngo 1.26\n\nrequire %s\n", goModule, strings.TrimSpace(runtime)),
		"doc.go": []byte(goDoc), "client.go": goClient,
	} {
		if err := os.WriteFile(filepath.Join(into, name), content, 0o600); err != nil {
			return err
		}
	}
	for _, args := range [][]string{
		{"run", oapiCodegen, "-config", "oapi-codegen.yaml", "openapi.yaml"}, {"mod", "tidy"}, {"vet", "./..."},
	} {
		if _, err := output(ctx, into, "go", args...); err != nil {
			return err
		}
	}
	return nil
}

// makeTypeScript makes the contract's types, a client over them, and a journey that uses both, and
// compiles them. It is made in npm's folder, where the compiler finds the packages.
func makeTypeScript(ctx context.Context, k kit, into string) error {
	work := filepath.Join(k.npm, "sdk")
	files, err := fs.Sub(typescript, "typescript")
	if err != nil {
		return err
	}
	if err := os.CopyFS(work, files); err != nil {
		return err
	}
	contract := filepath.Join(work, "openapi.yaml")
	if err := os.WriteFile(contract, httpapi.Contract(), 0o600); err != nil {
		return err
	}
	bin := filepath.Join(k.npm, "node_modules", ".bin")
	if _, err := output(
		ctx, work, filepath.Join(bin, "openapi-typescript"), "openapi.yaml", "-o", filepath.Join("src", "schema.ts"),
	); err != nil {
		return err
	}
	if _, err := output(ctx, work, filepath.Join(bin, "tsc"), "-p", "."); err != nil {
		return err
	}
	return os.CopyFS(into, os.DirFS(work))
}

// typesBy returns a maker of the schemas' types by quicktype.
func typesBy(language, file string, options ...string) maker {
	return func(ctx context.Context, k kit, into string) error {
		schemas, err := jsonSchemas()
		if err != nil {
			return err
		}
		source := filepath.Join(k.npm, "schemas.json")
		if err := os.WriteFile(source, schemas, 0o600); err != nil {
			return err
		}
		args := append([]string{
			"--src-lang", "schema", "--lang", language, "--top-level", "FaceScanSchemas", "-o", filepath.Join(into, file),
		}, options...)
		_, err = output(ctx, k.npm, filepath.Join(k.npm, "node_modules", ".bin", "quicktype"), append(args, source)...)
		return err
	}
}

// judged returns a maker of what the command, run in the client's folder, finds no fault with. It
// says so where there is no such program.
func judged(of maker, program string, args ...string) maker {
	return func(ctx context.Context, k kit, into string) error {
		if err := of(ctx, k, into); err != nil {
			return err
		}
		if _, err := exec.LookPath(program); errors.Is(err, exec.ErrNotFound) {
			_, _ = fmt.Fprintf(k.progress, "there is no %s here, so it is not checked\n", program)
			return nil
		}
		_, err := output(ctx, into, program, args...)
		return err
	}
}

// kotlinTypes make the types for kotlinx.serialization.
var kotlinTypes = typesBy("kotlin", "FaceScan.kt", "--framework", "kotlinx", "--package", "facescan")

// makeKotlin makes the schemas' types and compiles them. The compiler is Kotlin's own, which npm
// has. The library they are for is on Maven alone, so the folder kotlin declares what they use.
func makeKotlin(ctx context.Context, k kit, into string) error {
	if err := kotlinTypes(ctx, k, into); err != nil {
		return err
	}
	files, err := fs.Sub(kotlin, "kotlin")
	if err != nil {
		return err
	}
	work, remove, err := npmtools.Install(ctx, files, k.progress)
	if err != nil {
		return err
	}
	defer remove()
	declared, err := filepath.Glob(filepath.Join(work, "*.kt"))
	if err != nil {
		return err
	}
	args := append([]string{
		filepath.Join("node_modules", "kotlin-compiler", "bin", "kotlinc"), "-d", "compiled",
		filepath.Join(into, "FaceScan.kt"),
	}, declared...)
	_, err = output(ctx, work, "bash", args...)
	return err
}

// jsonSchemas returns the contract's schemas as definitions of one JSON Schema, each a property of
// it, so that none is left out.
func jsonSchemas() ([]byte, error) {
	doc, err := openapi3.NewLoader().LoadFromData(httpapi.Contract())
	if err != nil {
		return nil, fmt.Errorf("read the contract: %w", err)
	}
	definitions, properties := map[string]any{}, map[string]any{}
	for name, schema := range doc.Components.Schemas {
		definitions[name], properties[name] = schema, map[string]string{"$ref": "#/definitions/" + name}
	}
	all, err := json.Marshal(map[string]any{
		"$schema": "http://json-schema.org/draft-07/schema#", "definitions": definitions,
		"type": "object", "properties": properties,
	})
	return bytes.ReplaceAll(all, []byte("#/components/schemas/"), []byte("#/definitions/")), err
}

// output runs the command in the folder and returns what it prints. What a command that fails has
// printed is in the error.
func output(ctx context.Context, dir, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...) //nolint:gosec // commands of this file
	var complaints bytes.Buffer
	cmd.Dir, cmd.Stderr = dir, &complaints
	printed, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s%s", filepath.Base(name), err, printed, complaints.String())
	}
	return string(printed), nil
}
