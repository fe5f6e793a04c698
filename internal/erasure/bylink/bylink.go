// Package bylink deletes accounts by a link in a mail, for users of every way of signing in who
// have a verified e-mail address and not the app: Apple, Google or another provider, a password
// that is forgotten, an address that Apple relays.
//
//	POST /v1/account-deletion ──► counted ──► account.deletion-asked, with the address sealed
//	erase ──► is there an enabled user who has verified the address? ──► the mail with the link
//	GET  /v1/account-deletion/{token} ──► the page that asks; it changes nothing
//	POST /v1/account-deletion/{token} ──► the erasure, and the address of its receipt
//
// # Who has an account stays unknown
//
// The request looks no one up: it reads and writes the same for every address, and answers the
// same. Only the consumer of the event asks Firebase, for which no answer waits. What tells is the
// mail alone, which the owner of the mailbox gets.
//
// # What a link can do
//
// It works for link.Life, for the user and the address that it was made for, and as long as both
// belong together: not when the user has another address or none, and not when the sign-ins were
// ended since, as a new password does. It begins one erasure. Opened again before that
// ends it shows the receipt; another link of the same user shows that it does not work any more.
//
// Programs that look at mails open their links. So opening one changes nothing and does not look at
// the token; only the button of the page does, whose form no program sends that follows links.
//
// # Limits
//
// Of the requests for one mailbox, only the first in each [Slot] leads to a mail; the others are
// answered alike, and its link is in the mailbox already. Strangers can so have 12 mails an hour
// sent to an owner, none of which deletes anything by itself. A client has limits for one mailbox
// and for all.
package bylink

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"
	"unicode"

	"firebase.google.com/go/v4/auth"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/erasure"
	"github.com/facescan/facescan/internal/erasure/link"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/quota"
	"github.com/facescan/facescan/internal/web"
)

// The limits of requests for a link.
var (
	// Slot is for mails to one mailbox.
	Slot = quota.Rule{Name: "deletion-slot", Max: 1, Window: 5 * time.Minute}
	// FromNetwork limits who asks in one network for links to one mailbox.
	FromNetwork = quota.Rule{Name: "deletion-network", Max: 3, Window: 30 * time.Minute}
	// OfClient limits who asks for links to many mailboxes.
	OfClient = quota.Rule{Name: "deletion-client", Max: 30, Window: time.Hour}
)

// Handler serves the requests for links, and their pages.
type Handler struct {
	// Erasures begins erasures.
	Erasures *erasure.Handler
	// Outbox owes the event that has the mail sent.
	Outbox *outbox.Box
	// Limits counts requests.
	Limits *quota.Limiter
	// Links makes and reads links.
	Links *link.Links
	// Users are the Firebase users.
	Users *auth.Client
	// Pages are what people see.
	Pages *web.Pages
	// Now is the clock.
	Now func() time.Time
}

// Routes adds the routes. None asks for a token: who uses them has no app to get one.
func (h *Handler) Routes(api *httpapi.API) {
	api.Handle("POST /v1/account-deletion", httpapi.Open, h.ask, httpapi.JSON)
	lang, shown := httpapi.Query("lang"), httpapi.Shown(h.Pages.Problem)
	api.Handle("GET "+link.Path+"{token}", httpapi.Open, h.open, lang, shown, httpapi.AnyQuery)
	api.Handle("POST "+link.Path+"{token}", httpapi.Open, h.confirm, lang, shown, httpapi.AnyQuery, httpapi.Texts)
}

type askRequest struct {
	Email string `json:"email" required:"true"`
	// Locale is the language of the mail, such as "de-AT".
	Locale string `json:"locale" nonempty:"true"`
}

// The longest e-mail address (RFC 5321), and the longest locale of a profile.
const (
	maxAddress = 254
	maxLocale  = 35
)

