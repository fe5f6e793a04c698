// Package address finds the e-mail address that a user can be written to.
package address

import (
	"context"
	"errors"
	"fmt"
	"time"

	"firebase.google.com/go/v4/auth"

	"github.com/facescan/facescan/internal/account"
)

// lookupTimeout bounds the question to Firebase Auth, whose client tries again for some 8 seconds.
const lookupTimeout = 10 * time.Second

// Errors of [Verified]: why a user cannot be written to, which asking again does not change soon.
var (
	// ErrUserGone means that Firebase has no such user any more.
	ErrUserGone = errors.New("there is no such user at Firebase")
	// ErrUnverified means that the user has no e-mail address, or none that was verified to be
	// theirs.
	ErrUnverified = errors.New("the user has no verified e-mail address")
)

// Verified returns the user's verified e-mail address as Firebase has it now. The one in
// users/{uid} is of the last registration: since then the user may have changed it and another may
// own it, or the user may have verified it. Any error but [ErrUserGone] and [ErrUnverified] is of
// the question and says nothing of the user: it is to be asked again, and never to be answered by
// an address from elsewhere.
//
// The answer is not kept, be it for a minute: there is one question a mail, which Identity Toolkit
// has room for, and a change of the address, which we are not told of, has to hold for the very
// next mail.
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
