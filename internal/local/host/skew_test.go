package host

import (
	"context"
	"testing"
	"time"

	"github.com/facescan/facescan/internal/client"
	"github.com/facescan/facescan/internal/client/api"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
)

// The functions' clock may be off. Firestore, Firebase and Pub/Sub go by the machine's, and a scan
// goes all its way and is told once.
func TestFunctions_whoseClockIsOff(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	h := start(t)
	photo := emulatortest.SamplePhoto(t)
	for name, off := range map[string]time.Duration{"ahead": 10 * time.Minute, "behind": -10 * time.Minute} {
		t.Run("ten minutes "+name, func(t *testing.T) {
			if err := h.MoveClock(off); err != nil {
				t.Fatal(err)
			}
			defer func() { _ = h.MoveClock(-off) }()
			app := enrol(ctx, t, h, "clock-"+name)
			id := upload(ctx, t, app, photo)
			if s := awaitEnd(ctx, t, app, id); s.State != api.ScanStateCompleted {
				t.Errorf("the scan is %s: %+v", s.State, s.Failure)
			}
			notices, err := client.Poll(ctx, func() (n int, there bool, err error) {
				items, err := app.Inbox(ctx)
				for _, item := range items {
					if item.Data["scanId"] == id {
						n++
					}
				}
				return n, n > 0, err
			})
			if err != nil || notices != 1 {
				t.Errorf("%d notices of the scan, %v", notices, err)
			}
		})
	}
}
