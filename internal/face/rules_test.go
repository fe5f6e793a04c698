package face

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestImports keeps the engine pure: no other package of the module, no cloud, no files, no
// clock, no chance. Of runtime/debug it takes what gives back memory, which changes no result.
func TestImports(t *testing.T) {
	t.Parallel()
	const own = "github.com/facescan/facescan/internal/face/"
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f",
		`{{range .Imports}}{{$.ImportPath}} {{.}}{{"\n"}}{{end}}`, ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(string(out)) {
		of, what, _ := strings.Cut(strings.TrimSpace(line), " ")
		if strings.HasPrefix(of+"/", own) && !strings.HasPrefix(what, own) {
			got = append(got, what)
		}
	}
	slices.Sort(got)
	want := []string{
		"bytes", "cmp", "compress/zlib", "crypto/sha256", "embed", "encoding/binary", "encoding/hex", "errors", "fmt",
		"github.com/esimov/pigo/core", "github.com/gen2brain/jpegn", "golang.org/x/image/font",
		"golang.org/x/image/font/inconsolata", "golang.org/x/image/math/fixed", "golang.org/x/image/vp8",
		"golang.org/x/image/vp8l", "golang.org/x/image/webp", "hash/crc32", "image", "image/color", "image/draw",
		"image/jpeg", "image/png", "io", "math", "math/bits", "net/http", "runtime/debug", "slices", "strings",
		"sync", "unicode", "unicode/utf16",
	}
	if diff := cmp.Diff(want, slices.Compact(got)); diff != "" {
		t.Errorf("imports (-want +got):\n%s", diff)
	}
}
