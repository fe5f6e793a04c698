package photo

import (
	"errors"
	"strings"
	"testing"

	"github.com/facescan/facescan/internal/face/report"
)

func TestRefusalNamesTheLimit(t *testing.T) {
	t.Parallel()
	for limit, want := range map[int64]string{1_500_000: "at most 1.5 megapixels", 50_000_000: "at most 50 megapixels"} {
		h := Header{Width: 10_000, Height: 10_000}
		var refusal *report.Refusal
		if err := h.Check(
			report.Options{MaxSide: 20_000, MaxPixels: limit},
		); !errors.As(err, &refusal) || !strings.Contains(refusal.Detail, want) {
			t.Errorf("over %d pixels: %v, want %q", limit, err, want)
		}
	}
}
