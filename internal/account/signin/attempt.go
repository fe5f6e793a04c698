package signin

import (
	"context"
	"log/slog"

	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/quota"
)

// budget is what an attempt is counted by: once by each of its counts.
type budget struct {
	// known is set if it is that of a known client.
	known  bool
	counts []quota.Count
}

// logins are the caller's budgets for logins, the best first.
func (c caller) logins() []budget {
	return c.budgets(
		[]quota.Count{LoginsOfKnown.Of(quota.Client(c.known)), LoginsOfAllKnown.Of(quota.Mailbox(c.mailbox))},
		[]quota.Count{
			AppLoginsToMailbox.Of(quota.Mailbox(c.mailbox)),
			AppLoginsFromNetwork.Of(quota.MailboxFrom(c.addr, c.mailbox)), AppLoginsOfClient.Of(quota.IP(c.addr)),
		},
		[]quota.Count{
			LoginsToMailbox.Of(quota.Mailbox(c.mailbox)),
			LoginsFromNetwork.Of(quota.MailboxFrom(c.addr, c.mailbox)), LoginsOfClient.Of(quota.IP(c.addr)),
		},
	)
}

// resets are the caller's budgets for mails that reset the password, the best first.
func (c caller) resets() []budget {
	return c.budgets(
		[]quota.Count{ResetsOfKnown.Of(quota.Client(c.known)), ResetsOfAllKnown.Of(quota.Mailbox(c.mailbox))},
		[]quota.Count{
			AppResetsFromNetwork.Of(quota.MailboxFrom(c.addr, c.mailbox)), AppResetsOfClient.Of(quota.IP(c.addr)),
		},
		[]quota.Count{ResetsFromNetwork.Of(quota.MailboxFrom(c.addr, c.mailbox)), ResetsOfClient.Of(quota.IP(c.addr))},
	)
}

// budgets returns those that the caller may use: everybody may use a stranger's.
func (c caller) budgets(known, app, stranger []quota.Count) (all []budget) {
	if c.known != "" {
		all = append(all, budget{known: true, counts: known})
	}
	if c.attested {
		all = append(all, budget{counts: app})
	}
	return append(all, budget{counts: stranger})
}

// attempt is one that was counted.
type attempt struct {
	held []quota.Reservation
	// known is set if it was counted as a known client's.
	known bool
}

// begin counts an attempt by the first of the budgets, one or more, that is not used up. If all
// are, it refuses with rate_limited until the first of them is not.
func (h *Handler) begin(ctx context.Context, budgets []budget) (attempt, error) {
	var refusal error
	for _, b := range budgets {
		made, err := h.limits.Reserve(ctx, b.counts...)
		if err == nil {
			return attempt{held: []quota.Reservation{made}, known: b.known}, nil
		}
		if !fault.Is(err, fault.CodeRateLimited) {
			return attempt{}, err
		}
		if refusal == nil || fault.From(err).RetryAfter < fault.From(refusal).RetryAfter {
			refusal = err
		}
	}
	return attempt{}, refusal
}

// end gives a login's counts back unless the login with that outcome is a failure that counts.
func (a attempt) end(ctx context.Context, outcome error) {
	if !a.counts(outcome) {
		a.giveBack(ctx)
	}
}

// counts reports whether a login with the outcome is a failure that counts. An attempt that
// Identity Toolkit throttles counts for a stranger: the next would prolong the throttle, which is
// the owner's too. Any other outcome counts, one that is not known yet included.
func (a attempt) counts(outcome error) bool {
	switch {
	case outcome == nil, fault.Is(outcome, fault.CodeSecondFactorNeeded), fault.Is(outcome, fault.CodeUnavailable):
		return false
	case fault.Is(outcome, fault.CodeRateLimited):
		return !a.known
	}
	return true
}

// giveBack gives the counts back. If that fails, they stay until their windows end, which is no
// reason to fail what was asked for.
func (a attempt) giveBack(ctx context.Context) {
	for _, r := range a.held {
		if err := r.Return(ctx); err != nil {
			slog.WarnContext(ctx, "a count stays that was to be given back", "error", err)
		}
	}
}
