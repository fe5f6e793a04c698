// Package notify is the function that turns events into inbox items, pushes and e-mails.
package notify

import (
	"context"
	"errors"

	"github.com/facescan/facescan/internal/boot"
	"github.com/facescan/facescan/internal/boot/consume"
	"github.com/facescan/facescan/internal/boot/database"
	"github.com/facescan/facescan/internal/boot/identity"
	"github.com/facescan/facescan/internal/boot/mail"
	"github.com/facescan/facescan/internal/boot/push"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/notify"
	"github.com/facescan/facescan/internal/notify/deliver"
)

func init() {
	consume.Events("notify", build, append(boot.Keys(keys.ForUnsubscribing), "FACESCAN_PUBLIC_URL")...)
}

func build(ctx context.Context, p *boot.Process) (*deliver.Consumer, error) {
	fs, fsErr := database.Open(ctx, p)
	fcm, fcmErr := push.Client(ctx, p)
	mailer, mailErr := mail.Mailer(ctx, p)
	users, usersErr := identity.Client(ctx, p)
	unsubscriber, unsubscriberErr := notify.NewUnsubscriber(p.Config.PublicURL, p.Config.Ring(keys.ForUnsubscribing))
	if err := errors.Join(fsErr, fcmErr, mailErr, usersErr, unsubscriberErr); err != nil {
		return nil, err
	}
	return &deliver.Consumer{
		Firestore: fs, FCM: fcm, Mailer: mailer, Users: users, Unsubscriber: unsubscriber, Now: p.Now,
	}, nil
}
