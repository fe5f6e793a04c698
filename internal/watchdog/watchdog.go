// Package watchdog ends a process that computes for too long. A goroutine that computes cannot be
// cancelled: left alone it would take the processor from every later request of its instance. Cloud
// Run replaces an instance that ends, and the work is delivered again.
package watchdog

import (
	"context"
	"log/slog"
	"time"
)

// ExitCode is the code that the process ends with, EX_SOFTWARE of sysexits.h.
const ExitCode = 70

// Watch calls exit with [ExitCode] after the limit, unless done is called before. It logs an error
// first, with the attributes of ctx (see telemetry.With), which name the work. exit is os.Exit
// except in tests.
func Watch(ctx context.Context, limit time.Duration, exit func(code int)) (done func()) {
	timer := time.AfterFunc(limit, func() {
		slog.ErrorContext(ctx, "computation outlived its time, the process ends", "limit_ms", limit.Milliseconds())
		exit(ExitCode)
	})
	return func() { timer.Stop() }
}
