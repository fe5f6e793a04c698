package telemetry

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// collector is an exporter whose exports take the time and end with the error. One that takes no
// end of time stops when its context does.
type collector struct {
	takes  time.Duration
	err    error
	asked  atomic.Int64
	stored atomic.Int64
}

const forever = time.Duration(1<<63 - 1)

func (c *collector) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	c.asked.Add(1)
	select {
	case <-time.After(c.takes):
	case <-ctx.Done():
		return ctx.Err()
	}
	if c.err == nil {
		c.stored.Add(int64(len(spans)))
	}
	return c.err
}

func (*collector) Shutdown(context.Context) error { return nil }

// traced serves a sampled request, whose spans are exported to the collector, and returns how long
// its flush took.
func traced(t *testing.T, tracing *Tracing) (took time.Duration, err error) {
	t.Helper()
	_, span := tracing.of("probe").Tracer(Scope).Start(context.Background(), "request")
	span.End()
	began := time.Now()
	err = tracing.Flush(context.Background())
	return time.Since(began), err
}

func newTracing(t *testing.T, c *collector) *Tracing {
	t.Helper()
	tracing := &Tracing{sampler: newSampler(1), functions: map[string]*sdktrace.TracerProvider{}}
	tracing.ExportBy(c)
	t.Cleanup(func() { _ = tracing.Stop(context.Background()) })
	return tracing
}

func TestFlush_costsOneRequestWhatACollectorDoesNotTake(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		collector *collector
		cost      time.Duration
	}{
		"a collector that hangs":          {&collector{takes: forever}, time.Second},
		"one that is slower than a flush": {&collector{takes: 5 * time.Second}, time.Second},
		"one that is down":                {&collector{err: errors.New("connection refused")}, 0},
		"one that refuses":                {&collector{err: errors.New("permission denied")}, 0},
		"one that refuses after half a second": {
			&collector{takes: time.Second / 2, err: errors.New("too many")}, time.Second / 2,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				tracing := newTracing(t, tt.collector)
				for round := range int64(3) {
					took, err := traced(t, tracing)
					if took != tt.cost || err == nil {
						t.Errorf("round %d: the first flush took %v, %v; want %v and an error", round, took, err, tt.cost)
					}
					for range 29 {
						time.Sleep(time.Second)
						if took, err := traced(t, tracing); took != 0 || err != nil {
							t.Fatalf("round %d: a later flush took %v, %v", round, took, err)
						}
					}
					if asked := tt.collector.asked.Load(); asked != round+1 {
						t.Fatalf("round %d: the collector was asked %d times", round, asked)
					}
					time.Sleep(restTime - 29*time.Second)
				}
				tt.collector.takes, tt.collector.err = 0, nil
				if took, err := traced(t, tracing); took != 0 || err != nil || tt.collector.stored.Load() == 0 {
					t.Errorf("once it takes spans again: %v, %v, %d spans", took, err, tt.collector.stored.Load())
				}
			})
		})
	}
}

// hanging is a span processor whose flushes end with their context.
type hanging struct{ sdktrace.SpanProcessor }

func (hanging) OnEnd(sdktrace.ReadOnlySpan) {}

func (hanging) ForceFlush(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestFlush_ofManyRequestsEndsWithTheFirstFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tracing := &Tracing{sampler: newSampler(1), functions: map[string]*sdktrace.TracerProvider{}}
		tracing.outlet.opened.Store(&opened{SpanProcessor: hanging{}, circuit: newCircuit(nil)})
		began := time.Now()
		var requests sync.WaitGroup
		for i := range 20 {
			requests.Go(func() {
				time.Sleep(time.Duration(i) * 45 * time.Millisecond) // the last begins within the first's second
				if took, err := traced(t, tracing); took > time.Second || err == nil {
					t.Errorf("request %d waited %v: %v", i, took, err)
				}
			})
		}
		requests.Wait()
		if took := time.Since(began); took > time.Second {
			t.Errorf("the last request waited until %v after the first began", took)
		}
	})
}

// What is exported between flushes, as on an instance whose CPU is not throttled, is spared a
// collector that hangs too.
func TestExport_betweenFlushes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &collector{takes: forever}
		tracing := newTracing(t, c)
		for range 6 {
			_, span := tracing.of("probe").Tracer(Scope).Start(context.Background(), "request")
			span.End()
			time.Sleep(5 * time.Second)
		}
		if asked := c.asked.Load(); asked != 1 {
			t.Errorf("asked %d times in 30 s", asked)
		}
	})
}

func TestFlush_withoutACollector(t *testing.T) {
	t.Parallel()
	tracing := &Tracing{sampler: newSampler(1), functions: map[string]*sdktrace.TracerProvider{}}
	if took, err := traced(t, tracing); err != nil || took > time.Second {
		t.Errorf("%v, %v", took, err)
	}
	if err := tracing.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}
