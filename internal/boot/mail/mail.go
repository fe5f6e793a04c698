// Package mail gives a function the mail server.
package mail

import (
	"context"
	"errors"

	"github.com/facescan/facescan/internal/boot"
	"github.com/facescan/facescan/internal/mail"
)

// Mailer returns the process's sender of mails.
func Mailer(ctx context.Context, p *boot.Process) (*mail.Sender, error) {
	c := p.Config
	if err := errors.Join(boot.Need("FACESCAN_SMTP", c.SMTP), boot.Need("FACESCAN_MAIL_FROM", c.MailFrom)); err != nil {
		return nil, err
	}
	return boot.Shared(ctx, p, "mailer", func(context.Context) (*mail.Sender, error) {
		return mail.New(mail.Config{
			Addr: c.SMTP, User: c.SMTPUser, Password: c.SMTPPassword, From: c.MailFrom, Plain: c.Local(),
		})
	})
}
