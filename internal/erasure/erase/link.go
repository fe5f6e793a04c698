package erase

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"firebase.google.com/go/v4/auth"
	"firebase.google.com/go/v4/errorutils"

	"github.com/facescan/facescan/internal/erasure/link"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/mail"
	"github.com/facescan/facescan/internal/notify"
)

// sendLink sends the mail with the link that deletes the account of an address, if a user has it
// who is not disabled but by a ban, and it is verified. Whether it does is known here only, where
// no one waits for an answer. A repetition sends the same link, in a mail of the same id. A link
// that has no time left is not sent.
func (e *Consumer) sendLink(ctx context.Context, asked event.Event, data event.AccountDeletionAskedV1) error {
	to, ok := e.Links.OpenAddress(data.LinkID, data.To)
	if !ok || !e.Now().Before(asked.Time.Add(link.Life)) {
		slog.InfoContext(ctx, "no link of deletion", "reason", "it is over, or was not asked for here")
		return nil
	}
	user, err := e.Auth.GetUserByEmail(ctx, to)
	if errorutils.IsInvalidArgument(err) {
		slog.InfoContext(ctx, "no link of deletion", "reason", "Firebase does not take it for an address")
		return nil
	}
	if auth.IsUserNotFound(err) || err == nil && !user.EmailVerified {
		slog.InfoContext(ctx, "no link of deletion", "reason", "no user has verified the address")
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for the user of an address: %w", err)
	}
	if user.Disabled { // who is banned may leave nevertheless
		if banned, err := e.banned(ctx, user.UID); err != nil || !banned {
			slog.InfoContext(ctx, "no link of deletion", "reason", "the user is disabled")
			return err
		}
	}
	page, err := e.Links.URL(
		link.Link{ID: data.LinkID, UID: user.UID, Address: user.Email, AskedAt: asked.Time},
		string(notify.LangOf(data.Locale)),
	)
	if err != nil {
		return err
	}
	letter, err := notify.DeletionLetter(data.Locale, page, link.Life)
	if err != nil {
		return err
	}
	err = e.Mailer.Send(ctx, mail.Message{
		ID: "deletion-" + data.LinkID, To: user.Email, Date: e.Now(),
		Subject: letter.Subject, Text: letter.Text, HTML: letter.HTML,
	})
	if errors.Is(err, mail.ErrAddress) || errors.Is(err, mail.ErrRefused) {
		return nil // nothing can be sent to it
	}
	if err != nil {
		return fmt.Errorf("send a link of deletion: %w", err)
	}
	return nil
}
