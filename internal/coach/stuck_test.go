package coach

import (
	"errors"
	"io"
	"testing"
	"testing/synctest"

	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/watchdog"
)

func TestLookThatNeverEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		exited := make(chan int, 1)
		exit := func(code int) { exited <- code }
		c := &Handler{Exit: exit, Analyze: func(io.Reader, report.Options) (report.Report, error) {
			if code := <-exited; code != watchdog.ExitCode {
				t.Errorf("exit code %d", code)
			}
			return report.Report{}, errors.New("its process has ended")
		}}
		if _, err := c.look(t.Context(), []byte("poison")); err == nil {
			t.Error("the look ended well")
		}
	})
}
