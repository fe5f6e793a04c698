package face

import (
	"bytes"
	"testing"

	"github.com/facescan/facescan/internal/face/report"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func analyze(tb testing.TB, data []byte) report.Report {
	tb.Helper()
	r, err := Analyze(bytes.NewReader(data), report.Options{})
	if err != nil {
		tb.Fatalf("Analyze: %v", err)
	}
	return r
}
