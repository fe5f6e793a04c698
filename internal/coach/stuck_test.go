package coach

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"

	"golang.org/x/sync/semaphore"

	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/sentence"
	"github.com/facescan/facescan/internal/watchdog"
)

func TestLookThatNeverEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		exited := make(chan int, 1)
		exit := func(code int) { exited <- code }
		c := &Handler{
			Processors: semaphore.NewWeighted(1), Exit: exit,
			Analyze: func(io.Reader, report.Options) (report.Report, error) {
				if code := <-exited; code != watchdog.ExitCode {
					t.Errorf("exit code %d", code)
				}
				return report.Report{}, errors.New("its process has ended")
			},
		}
		if _, err := c.look(t.Context(), sentence.English, []byte("poison")); err == nil {
			t.Error("the look ended well")
		}
	})
}

func TestLookWithoutAProcessor(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c := &Handler{Processors: semaphore.NewWeighted(1)}
	if !c.Processors.TryAcquire(1) {
		t.Fatal("no processor at the start")
	}
	if _, err := c.look(ctx, sentence.English, []byte("preview")); !fault.Is(err, fault.CodeUnavailable) {
		t.Errorf("look = %v, want unavailable", err)
	}
}
