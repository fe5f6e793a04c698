package deliver

import (
	"context"
	"errors"

	"github.com/facescan/facescan/internal/account/address"
	"github.com/facescan/facescan/internal/mail"
	"github.com/facescan/facescan/internal/notify"
)

// email mails the message to the user's present address. A mailbox that is refused is not retried;
// all other failures are.
func (c *Consumer) email(ctx context.Context, msg notify.Message) outcome {
	to, err := address.Verified(ctx, c.Users, msg.UID)
	switch {
	case errors.Is(err, address.ErrUserGone):
		return outcome{skipped: "user_gone"}
	case errors.Is(err, address.ErrUnverified):
		return outcome{skipped: "no_verified_email"}
	case err != nil:
		return outcome{err: err}
	}
	letter, err := msg.Letter()
	if err != nil {
		return outcome{err: err}
	}
	err = c.Mailer.Send(ctx, mail.Message{
		ID: msg.ID, To: to, Date: c.Now(), Subject: letter.Subject, Text: letter.Text, HTML: letter.HTML,
	})
	switch {
	case errors.Is(err, mail.ErrAddress):
		return outcome{skipped: "address_unusable"}
	case errors.Is(err, mail.ErrRefused):
		return outcome{skipped: "address_refused"}
	}
	return outcome{err: err}
}
