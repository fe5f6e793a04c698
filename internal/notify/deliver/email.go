package deliver

import (
	"context"
	"errors"

	"github.com/facescan/facescan/internal/account/address"
	"github.com/facescan/facescan/internal/mail"
	"github.com/facescan/facescan/internal/notify"
)

// email mails the parcel to the user's present address. A mailbox or a mail that is
// permanently refused is not attempted again; all other failures are.
func (c *Consumer) email(ctx context.Context, p parcel) outcome {
	to, err := address.Verified(ctx, c.Users, p.user.UID)
	switch {
	case errors.Is(err, address.ErrUserGone):
		return outcome{skipped: "user_gone"}
	case errors.Is(err, address.ErrUnverified):
		return outcome{skipped: "no_verified_email"}
	case err != nil:
		return failure(err)
	}
	m, err := c.letter(p)
	if err != nil {
		return failure(err)
	}
	m.To = to
	err = c.Mailer.Send(ctx, m)
	switch {
	case errors.Is(err, mail.ErrAddress):
		return outcome{skipped: "address_unusable"}
	case errors.Is(err, mail.ErrRefused):
		return outcome{skipped: "address_refused"}
	case errors.Is(err, mail.ErrRejected):
		return outcome{skipped: "mail_refused"}
	case err != nil:
		return failure(err)
	}
	return outcome{}
}

// letter returns the mail of the parcel, without its address.
func (c *Consumer) letter(p parcel) (mail.Message, error) {
	m := mail.Message{ID: p.id, Date: c.Now()}
	if !p.of.Rule().Critical {
		var err error
		m.Unsubscribe, err = c.Unsubscriber.URL(p.user.UID, p.of.Kinds(), notify.LangOf(p.user.Locale))
		if err != nil {
			return mail.Message{}, err
		}
	}
	l, err := p.letter(m.Unsubscribe)
	if err != nil {
		return mail.Message{}, err
	}
	m.Subject, m.Text, m.HTML = l.Subject, l.Text, l.HTML
	return m, nil
}

func (p parcel) letter(unsubscribe string) (notify.Letter, error) {
	if len(p.of) > 1 {
		return p.of.Letter(p.user, unsubscribe)
	}
	text, err := p.of[0].Text(p.user)
	if err != nil {
		return notify.Letter{}, err
	}
	return notify.NewLetter(text, unsubscribe)
}
