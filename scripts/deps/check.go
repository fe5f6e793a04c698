package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/facescan/facescan/internal/deploy/licence"
)

// module is a module as the Go command tells of it.
type module struct {
	Path, Version, Dir string
	Main               bool
}

// tree is the repository as far as it is checked.
type tree struct {
	document
	// direct are the versions of the direct requirements of go.mod.
	direct map[string]string
	// linked are the modules whose packages are compiled for anything, tests included, and deployed
	// those of the functions.
	linked, deployed map[string]module
	// others are what modules of their own inside the repository are made of, as "path version".
	others map[string]module
	// npm are the packages of the repository's package-lock.json files.
	npm      []npmPackage
	licences func(dir string) ([]string, error)
}

// ownModules are the folders with a go.mod of their own whose programs checks run. Terraform's
// provider, which is built from source where its registry cannot be reached, is HashiCorp's to
// license.
var ownModules = []string{"terraform/checks/promql", "terraform/checks/waf"}

// assets is the folder of what pages serve that others wrote.
const assets = "internal/web/reference/assets"

// load reads the repository at root.
func load(ctx context.Context, root string) (*tree, error) {
	d, err := read(root)
	if err != nil {
		return nil, err
	}
	t := &tree{document: d, direct: map[string]string{}, others: map[string]module{}, licences: licence.Of}
	mod, err := goCommand(ctx, root, "mod", "edit", "-json")
	if err != nil {
		return nil, err
	}
	var file struct {
		Require []struct {
			Path, Version string
			Indirect      bool
		}
	}
	if err := json.Unmarshal(mod, &file); err != nil {
		return nil, fmt.Errorf("read go.mod: %w", err)
	}
	for _, r := range file.Require {
		if !r.Indirect {
			t.direct[r.Path] = r.Version
		}
	}
	if t.linked, err = modules(ctx, root, "-test", "-tags", "terraform,browser", "./..."); err != nil {
		return nil, err
	}
	if t.deployed, err = modules(ctx, root, "./functions/..."); err != nil {
		return nil, err
	}
	for _, dir := range ownModules {
		needed, err := modules(ctx, filepath.Join(root, dir), "./...")
		if err != nil {
			return nil, fmt.Errorf("%s: %w", dir, err)
		}
		for _, m := range needed {
			t.others[m.Path+" "+m.Version] = m
		}
	}
	// Functions serve them, as if they linked a module.
	t.deployed[assets] = module{Path: assets, Dir: filepath.Join(root, assets)}
	t.linked[assets] = t.deployed[assets]
	t.npm, err = locked(root)
	return t, err
}

// modules returns the modules of the packages and of what they need, by their paths.
func modules(ctx context.Context, root string, packages ...string) (map[string]module, error) {
	listed, err := goCommand(ctx, root, append([]string{"list", "-deps", "-json=Module"}, packages...)...)
	if err != nil {
		return nil, err
	}
	all := map[string]module{}
	for decoder := json.NewDecoder(bytes.NewReader(listed)); ; {
		var p struct{ Module *module }
		switch err := decoder.Decode(&p); {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, fmt.Errorf("read what go list says: %w", err)
		case p.Module != nil && !p.Module.Main:
			all[p.Module.Path] = *p.Module
		}
	}
}

func goCommand(ctx context.Context, root string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", args...) //nolint:gosec // arguments of ours
	cmd.Dir = root
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go %s: %w\n%s", args[0], err, stderr.String())
	}
	return out, nil
}

// faults returns what breaks the rules, sorted.
func (t *tree) faults() []string {
	var faults []string
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	named := map[string]bool{}
	for _, r := range t.rows {
		version, required := t.direct[r.module]
		_, deployed := t.deployed[r.module]
		switch {
		case named[r.module]:
			fault("%s: in %s twice", r.module, table)
		case !required:
			fault("%s: in %s, and no direct requirement of go.mod", r.module, table)
		case r.reason == "":
			fault("%s: %s has no reason for it", r.module, table)
		case r.held != "" && r.held != version:
			fault("%s: %s has it held at %s, and go.mod requires %s", r.module, table, r.held, version)
		case r.deployed != deployed:
			fault("%s: linked by functions is %t, and %s says otherwise", r.module, deployed, table)
		}
		named[r.module] = true
	}
	for path := range t.direct {
		if !named[path] {
			fault("%s: required by go.mod, and not in %s", path, table)
		}
	}
	for _, m := range t.linked {
		if err := t.allows(m); err != nil {
			fault("%s %s: %v", m.Path, m.Version, err)
		}
	}
	for _, m := range t.others {
		if err := t.allows(m); err != nil {
			fault("%s %s: %v", m.Path, m.Version, err)
		}
	}
	faults = append(faults, t.npmFaults()...)
	for _, name := range t.exceptions {
		if !t.needs(name) {
			fault("%s: an exception in %s that nothing needs", name, table)
		}
	}
	slices.Sort(faults)
	return faults
}

// needs reports whether anything needs the module or package of the name.
func (t *tree) needs(name string) bool {
	if _, linked := t.linked[name]; linked {
		return true
	}
	for _, m := range t.others {
		if m.Path == name {
			return true
		}
	}
	return slices.ContainsFunc(t.npm, func(p npmPackage) bool { return p.name == name })
}

// allows returns an error unless each of the module's licences is allowed, or the module is an
// exception that no function links.
func (t *tree) allows(m module) error {
	_, deployed := t.deployed[m.Path]
	if slices.Contains(t.exceptions, m.Path) && !deployed {
		return nil
	}
	ids, err := t.licences(m.Dir)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if !slices.Contains(t.allowed, id) {
			return fmt.Errorf("%s does not allow its licence %s", table, id)
		}
	}
	return nil
}
