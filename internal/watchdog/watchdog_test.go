package watchdog

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/facescan/facescan/internal/telemetry"
)

// The default logger is the process's, so these do not run beside each other.
func TestWatch(t *testing.T) {
	for name, tt := range map[string]struct {
		works time.Duration
		exits int
	}{
		"work within the limit goes on":          {time.Minute - 1, 0},
		"work beyond the limit ends its process": {time.Minute + 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				before := slog.Default()
				defer slog.SetDefault(before)
				slog.SetDefault(telemetry.NewLogger(&log, telemetry.Traces{Project: "test"}, slog.LevelInfo))
				var codes []int
				ctx := telemetry.With(t.Context(), slog.String("scan_id", "s1"))
				done := Watch(ctx, time.Minute, func(code int) { codes = append(codes, code) })
				time.Sleep(tt.works) // the bubble's time
				synctest.Wait()
				done()
				time.Sleep(time.Hour)
				if len(codes) != tt.exits {
					t.Fatalf("exits %v, want %d", codes, tt.exits)
				}
				if tt.exits == 0 {
					return
				}
				if codes[0] != ExitCode {
					t.Errorf("exit code %d", codes[0])
				}
				for _, want := range []string{`"severity":"ERROR"`, `"scan_id":"s1"`, `"limit_ms":60000`} {
					if !strings.Contains(log.String(), want) {
						t.Errorf("the log lacks %s: %s", want, log.String())
					}
				}
			})
		})
	}
}
