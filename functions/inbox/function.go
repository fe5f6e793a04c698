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
	"github.com/facescan/facescan/internal/notify"
	"github.com/facescan/facescan/internal/notify/inbox"
	"github.com/facescan/facescan/internal/quota"
)

func init() { boot.HTTP("inbox", build, "FACESCAN_PUBLIC_URL", "FACESCAN_UNSUBSCRIBE_KEYS") }

func build(ctx context.Context, p *boot.Process) (http.Handler, error) {
	fs, api, openErr := identity.Open(ctx, p)
	box, boxErr := bus.Outbox(ctx, p)
	unsubscriber, unsubscriberErr := notify.NewUnsubscriber(p.Config.PublicURL, p.Config.UnsubscribeKeys)
	if err := errors.Join(openErr, boxErr, unsubscriberErr); err != nil {
		return nil, err
	}
	(&inbox.Handler{
		Firestore: fs, Outbox: box, Limits: quota.New(fs, []byte(p.Config.HashKey), p.Now), Unsubscriber: unsubscriber,
		Now: p.Now,
	}).Routes(api)
	return api, nil
}