// ask answers 202 in any case that is not refused. What it reads and writes depends on the address
// only by what was counted for it.
func (h *Handler) ask(w http.ResponseWriter, r *http.Request) error {
	in, err := httpapi.Decode[askRequest](w, r)
	if err != nil {
		return err
	}
	// In one spelling, as Firebase keeps it: what is counted must be what is looked up.
	in.Email = strings.ToLower(strings.TrimSpace(in.Email))
	if !isAddress(in.Email) {
		return fault.New(fault.CodeInvalidField, "The e-mail address is not valid.").
			WithField("/email", "is not an e-mail address")
	}
	if len(in.Locale) > maxLocale {
		return fault.New(fault.CodeInvalidField, "The locale is not valid.").
			WithField("/locale", "must not be longer than %d characters", maxLocale)
	}
	client := httpapi.ClientIP(r)
	_, err = h.Limits.Reserve(
		r.Context(), OfClient.Of(quota.IP(client)), FromNetwork.Of(quota.MailboxFrom(client, in.Email)),
	)
	if err != nil {
		return err
	}
	if err := h.owe(r.Context(), in); err != nil {
		return err
	}
	w.WriteHeader(http.StatusAccepted)
	return nil
}

// owe owes the event that has a mail sent, unless one was asked for a short while ago.
func (h *Handler) owe(ctx context.Context, in askRequest) error {
	slot, err := h.Limits.Reserve(ctx, Slot.Of(quota.Mailbox(in.Email)))
	if fault.Is(err, fault.CodeRateLimited) {
		return nil
	}
	if err != nil {
		return err
	}
	id := strings.ToLower(rand.Text())
	sealed, err := h.Links.SealAddress(id, in.Email)
	if err != nil {
		return err
	}
	err = h.Outbox.Run(ctx, func(ctx context.Context, tx *outbox.Tx) error {
		return tx.Tell(ctx, h.Now(), event.AccountDeletionAskedV1{LinkID: id, To: sealed, Locale: in.Locale}, id)
	})
	if err != nil {
		if back := slot.Return(ctx); back != nil {
			slog.WarnContext(ctx, "a place for a mail stays taken", "error", back)
		}
	}
	return err
}

// isAddress reports whether the text may be an e-mail address: it has two parts, and no separators,
// control characters or invisible characters. Firebase says whether a user has it.
func isAddress(text string) bool {
	local, domain, _ := strings.Cut(text, "@")
	return len(text) <= maxAddress && local != "" && domain != "" && !strings.Contains(domain, "@") &&
		!strings.ContainsFunc(text, func(r rune) bool {
			return unicode.In(r, unicode.Z, unicode.C) || r == unicode.ReplacementChar
		})
}

// open answers the page that asks.
func (h *Handler) open(w http.ResponseWriter, r *http.Request) error {
	return h.Pages.ConfirmDeletion(w, r)
}

// The one pair of the page's form.
const (
	sureName  = "sure"
	sureValue = "yes"
)

// confirm begins the erasure of the link's user, or shows that the link does not work.
func (h *Handler) confirm(w http.ResponseWriter, r *http.Request) error {
	form, err := httpapi.ReadTexts(w, r)
	if err != nil {
		return err
	}
	if form.Get(sureName) != sureValue {
		return fault.New(fault.CodeInvalidField, "The form is not that of the page.").
			WithField("/"+sureName, "must be %s", sureValue)
	}
	receipt, ok, err := h.erase(r.Context(), r.PathValue("token"))
	if err != nil {
		return err
	}
	if !ok {
		return h.Pages.DeletionRefused(w, r)
	}
	return h.Pages.DeletionBegun(w, r, receipt)
}

// erase returns the path of the receipt of the erasure that the token's link has begun. It reports
// false for a link that does not work, whatever the reason.
func (h *Handler) erase(ctx context.Context, token string) (receipt string, ok bool, err error) {
	made, ok := h.Links.Open(token, h.Now())
	if !ok {
		return "", false, nil
	}
	user, err := h.Users.GetUser(ctx, made.UID)
	if auth.IsUserNotFound(err) {
		return "", false, nil
	}
	if err != nil {
		return "", false, fault.Wrap(err, fault.CodeUnavailable, "The account could not be looked up: try again.")
	}
	if !user.EmailVerified || user.Email != made.Address || endedSince(user, made.AskedAt) && !user.Disabled {
		return "", false, nil
	}
	receipt, err = h.Erasures.ByLink(ctx, account.UID(made.UID), made.ID, user.Disabled)
	if errors.Is(err, erasure.ErrGone) {
		return "", false, nil
	}
	return receipt, err == nil, err
}

// endedSince reports whether the user's sign-ins were ended after the time, of which whole seconds
// count. Erasing an account ends them, too, so it does not count for a user who is locked.
func endedSince(user *auth.UserRecord, at time.Time) bool {
	return user.TokensValidAfterMillis/1000 > at.Unix()
}
