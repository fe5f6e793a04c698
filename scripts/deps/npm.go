package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// npmPackage is a package as a package-lock.json has it.
type npmPackage struct {
	name    string // begins with "npm:"
	version string
	licence string // an expression of SPDX ids, "" if the lock has none
	served  bool   // to browsers, by a function
}

// servedLock is the folder of the lock of what pages serve.
const servedLock = "internal/web/reference/npm"

// locked returns the packages of all locks in the repository at root.
func locked(root string) ([]npmPackage, error) {
	var all []npmPackage
	for _, top := range []string{"internal", "scripts"} {
		err := filepath.WalkDir(filepath.Join(root, top), func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && d.Name() == "node_modules":
				return fs.SkipDir
			case d.Name() != "package-lock.json":
				return nil
			}
			packages, err := readLock(path)
			if err != nil {
				return err
			}
			served := strings.HasSuffix(filepath.ToSlash(filepath.Dir(path)), servedLock)
			for _, p := range packages {
				p.served = served
				all = append(all, p)
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("look for locks of npm: %w", err)
		}
	}
	return all, nil
}

// readLock returns the packages of a lock.
func readLock(path string) ([]npmPackage, error) {
	text, err := os.ReadFile(path) //nolint:gosec // of the repository
	if err != nil {
		return nil, err
	}
	var lock struct {
		Packages map[string]struct{ Version, License string }
	}
	if err := json.Unmarshal(text, &lock); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	var packages []npmPackage
	for place, p := range lock.Packages {
		if place == "" {
			continue // the folder itself
		}
		name := place[strings.LastIndex(place, "node_modules/")+len("node_modules/"):]
		packages = append(packages, npmPackage{name: "npm:" + name, version: p.Version, licence: p.License})
	}
	return packages, nil
}

// npmFaults returns the packages whose licences are not allowed.
func (t *tree) npmFaults() []string {
	var faults []string
	for _, p := range t.npm {
		allowed := t.allowed
		if !p.served {
			allowed = slices.Concat(t.allowed, t.tools)
		}
		excepted := !p.served && slices.Contains(t.exceptions, p.name)
		if !excepted && !permits(p.licence, allowed) {
			faults = append(faults, fmt.Sprintf("%s %s: %s does not allow its licence %q", p.name, p.version, table, p.licence))
		}
	}
	slices.Sort(faults)
	return slices.Compact(faults) // several locks may have the same package
}

// permits reports whether one may use what has the licence: an id that is allowed, several of which
// one may be chosen, or several that are all allowed. Other expressions it does not read.
func permits(expression string, allowed []string) bool {
	ids := strings.Split(strings.Trim(expression, "()"), " OR ")
	if len(ids) > 1 {
		return slices.ContainsFunc(ids, func(id string) bool { return slices.Contains(allowed, id) })
	}
	for id := range strings.SplitSeq(ids[0], " AND ") {
		if !slices.Contains(allowed, id) {
			return false
		}
	}
	return true
}
