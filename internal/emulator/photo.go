package emulator

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"github.com/facescan/facescan/internal/emulator/machine"
)

// sampleModule is the module with the sample photo.
const sampleModule = "github.com/esimov/pigo"

// SamplePhoto returns the portrait in pigo's module, a JPEG, for where there is no camera. It is an
// average of many faces, so it shows no person. The go command is asked for the module, and
// downloads it where the module cache lacks it, so that a clean clone has the photo with its first
// command. The working directory does not matter.
func SamplePhoto(ctx context.Context) ([]byte, error) {
	dir, err := sampleDir(ctx)
	if err != nil {
		return nil, fmt.Errorf("find the sample photo: %w", err)
	}
	photo, err := os.ReadFile(filepath.Join(dir, "testdata", "sample.jpg")) //nolint:gosec // a file of that module
	if err != nil {
		return nil, fmt.Errorf("read the sample photo: %w", err)
	}
	return photo, nil
}

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
	if dir := filepath.Dir(file); ok && filepath.IsAbs(dir) && machine.Exists(dir) {
		return dir
	}
	return ""
}
