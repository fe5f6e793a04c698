package signin

import (
	"context"
	"log/slog"
	"time"

	"firebase.google.com/go/v4/auth"
	identitytoolkit "google.golang.org/api/identitytoolkit/v1"

	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/quota"
)

// resetTakes is when a request for a reset is answered. It is longer than finding the user and
// sending the mail takes.
const resetTakes = 1500 * time.Millisecond

// resetPassword makes Firebase send the mail that resets the password, if one is due. Of the
// requests that strangers make in one [ResetSlot], only the first leads to a mail; if that fails,
// the slot and what the request was counted by are given back. The error reveals nothing about the
// user: it occurs before the lookup, or is only logged.
func (h *Handler) resetPassword(ctx context.Context, address string, made attempt) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if !made.known {
		slot, err := h.limits.Reserve(ctx, ResetSlot.Of(quota.Mailbox(address)))
		if fault.Is(err, fault.CodeRateLimited) {
			return nil
		}
		if err != nil {
			made.giveBack(ctx)
			return err
		}
		made.held = append(made.held, slot)
	}
	due, err := h.mayReset(ctx, address)
	if err != nil {
		made.giveBack(ctx)
		return err
	}
	if !due {
		return nil
	}
	err = h.send(ctx, &identitytoolkit.GoogleCloudIdentitytoolkitV1GetOobCodeRequest{
		RequestType: "PASSWORD_RESET", Email: address,
	})
	if err != nil {
		made.giveBack(ctx)
		slog.ErrorContext(ctx, "send the reset mail", "error", err)
	}
	return nil
}

// mayReset reports whether there is an enabled user with the verified address. An unverified
// address gets only the verification mail, which needs the user's ID token. A user who loses the
// password before verifying can sign in by another provider with the same address, which Firebase
// lets take over from an unverified one.
func (h *Handler) mayReset(ctx context.Context, address string) (bool, error) {
	user, err := h.users.GetUserByEmail(ctx, address)
	if auth.IsUserNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fault.Wrap(
			withoutURL(err), fault.CodeUnavailable, "Signing in is not possible at the moment: try again.",
		)
	}
	return user.EmailVerified && !user.Disabled, nil
}
