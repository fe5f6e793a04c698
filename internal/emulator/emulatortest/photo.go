package emulatortest

import (
	"context"
	"sync"
	"testing"

	"github.com/facescan/facescan/internal/emulator"
)

var sample = sync.OnceValues(func() ([]byte, error) { return emulator.SamplePhoto(context.Background()) })

// SamplePhoto is [emulator.SamplePhoto], which is looked up once.
func SamplePhoto(tb testing.TB) []byte {
	tb.Helper()
	photo, err := sample()
	if err != nil {
		tb.Fatal(err)
	}
	return photo
}
