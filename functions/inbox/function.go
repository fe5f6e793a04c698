// Package inbox is the function of the user's notifications, devices and preferences, and of the
// links that turn mails off.
package inbox

import (
	"context"
	"errors"
	"net/http"

	"github.com/facescan/facescan/internal/boot"
	"github.com/facescan/facescan/internal/boot/bus"
	"github.com/facescan/facescan/internal/boot/identity"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/notify"
	"github.com/facescan/facescan/internal/notify/inbox"
	"github.com/facescan/facescan/internal/quota"
)

func init() {
	needed := boot.Keys(keys.ForLogs, keys.ForLimits, keys.ForUnsubscribing, keys.ForWriter("inbox"))
	boot.HTTP("inbox", build, append(needed, "FACESCAN_PUBLIC_URL")...)
}

func build(ctx context.Context, p *boot.Process) (http.Handler, error) {
	fs, api, openErr := identity.Open(ctx, p)
	box, boxErr := bus.Outbox(ctx, p, "inbox")
	unsubscriber, unsubscriberErr := notify.NewUnsubscriber(p.Config.PublicURL, p.Config.Ring(keys.ForUnsubscribing))
	if err := errors.Join(openErr, boxErr, unsubscriberErr); err != nil {
		return nil, err
	}
	(&inbox.Handler{
		Firestore: fs, Outbox: box, Limits: quota.New(fs, p.Config.Ring(keys.ForLimits), p.Now), Unsubscriber: unsubscriber,
		Now: p.Now,
	}).Routes(api)
	return api, nil
}
