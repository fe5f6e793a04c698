// Command assets writes the files of others that a page is made of, and their checksums, where
// `go generate` runs it in the folder of the page's package:
//
//	assets reference    # the page /docs, internal/web/reference
//	assets console      # the console of `make run`, internal/local/console
//
// npm installs what npm/package-lock.json pins, which holds npm to the checksums of the lock, and
// runs no script of the packages. The files' own checksums are written beside them, in the format
// of sha256sum.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/facescan/facescan/scripts/npmtools"
)

// page is what a page takes.
type page struct {
	// into is the folder for the files.
	into string
	// taken are the files below node_modules, each of another name.
	taken []string
	// edit, where set, is what is replaced in scripts, and by what.
	edit *regexp.Regexp
	by   string
	// notice, where set, heads each script that edit has changed, as Apache-2.0 demands.
	notice string
	// licences, where set, are written to the file LICENSE, one after the other.
	licences []licence
}

// licence is the text of one, below node_modules, and what it is of.
type licence struct{ of, text string }

// pages has what is taken, and what the packages have to say about it.
var pages = map[string]page{
	"reference": {
		into: "assets",
		taken: []string{
			"swagger-ui-dist/LICENSE", "swagger-ui-dist/NOTICE", "swagger-ui-dist/swagger-ui-bundle.js",
			"swagger-ui-dist/swagger-ui-bundle.js.LICENSE.txt", "swagger-ui-dist/swagger-ui.css",
		},
	},
	"console": {
		into: filepath.Join("site", "vendor"),
		taken: []string{
			"firebase/firebase-app.js", "firebase/firebase-auth.js",
			"@fontsource-variable/instrument-sans/files/instrument-sans-latin-wght-normal.woff2",
		},
		edit:   foreign,
		by:     "./$1",
		notice: "/* Changed by FaceScan: loads the other module from beside it, and names no source map. */\n",
		// Firebase's packages have no text of their licence, but that of its other packages is the same.
		licences: []licence{
			{
				of: "firebase-app.js and firebase-auth.js: the Firebase JS SDK, Copyright 2017 to 2025 Google LLC,\n" +
					"under the Apache License, Version 2.0. FaceScan has changed them, as their first line says.",
				text: "@grpc/grpc-js/LICENSE",
			},
			{of: "idb, which firebase-app.js contains", text: "idb/LICENSE"},
			{
				of:   "instrument-sans-latin-wght-normal.woff2: the font Instrument Sans",
				text: "@fontsource-variable/instrument-sans/LICENSE",
			},
		},
	},
}

// foreign is what Firebase's modules have of Google's host: by its address they load one another,
// and their maps are there alone.
var foreign = regexp.MustCompile(
	`https://www\.gstatic\.com/firebasejs/[\d.]+/(firebase-app\.js)|\n//# sourceMappingURL=.*`,
)

// limit is the largest size of a file, in bytes.
const limit = 2_000_000

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "assets:", err)
		os.Exit(1)
	}
}

// run installs what the folder npm pins and copies what the page takes.
func run(ctx context.Context, args []string) error {
	if len(args) != 1 {
		return errNoPage
	}
	of, ok := pages[args[0]]
	if !ok {
		return errNoPage
	}
	dir, remove, err := npmtools.Install(ctx, os.DirFS("npm"), os.Stderr)
	if err != nil {
		return err
	}
	defer remove()
	return of.take(filepath.Join(dir, "node_modules"))
}

// take copies the files and writes their checksums.
func (p page) take(from string) error {
	if err := os.MkdirAll(p.into, 0o750); err != nil {
		return err
	}
	var sums strings.Builder
	for _, name := range p.taken {
		content, err := os.ReadFile(filepath.Join(from, name)) //nolint:gosec // npm has checked what is there
		if err != nil {
			return fmt.Errorf("take %s: %w", name, err)
		}
		if path.Ext(name) == ".js" && p.edit != nil {
			content = append([]byte(p.notice), p.edit.ReplaceAllFunc(content, p.replacement)...)
		}
		if err := p.write(&sums, path.Base(name), content); err != nil {
			return err
		}
	}
	if len(p.licences) > 0 {
		text, err := p.license(from)
		if err != nil {
			return err
		}
		if err := p.write(&sums, "LICENSE", text); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(p.into, "SHA256SUMS"), []byte(sums.String()), 0o600)
}

// write writes a file of the page, and adds it to the checksums.
func (p page) write(sums *strings.Builder, name string, content []byte) error {
	if len(content) >= limit {
		return fmt.Errorf("write %s: %w: it has %d bytes", name, errTooLarge, len(content))
	}
	if err := os.WriteFile(filepath.Join(p.into, name), content, 0o600); err != nil { //nolint:gosec // a name of taken
		return fmt.Errorf("write %s: %w", name, err)
	}
	_, _ = fmt.Fprintf(sums, "%x  %s\n", sha256.Sum256(content), name)
	return nil
}

// license returns all licences, each below what it is of.
func (p page) license(from string) ([]byte, error) {
	var all bytes.Buffer
	for _, l := range p.licences {
		text, err := os.ReadFile(filepath.Join(from, l.text)) //nolint:gosec // npm has checked what is there
		if err != nil {
			return nil, fmt.Errorf("take the licence %s: %w", l.text, err)
		}
		_, _ = fmt.Fprintf(&all, "%s\n\n%s\n\n", l.of, bytes.Trim(text, "\r\n"))
	}
	return append(bytes.TrimRight(all.Bytes(), "\n"), '\n'), nil
}

// replacement returns what comes in the place of a match: nothing where it has no group.
func (p page) replacement(match []byte) []byte {
	if bytes.HasPrefix(match, []byte("https:")) {
		return p.edit.ReplaceAll(match, []byte(p.by))
	}
	return nil
}

var (
	errTooLarge = errors.New("a file of a page is to be below 2 MB")
	errNoPage   = errors.New("say of which page: reference or console")
)
