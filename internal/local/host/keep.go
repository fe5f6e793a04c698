package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/keep"
)

const (
	// keepEvery is how often the data are kept: a kill loses no more than a minute.
	keepEvery = time.Minute
	// keepTimeout bounds an export of the emulators.
	keepTimeout = time.Minute
)

// openKept takes the folder, if there is one, and what the stack knows beside its data.
func (h *Host) openKept(folder string) error {
	h.values = newValues()
	if folder == "" {
		return nil
	}
	var err error
	if h.kept, err = keep.Open(folder); err != nil {
		return err
	}
	if _, values, ok := h.kept.State(); ok {
		h.values = values
	}
	return nil
}

// state returns the folder of the data to begin with, or "".
func (h *Host) state() string {
	if h.kept == nil {
		return ""
	}
	state, _, ok := h.kept.State()
	if !ok {
		return ""
	}
	return state
}

// seed returns the file that the Firestore emulator begins with, or "".
func (h *Host) seed() string {
	if h.state() == "" {
		return ""
	}
	return keep.FirestoreSeed(h.state())
}

// liveRoot returns the folder for the storage's files: in that of the data, where both can be hard
// links to the same, or "".
func (h *Host) liveRoot() string {
	if h.kept == nil {
		return ""
	}
	return h.kept.Live()
}

// restore gives Auth and storage what was kept. Firestore has begun with it.
func (h *Host) restore(ctx context.Context) error {
	if h.state() == "" {
		return nil
	}
	return errors.Join(
		keep.ImportUsers(ctx, os.Getenv(emulator.Auth.Env()), Project, h.state()),
		keep.Link(keep.Objects(h.state()), emulator.ObjectsIn(h.liveRoot())),
	)
}

// keepOn keeps the data once a period until ctx ends.
func (h *Host) keepOn(ctx context.Context, period time.Duration, progress io.Writer) {
	if h.kept == nil {
		return
	}
	h.working.Go(func() {
		tick := time.NewTicker(period)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				if err := h.keepNow(ctx); err != nil && ctx.Err() == nil {
					_, _ = fmt.Fprintln(progress, err) // the next tick tries again
				}
			}
		}
	})
}

// keepNow keeps the data as they are. The documents come first: of a photo that is put meanwhile
// there is no document, as of one that was put to a URL whose scan has expired, and one whose
// document goes meanwhile is due to be deleted.
func (h *Host) keepNow(ctx context.Context) error {
	if h.kept == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, keepTimeout)
	defer cancel()
	h.values.Moved = h.clock.offset()
	return h.kept.Save(h.values, func(state string) error {
		if err := keep.ExportFirestore(ctx, os.Getenv(emulator.Firestore.Env()), Project, state); err != nil {
			return err
		}
		if err := keep.ExportUsers(ctx, os.Getenv(emulator.Auth.Env()), Project, state); err != nil {
			return err
		}
		return keep.Link(emulator.ObjectsIn(h.liveRoot()), keep.Objects(state))
	})
}
