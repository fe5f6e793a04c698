package scan

import (
	"testing"
	"time"

	"github.com/facescan/facescan/internal/account"
)

const aDay = 24 * time.Hour

// setKeep is what PATCH /v1/me with keepPhotosDays does to anna; nil is that she never said.
func (e *env) setKeep(t *testing.T, days *int) {
	t.Helper()
	e.putUser(t, account.User{
		UID: anna, State: account.Active, ConsentEpoch: 1, Consent: account.Consent{Granted: true}, BirthYear: 1990,
		KeepPhotosDays: days,
	})
}

func TestPhotoIsKeptAsItsUserWants(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		days   *int
		engine engineFunc
		life   time.Duration
	}{
		"who never said":       {nil, measure, aDay},
		"not at all":           {new(0), measure, 0},
		"for a day":            {new(1), measure, aDay},
		"for three days":       {new(3), measure, 3 * aDay},
		"for a week":           {new(7), measure, 7 * aDay},
		"failed, not at all":   {new(0), engine(noFace), 0},
		"failed, for a week":   {new(7), engine(noFace), aDay},
		"failed, nothing said": {nil, engine(noFace), aDay},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			e.setKeep(t, tt.days)
			s := e.newScan(t)
			generation := e.finish(t, s, tt.engine)
			version := e.load(t, s.ID).Version
			end := e.clock.Now().Add(tt.life)
			for e.clock.Now().Add(aDay).Before(end) {
				e.clock.advance(aDay)
				e.sweep(t, 1)
				e.sweep(t, 0)
			}
			if tt.life > 0 {
				e.clock.advance(end.Sub(e.clock.Now()) - time.Millisecond)
				e.sweep(t, 0)
				if g := e.photoOf(t, s); g != generation {
					t.Fatalf("the photo is gone before its time (%d)", g)
				}
				e.clock.advance(time.Millisecond)
			}
			e.sweep(t, 1)
			if g := e.photoOf(t, s); g != 0 {
				t.Errorf("the photo is kept, generation %d", g)
			}
			if got := e.load(t, s.ID); got.SweepAt != nil || got.Version != version {
				t.Errorf("to be looked at %v, version %d, was %d", got.SweepAt, got.Version, version)
			}
		})
	}
}

func TestPhotoFollowsWhatItsUserWantsNow(t *testing.T) {
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
			e := newEnv(t)
			e.setKeep(t, tt.first)
			s := e.newScan(t)
			generation := e.finish(t, s, measure)
			e.setKeep(t, tt.then)
			for look := range tt.looks {
				e.clock.advance(aDay)
				e.sweep(t, 1)
				if g := e.photoOf(t, s); g != generation {
					t.Fatalf("the photo is gone by look %d", look+1)
				}
			}
			e.clock.advance(aDay)
			e.sweep(t, 1)
			if g := e.photoOf(t, s); g != 0 {
				t.Errorf("the photo is kept, generation %d", g)
			}
		})
	}
}

func TestPhotoOfAUserWhoIsGone(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	s, _ := e.begunScan(t, Completed)
	if _, err := account.Ref(e.fs, anna).Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	e.clock.advance(aDay)
	e.sweep(t, 1)
	if g := e.photoOf(t, s); g != 0 {
		t.Errorf("the photo is kept, generation %d", g)
	}
}
