package sweep_test

import (
	"testing"
	"time"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/local/emulator/scantest"
	"github.com/facescan/facescan/internal/scan"
)

const aDay = 24 * time.Hour

func TestPhoto_isKeptAsItsUserWants(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		days   *int
		engine scantest.Engine
		life   time.Duration
	}{
		"who never said":       {nil, scantest.Measure, aDay},
		"not at all":           {new(0), scantest.Measure, 0},
		"for a day":            {new(1), scantest.Measure, aDay},
		"for three days":       {new(3), scantest.Measure, 3 * aDay},
		"for a week":           {new(7), scantest.Measure, 7 * aDay},
		"failed, not at all":   {new(0), scantest.Failing(scantest.NoFace), 0},
		"failed, for a week":   {new(7), scantest.Failing(scantest.NoFace), aDay},
		"failed, nothing said": {nil, scantest.Failing(scantest.NoFace), aDay},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := scantest.New(t)
			e.SetKeep(t, tt.days)
			s := e.NewScan(t)
			generation := e.Finish(t, s, tt.engine)
			version := e.Load(t, s.ID).Version
			end := e.Clock.Now().Add(tt.life)
			for e.Clock.Now().Add(aDay).Before(end) {
				e.Clock.Advance(aDay)
				e.Sweep(t, 1)
				e.Sweep(t, 0)
			}
			if tt.life > 0 {
				e.Clock.Advance(end.Sub(e.Clock.Now()) - time.Millisecond)
				e.Sweep(t, 0)
				if g := e.PhotoOf(t, s); g != generation {
					t.Fatalf("the photo is gone before its time (%d)", g)
				}
				e.Clock.Advance(time.Millisecond)
			}
			e.Sweep(t, 1)
			if g := e.PhotoOf(t, s); g != 0 {
				t.Errorf("the photo is kept, generation %d", g)
			}
			if got := e.Load(t, s.ID); got.SweepAt != nil || got.Version != version {
				t.Errorf("to be looked at %v, version %d, was %d", got.SweepAt, got.Version, version)
			}
		})
	}
}

func TestPhoto_followsWhatItsUserWantsNow(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		first, then *int
		// looks is at which daily looks the photo is kept.
		looks int
	}{
		"lowered to nothing":   {new(7), new(0), 0},
		"lowered to two days":  {new(7), new(2), 1},
		"raised to three days": {new(1), new(3), 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := scantest.New(t)
			e.SetKeep(t, tt.first)
			s := e.NewScan(t)
			generation := e.Finish(t, s, scantest.Measure)
			e.SetKeep(t, tt.then)
			for look := range tt.looks {
				e.Clock.Advance(aDay)
				e.Sweep(t, 1)
				if g := e.PhotoOf(t, s); g != generation {
					t.Fatalf("the photo is gone by look %d", look+1)
				}
			}
			e.Clock.Advance(aDay)
			e.Sweep(t, 1)
			if g := e.PhotoOf(t, s); g != 0 {
				t.Errorf("the photo is kept, generation %d", g)
			}
		})
	}
}

func TestPhotoOfAUserWhoIsGone(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	s, _ := e.BegunScan(t, scan.Completed)
	if _, err := account.Ref(e.Firestore, scantest.Anna).Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	e.Clock.Advance(aDay)
	e.Sweep(t, 1)
	if g := e.PhotoOf(t, s); g != 0 {
		t.Errorf("the photo is kept, generation %d", g)
	}
}
