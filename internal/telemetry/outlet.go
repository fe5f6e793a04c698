package telemetry

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

const (
	// exportTime bounds an export, and with it what a flush adds to a request.
	exportTime = time.Second
	// restTime is how long nothing is exported after an export that failed. What ends meanwhile is
	// lost: requests must not pay again and again for a collector that does not answer.
	restTime = 30 * time.Second
)

// outlet is the span processor of all functions of a process. It drops spans until it is opened,
// and while nothing is exported.
type outlet struct{ opened atomic.Pointer[opened] }

type opened struct {
	sdktrace.SpanProcessor
	circuit *circuit
}

func (o *outlet) open(exporter sdktrace.SpanExporter) {
	c := newCircuit(plain{exporter})
	o.opened.Store(&opened{
		SpanProcessor: sdktrace.NewBatchSpanProcessor(c, sdktrace.WithExportTimeout(exportTime)), circuit: c,
	})
}

// OnStart implements sdktrace.SpanProcessor.
func (o *outlet) OnStart(context.Context, sdktrace.ReadWriteSpan) {}

// OnEnd implements sdktrace.SpanProcessor.
func (o *outlet) OnEnd(span sdktrace.ReadOnlySpan) {
	to := o.opened.Load()
	if to == nil {
		return
	}
	if _, ok := to.circuit.watch(); ok {
		to.OnEnd(span)
	}
}

// Shutdown implements sdktrace.SpanProcessor.
func (o *outlet) Shutdown(ctx context.Context) error {
	if to := o.opened.Load(); to != nil {
		return to.Shutdown(ctx)
	}
	return nil
}

// ForceFlush implements sdktrace.SpanProcessor.
func (o *outlet) ForceFlush(ctx context.Context) error { return o.flush(ctx) }

// flush is [Tracing.Flush].
func (o *outlet) flush(ctx context.Context) error {
	to := o.opened.Load()
	if to == nil {
		return nil
	}
	closed, ok := to.circuit.watch()
	if !ok {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, exportTime)
	defer cancel()
	flushed := make(chan error, 1)
	go func() { flushed <- to.ForceFlush(ctx) }()
	select {
	case err := <-flushed:
		if err != nil {
			to.circuit.stop(err)
		}
		return err
	case <-closed.Done(): // another's export has failed
		return context.Cause(closed)
	}
}

// circuit is an exporter that exports nothing for restTime after a failure.
type circuit struct {
	sdktrace.SpanExporter

	mu     sync.Mutex
	until  time.Time       // when exports begin again
	closed context.Context // ends with the next failure
	end    context.CancelCauseFunc
}

func newCircuit(exporter sdktrace.SpanExporter) *circuit {
	c := &circuit{SpanExporter: exporter}
	c.closed, c.end = context.WithCancelCause(context.Background())
	return c
}

// ExportSpans implements sdktrace.SpanExporter. It drops the spans while nothing is exported.
func (c *circuit) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	if _, ok := c.watch(); !ok {
		return nil
	}
	err := c.SpanExporter.ExportSpans(ctx, spans)
	if err != nil {
		c.stop(err)
	}
	return err
}

// watch reports whether spans are exported, and returns a context that ends once they are not.
func (c *circuit) watch() (closed context.Context, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed, !time.Now().Before(c.until)
}

// stop has nothing exported for restTime, and releases the flushes that wait.
func (c *circuit) stop(failure error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Now().Before(c.until) {
		return
	}
	c.until = time.Now().Add(restTime)
	c.end(failure)
	c.closed, c.end = context.WithCancelCause(context.Background())
}
