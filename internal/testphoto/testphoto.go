// Package testphoto has the photo that demos and tests take where there is no camera.
package testphoto

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"
)

// sampleModule is the module with the sample photo.
const sampleModule = "github.com/esimov/pigo"

// Sample returns the portrait in pigo's module, a JPEG, for where there is no camera. It is an
// average of many faces, so it shows no person. An average is more even than any face, and such a
// score is not ranked; so one corner of the mouth and the other eye are lowered by a hundredth of
// the face. The go command is asked for the module, and downloads it where the module cache lacks
// it, so that a clean clone has the photo with its first command. The working directory does not
// matter.
func Sample(ctx context.Context) ([]byte, error) {
	dir, err := sampleDir(ctx)
	if err != nil {
		return nil, fmt.Errorf("find the sample photo: %w", err)
	}
	photo, err := os.ReadFile(filepath.Join(dir, "testdata", "sample.jpg")) //nolint:gosec // a file of that module
	if err != nil {
		return nil, fmt.Errorf("read the sample photo: %w", err)
	}
	return uneven(photo)
}

// uneven lowers two places of the sample: the right corner of the mouth, and the left eye by less.
func uneven(photo []byte) ([]byte, error) {
	decoded, err := jpeg.Decode(bytes.NewReader(photo))
	if err != nil {
		return nil, fmt.Errorf("decode the sample photo: %w", err)
	}
	b := decoded.Bounds()
	src, dst := image.NewRGBA(b), image.NewRGBA(b)
	draw.Draw(src, b, decoded, b.Min, draw.Src)
	for y := range b.Dy() {
		for x := range b.Dx() {
			u, v := float64(x)/float64(b.Dx()), float64(y)/float64(b.Dy())
			down := 2.5*bell(u-.62, v-.63) + 1.5*bell(u-.37, v-.43)
			from := max(0, float64(y)-down)
			upper, part := int(from), from-math.Floor(from)
			p, q := src.RGBAAt(x, upper), src.RGBAAt(x, min(upper+1, b.Dy()-1))
			mix := func(a, b uint8) uint8 { return uint8(float64(a)*(1-part) + float64(b)*part + .5) }
			dst.SetRGBA(x, y, color.RGBA{R: mix(p.R, q.R), G: mix(p.G, q.G), B: mix(p.B, q.B), A: 255})
		}
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, dst, &jpeg.Options{Quality: 92}); err != nil {
		return nil, fmt.Errorf("encode the sample photo: %w", err)
	}
	return out.Bytes(), nil
}

// bell returns a value that is 1 at a place and falls to nothing a tenth of the picture away.
func bell(du, dv float64) float64 { return math.Exp(-(du*du + dv*dv) / .008) }

// sampleDir returns the folder of the sample's module in the module cache, in the version that
// go.mod names. `go list -m` would not do: for a module that is not in the cache yet it reports
// success, and no folder.
func sampleDir(ctx context.Context) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "mod", "download", "-json", sampleModule)
	cmd.Dir = sourceDir()
	cmd.WaitDelay = time.Second // a download tool of the go command's must not hold it
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, runErr := cmd.Output()
	var downloaded struct{ Dir, Error string }
	err := json.Unmarshal(out, &downloaded)
	switch {
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	case downloaded.Error != "":
		return "", fmt.Errorf("go mod download %s: %s", sampleModule, downloaded.Error)
	case runErr != nil:
		return "", fmt.Errorf("go mod download %s: %w %s", sampleModule, runErr, bytes.TrimSpace(stderr.Bytes()))
	case err != nil:
		return "", fmt.Errorf("read what go mod download %s says: %w", sampleModule, err)
	case downloaded.Dir == "":
		return "", errors.New("go mod download " + sampleModule + " names no folder")
	}
	return downloaded.Dir, nil
}

// sourceDir returns the folder of this file, in which the go command finds go.mod. It is "", the
// working directory, when the program was built with -trimpath or away from where its source is
// now.
func sourceDir() string {
	_, file, _, ok := runtime.Caller(0)
	if dir := filepath.Dir(file); ok && filepath.IsAbs(dir) && isFolder(dir) {
		return dir
	}
	return ""
}

// isFolder reports whether there is a folder at path.
func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
