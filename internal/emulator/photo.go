package emulator

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// SamplePhoto is the portrait in pigo's module, a JPEG, for where there is no camera: an average face of many people, so
// nobody's. A clean clone has it wherever it can build.
func SamplePhoto(ctx context.Context) ([]byte, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/esimov/pigo").Output()
	if err != nil {
		return nil, fmt.Errorf("find the sample photo in pigo's module: %w", err)
	}
	photo, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(out)), "testdata", "sample.jpg"))
	if err != nil {
		return nil, fmt.Errorf("read the sample photo: %w", err)
	}
	return photo, nil
}
