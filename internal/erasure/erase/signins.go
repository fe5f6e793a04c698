package erase

import (
	"context"
	"errors"
	"fmt"
	"time"

	"firebase.google.com/go/v4/auth"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/event"
)

// endSignIns ends the user's sign-ins at Firebase, which this function alone may do, and disables a
// user who is banned still: the event may come after the ban was lifted. A user whom Firebase does
// not have any more needs neither. It may be repeated, and leaves alone what the user has signed in
// to since.
func (e *Consumer) endSignIns(ctx context.Context, _ event.Event, data event.SignInsEndedV1) error {
	user, err := e.Auth.GetUser(ctx, data.UID)
	if auth.IsUserNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look the user up: %w", err)
	}
	banned, err := e.banned(ctx, data)
	if err != nil {
		return err
	}
	if banned && !user.Disabled {
		if _, err := e.Auth.UpdateUser(ctx, data.UID, (&auth.UserToUpdate{}).Disabled(true)); err != nil {
			return fmt.Errorf("disable the user: %w", err)
		}
	}
	if !time.UnixMilli(user.TokensValidAfterMillis).Before(data.At) {
		return nil
	}
	return e.Accounts.EndSignIns(ctx, data.UID, data.At)
}

// banned reports whether the event is of a ban that the account has not been rid of since.
func (e *Consumer) banned(ctx context.Context, data event.SignInsEndedV1) (bool, error) {
	if !data.Banned {
		return false, nil
	}
	u, err := account.Get(ctx, e.Firestore, account.UID(data.UID))
	if errors.Is(err, account.ErrNoUser) {
		return false, nil
	}
	return u.TokensValidAfter.Equal(account.Banned), err
}
