// Package address finds the e-mail address for mails to a user.
package address

import (
	"context"
	"errors"
	"fmt"
	"time"

	"firebase.google.com/go/v4/auth"

	"github.com/facescan/facescan/internal/account"
)

// lookupTimeout bounds the call of Firebase Auth, whose client retries for some 8 seconds.
const lookupTimeout = 10 * time.Second

// Errors of [Verified]: reasons why a user cannot get mail, which another attempt does not soon
// change.
var (
	// ErrUserGone means that Firebase does not have the user any more.
	ErrUserGone = errors.New("there is no such user at Firebase")
	// ErrUnverified means that the user has no verified e-mail address.
	ErrUnverified = errors.New("the user has no verified e-mail address")
)

// Verified returns the user's verified e-mail address as Firebase has it now. The address in
// users/{uid} is that of the last registration: since then the user may have changed it and another
// user may own it, or the user may have verified it. Any error other than [ErrUserGone] and
// [ErrUnverified] means that the call failed. It must be repeated, and never be replaced by an
// address from elsewhere.
//
// The answer is not cached, not even for a minute. Each mail costs one call, which Identity Toolkit
// has capacity for, and a change of the address, of which there is no notification, must apply to
// the very next mail.
func Verified(ctx context.Context, users *auth.Client, uid account.UID) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	user, err := users.GetUser(ctx, string(uid))
	if auth.IsUserNotFound(err) {
		return "", ErrUserGone
	}
	if err != nil {
		return "", fmt.Errorf("ask for the user's address: %w", err)
	}
	if user.Email == "" || !user.EmailVerified {
		return "", ErrUnverified
	}
	return user.Email, nil
}
