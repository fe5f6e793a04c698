package face

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/facescan/facescan/internal/face/internal/cascade"
)

// TestNoPhotosNoCascades: 8 MB that most functions would load with their code and never look at.
func TestNoPhotosNoCascades(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "nophoto")
	if out, err := exec.CommandContext(
		t.Context(), "go", "build", "-o", program, "./testdata/nophoto",
	).CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	code, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range cascade.Cascades() {
		if bytes.Contains(code, data) {
			t.Errorf("%s is linked", name)
		}
	}
}
