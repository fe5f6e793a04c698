package analyze_test

import (
	"slices"
	"testing"
	"time"

	"github.com/facescan/facescan/internal/local/emulator/scantest"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/analyze"
)

// Sixteen photos of one user are analysed, four at once in each process. All of them write the
// user's memory at their end.
func TestManyPhotosOfOneUser(t *testing.T) {
	t.Parallel()
	const photos, atOnce = 16, 4
	for name, processes := range map[string]int{"in one process": 1, "in two processes on one stack": 2} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := scantest.New(t)
			all := []*analyze.Consumer{e.Analyzer(scantest.Measure)}
			for len(all) < processes {
				other := e.Analyzer(scantest.Measure)
				other.Firestore = e.Database(t)
				other.Outbox = e.OutboxOver(other.Firestore)
				all = append(all, other)
			}
			scans, places := make([]scan.Scan, photos), make([]chan struct{}, processes)
			for i := range places {
				places[i] = make(chan struct{}, atOnce)
			}
			for i := range scans {
				scans[i] = e.NewScan(t)
			}
			before, done, took := e.Traffic(t), make(chan error, photos), make([]time.Duration, photos)
			for i, s := range scans {
				m := scantest.Finalized(t, s, e.Upload(t, s, []byte{'p', byte(i)}))
				go func() {
					places[i%processes] <- struct{}{}
					began := time.Now()
					err := all[i%processes].Handle(t.Context(), m)
					took[i] = time.Since(began)
					<-places[i%processes]
					done <- err
				}()
			}
			for range scans {
				if err := scantest.Receive(t, done, "an analysis"); err != nil {
					t.Error(err)
				}
			}
			for _, s := range scans {
				if got := e.Load(t, s.ID); got.State != scan.Completed || got.Version != 3 || got.Claims != 1 {
					t.Errorf("a scan is %s, version %d, begun %d times", got.State, got.Version, got.Claims)
				}
			}
			if n := len(e.Remembered(t)); n != photos {
				t.Errorf("%d are remembered", n)
			}
			slices.Sort(took)
			t.Logf("an analysis without the engine took %s, 95 %% of them %s at most", took[photos/2], took[photos*95/100])
			passed := e.Traffic(t).Minus(before)
			if passed.Transactions != 2*photos { // a claim and an end
				t.Errorf("%d transactions committed", passed.Transactions)
			}
			if aborted := passed.Attempts - passed.Transactions; processes == 1 && aborted != 0 {
				t.Errorf("%d transactions met another one of their process", aborted)
			}
		})
	}
}
