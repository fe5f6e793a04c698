// Package inbox is the function of the user's notifications, devices and preferences.
package inbox

import (
	"context"
	"errors"
	"net/http"

	"github.com/facescan/facescan/internal/boot"
	"github.com/facescan/facescan/internal/boot/bus"
	"github.com/facescan/facescan/internal/boot/identity"
	"github.com/facescan/facescan/internal/notify/inbox"
)

func init() { boot.HTTP("inbox", build) }

func build(ctx context.Context, p *boot.Process) (http.Handler, error) {
	fs, api, err := identity.Open(ctx, p)
	box, boxErr := bus.Outbox(ctx, p)
	if err := errors.Join(err, boxErr); err != nil {
		return nil, err
	}
	(&inbox.Handler{Firestore: fs, Outbox: box, Now: p.Now}).Routes(api)
	return api, nil
}
