package deliver

import (
	"context"
	"errors"
	"log/slog"

	"github.com/facescan/facescan/internal/provider"
)

// internalFault is the class of what is no provider's fault, such as a database that does not
// answer.
const internalFault = "own"

// failure returns the outcome of an attempt that may be repeated.
func failure(err error) outcome {
	o := outcome{err: err, fault: internalFault}
	var f *provider.Fault
	if errors.As(err, &f) {
		o.fault, o.wait = f.Class, f.RetryAfter
	}
	return o
}

// report logs the outcome of an attempt. Terraform's metrics notification_sent and
// notification_failed, with an alert on their ratio, read these lines. A failure that operators
// must act on is an error, on which an alert is set, since no repetition helps until they have.
func report(ctx context.Context, p parcel, o outcome) {
	if o.skipped != "" {
		return
	}
	if o.err == nil {
		slog.InfoContext(ctx, "a message was sent", "channel", string(p.channel), "event_id", p.id)
		return
	}
	level := slog.LevelWarn
	var f *provider.Fault
	if o.final || errors.As(o.err, &f) && f.Ours {
		level = slog.LevelError
	}
	slog.Log(ctx, level, "a message could not be sent",
		"channel", string(p.channel), "event_id", p.id, "class", o.fault, "error", o.err)
}
