// Package licence reads the licences of Go modules from their files.
package licence

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/licensecheck"
)

// ErrUnknown is wrapped by the error for a module whose files have no licence that is known.
var ErrUnknown = errors.New("no licence is recognized")

// least is the share of a file, in percent, that must be the text of licences for the file to be
// one. The rest is copyright notices and prefaces.
const least = 75

// Of returns the SPDX ids of the licences of the module in the folder, sorted. Those of folders
// below it are not looked at. A module of several licences has all of them: which parts they are
// for, and whether one may be chosen, is not read.
func Of(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("look for licences: %w", err)
	}
	var ids []string
	for _, e := range entries {
		if e.IsDir() || !named(e.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name())) //nolint:gosec // of the module cache
		if err != nil {
			return nil, fmt.Errorf("read a licence: %w", err)
		}
		found := licensecheck.Scan(text)
		if found.Percent < least {
			continue
		}
		for _, m := range found.Match {
			ids = append(ids, m.ID)
		}
	}
	if len(ids) == 0 {
		return nil, fmt.Errorf("%w in %s", ErrUnknown, dir)
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// named reports whether a file of the name holds a licence.
func named(file string) bool {
	name, extension := strings.ToUpper(file), filepath.Ext(file)
	return extension != ".go" && (strings.HasPrefix(name, "LICENSE") || strings.HasPrefix(name, "LICENCE") ||
		strings.HasPrefix(name, "COPYING"))
}
