// Package pack packages each function for Cloud Functions, into a zip that is the same wherever and
// whenever it is made.
package pack

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/facescan/facescan/internal/catalog"
)

// Folder holds the zips and saved plans, below terraform/; git ignores it. Terraform keeps a
// zip's path in its state and would replace the object at another, so the path is relative and the
// same on every machine.
const Folder = ".build"

// File names the zips; Terraform reads it unasked.
const File = "sources.auto.tfvars.json"

// zipSuffix ends the name of a zip.
const zipSuffix = ".zip"

// Function is where a function's zip is: on this machine, relative to terraform/, and in the
// source bucket.
type Function struct {
	Path   string `json:"path"`
	Object string `json:"object"`
}

// Sources is the content of File.
type Sources struct {
	Functions map[string]Function `json:"function_sources"`
	// Release is the commit, which is deployed with the functions and redeploys none of them.
	Release string `json:"release"`
}

// Write writes a zip for each function below dir and beside it the list of its modules, removes
// those of former sources, and writes the file that names them and the release.
func (s *Source) Write(ctx context.Context, dir, release string, progress io.Writer) (Sources, error) {
	p := s.packer
	all := Sources{Functions: map[string]Function{}, Release: release}
	for _, f := range catalog.Functions() {
		files, err := s.stage(f.Name)
		if err != nil {
			return Sources{}, err
		}
		if err := p.pack(ctx, files); err != nil {
			return Sources{}, err
		}
		var archive bytes.Buffer
		if err := p.writeZip(&archive, files); err != nil {
			return Sources{}, err
		}
		sum := sha256.Sum256(archive.Bytes())
		name := hex.EncodeToString(sum[:])
		list, err := s.bom(f.Name, name)
		if err != nil {
			return Sources{}, err
		}
		object := path.Join(f.Name, name+zipSuffix)
		folder := filepath.Join(dir, Folder, f.Name)
		fresh, err := keep(folder, name+zipSuffix, zipSuffix, archive.Bytes())
		if err != nil {
			return Sources{}, err
		}
		if _, err := keep(folder, name+bomSuffix, bomSuffix, list); err != nil {
			return Sources{}, err
		}
		all.Functions[f.Name] = Function{Path: path.Join(Folder, object), Object: object}
		fmt.Fprintf(progress, "  %-12s %5.1f MB  %4d files  %x%s\n",
			f.Name, float64(archive.Len())/1e6, len(files), sum[:4], map[bool]string{true: "  changed"}[fresh])
	}
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return Sources{}, err
	}
	return all, os.WriteFile(filepath.Join(dir, File), append(text, '\n'), 0o644) //nolint:gosec // holds no secret
}

// keep writes the file into the folder unless it is there, and removes the others that end in
// suffix.
func keep(folder, file, suffix string, content []byte) (fresh bool, err error) {
	others, err := filepath.Glob(filepath.Join(folder, "*"+suffix))
	if err != nil {
		return false, err
	}
	target := filepath.Join(folder, file)
	fresh = !slices.Contains(others, target)
	for _, other := range others {
		if other == target {
			continue
		}
		if err := os.Remove(other); err != nil {
			return false, err
		}
	}
	if !fresh {
		return false, nil
	}
	if err := os.MkdirAll(folder, 0o755); err != nil { //nolint:gosec // a build folder
		return false, err
	}
	// Under another name first: what is interrupted must not look finished.
	if err := os.WriteFile(target+".tmp", content, 0o644); err != nil { //nolint:gosec // sources, no secret
		return false, err
	}
	return true, os.Rename(target+".tmp", target)
}
