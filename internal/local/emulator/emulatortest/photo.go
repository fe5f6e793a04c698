package emulatortest

import (
	"context"
	"sync"
	"testing"

	"github.com/facescan/facescan/internal/testphoto"
)

var sample = sync.OnceValues(func() ([]byte, error) { return testphoto.Sample(context.Background()) })

// SamplePhoto returns [testphoto.Sample], which it reads once.
func SamplePhoto(tb testing.TB) []byte {
	tb.Helper()
	photo, err := sample()
	if err != nil {
		tb.Fatal(err)
	}
	return photo
}
