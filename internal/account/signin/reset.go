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

// resetPassword makes Firebase send the mail that resets the password, if there is an enabled user
// with the verified address. An unverified address gets only the verification mail, which needs the
// user's ID token. A user who loses the password before verifying can sign in by another provider
// with the same address, which Firebase lets take over from an unverified one. The error reveals
// nothing about the user: it occurs before the lookup, or is only logged.
func (h *Handler) resetPassword(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	err := h.limits.Take(ctx, ResetsOfMailbox, quota.Mailbox(address))
	if fault.Is(err, fault.CodeRateLimited) {
		return nil
	}
	if err != nil {
		return err
	}
	user, err := h.users.GetUserByEmail(ctx, address)
	if auth.IsUserNotFound(err) {
		return nil
	}
	if err != nil {
		return fault.Wrap(withoutURL(err), fault.CodeUnavailable, "Signing in is not possible at the moment: try again.")
	}
	if user.Disabled || !user.EmailVerified {
		return nil
	}
	err = h.send(ctx, &identitytoolkit.GoogleCloudIdentitytoolkitV1GetOobCodeRequest{
		RequestType: "PASSWORD_RESET", Email: address,
	})
	if err != nil {
		slog.ErrorContext(ctx, "send the reset mail", "error", err)
	}
	return nil
}
