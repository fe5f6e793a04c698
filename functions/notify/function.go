// Package notify is the function that turns events into inbox items, pushes and e-mails.
package notify

import (
	"context"
	"errors"
	"time"

	"github.com/facescan/facescan/internal/boot"
	"github.com/facescan/facescan/internal/boot/push"
	"github.com/facescan/facescan/internal/notify"
)

func init() { boot.Event("notify", build) }

func build(ctx context.Context, p *boot.Process) (boot.EventHandler, error) {
	c := p.Config
	if err := errors.Join(boot.Need("FACESCAN_SMTP", c.SMTP), boot.Need("FACESCAN_MAIL_FROM", c.MailFrom)); err != nil {
		return nil, err
	}
	fs, err := p.Firestore(ctx)
	if err != nil {
		return nil, err
	}
	fcm, err := push.Client(ctx, p)
	if err != nil {
		return nil, err
	}
	mailer, err := notify.NewMailer(notify.MailConfig{
		Addr: c.SMTP, User: c.SMTPUser, Password: c.SMTPPassword, From: c.MailFrom, Plain: c.Local(),
	})
	if err != nil {
		return nil, err
	}
	return notify.New(fs, fcm, mailer, time.Now).Handle, nil
}
