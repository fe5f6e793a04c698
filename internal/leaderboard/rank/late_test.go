package rank

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/facescan/facescan/internal/testkit"
)

// Not parallel: it looks at what all log.
func TestHandle_lateScanIsLoggedOnce(t *testing.T) {
	log, before := new(testkit.Buffer), slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(log, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	b := newBench(t)
	b.save(member("u"))
	late := scanAt("late", b.now.Add(-5*24*time.Hour), 60)
	for range 2 {
		b.handle(completed("u", late))
	}
	b.handle(completed("u", scanAt("timely", b.now.Add(-time.Hour), 60)))
	day := late.CompletedAt.Format(time.DateOnly)
	said := log.String()
	if strings.Count(said, "after its board had closed") != 1 || !strings.Contains(said, "period="+day) {
		t.Errorf("logged: %s", said)
	}
	for _, p := range b.rating("u").Places {
		if strings.Contains(p.Board, day) {
			t.Errorf("the late scan has the place %+v", p)
		}
	}
	if p := b.place("u"); p == nil || p.Scans != 2 {
		t.Errorf("place %+v, want both scans", p)
	}
}
