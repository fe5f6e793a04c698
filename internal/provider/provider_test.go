package provider_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"testing"

	"github.com/facescan/facescan/internal/provider"
)

func TestLost(t *testing.T) {
	tests := map[string]struct {
		err  error
		want string
	}{
		"end":       {io.ErrUnexpectedEOF, provider.Network},
		"deadline":  {fmt.Errorf("read: %w", os.ErrDeadlineExceeded), provider.Timeout},
		"context":   {fmt.Errorf("dial: %w", context.DeadlineExceeded), provider.Timeout},
		"cancelled": {context.Canceled, provider.Timeout},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f := provider.Lost(tt.err)
			if f.Class != tt.want || f.Ours || f.RetryAfter != 0 || !errors.Is(f, tt.err) {
				t.Errorf("fault = %+v, want class %s", f, tt.want)
			}
		})
	}
}
