package deploy

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"time"

	"github.com/facescan/facescan/internal/catalog"
)

// buildFolder, below terraform/, holds the zips and saved plans; git ignores it. Terraform keeps a
// zip's path in its state and would replace the object at another, so the path is relative and the
// same on every machine.
const buildFolder = ".build"

// sourcesFile names the zips; Terraform reads it unasked.
const sourcesFile = "sources.auto.tfvars.json"

// functionSource is where a function's zip is: on this machine, relative to terraform/, and in the
// source bucket.
type functionSource struct {
	Path   string `json:"path"`
	Object string `json:"object"`
}

type sources struct {
	Functions map[string]functionSource `json:"function_sources"`
	// Release is the commit, which is deployed with the functions and redeploys none of them.
	Release string `json:"release"`
}

// runPackage packages every function into the repository's own terraform/.
func runPackage(ctx context.Context, root string, progress io.Writer) error {
	started := time.Now()
	s, err := loadSource(ctx, root)
	if err != nil {
		return err
	}
	release, err := releaseOf(ctx, root)
	if err != nil {
		return err
	}
	written, err := writePackages(ctx, s, filepath.Join(root, "terraform"), release, progress)
	if err != nil {
		return err
	}
	fmt.Fprintf(progress, "%d functions packaged in %.1f s; terraform/%s names them\n",
		len(written.Functions), time.Since(started).Seconds(), sourcesFile)
	return nil
}

// writePackages writes a zip for each function below dir, removes those of former sources, and
// writes the file that names them and the release.
func writePackages(
	ctx context.Context, s *source, dir, release string, progress io.Writer,
) (sources, error) {
	p := s.packer
	all := sources{Functions: map[string]functionSource{}, Release: release}
	for _, f := range catalog.Functions() {
		files, err := s.stage(f.Name)
		if err != nil {
			return sources{}, err
		}
		if err := p.pack(ctx, files); err != nil {
			return sources{}, err
		}
		var archive bytes.Buffer
		if err := p.writeZip(&archive, files); err != nil {
			return sources{}, err
		}
		sum := sha256.Sum256(archive.Bytes())
		object := path.Join(f.Name, hex.EncodeToString(sum[:])+".zip")
		fresh, err := keep(filepath.Join(dir, buildFolder), f.Name, filepath.FromSlash(object), archive.Bytes())
		if err != nil {
			return sources{}, err
		}
		all.Functions[f.Name] = functionSource{Path: path.Join(buildFolder, object), Object: object}
		fmt.Fprintf(progress, "  %-12s %5.1f MB  %4d files  %x%s\n",
			f.Name, float64(archive.Len())/1e6, len(files), sum[:4], map[bool]string{true: "  changed"}[fresh])
	}
	text, err := indented(all)
	if err != nil {
		return sources{}, err
	}
	return all, os.WriteFile(filepath.Join(dir, sourcesFile), text, 0o644) //nolint:gosec // holds no secret
}

// keep writes the function's zip unless it is there, and removes the function's others.
func keep(folder, function, file string, content []byte) (fresh bool, err error) {
	others, err := filepath.Glob(filepath.Join(folder, function, "*.zip"))
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
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil { //nolint:gosec // a build folder
		return false, err
	}
	// Under another name first: what is interrupted must not look finished.
	if err := os.WriteFile(target+".tmp", content, 0o644); err != nil { //nolint:gosec // sources, no secret
		return false, err
	}
	return true, os.Rename(target+".tmp", target)
}
