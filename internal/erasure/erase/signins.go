package erase

import (
	"context"
	"errors"
	"fmt"
	"time"

	"firebase.google.com/go/v4/auth"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/fault"
)

// endSignIns ends the user's sign-ins at Firebase, which this function alone may do. It disables a
// user who is banned, and enables one whose ban was lifted, if that is how the account stands now:
// the events may come late. A user whom Firebase does not have any more needs none of it. It may be
// repeated, and leaves alone what the user has signed in to since.
func (e *Consumer) endSignIns(ctx context.Context, _ event.Event, data event.SignInsEndedV1) error {
	user, err := e.Auth.GetUser(ctx, data.UID)
	if auth.IsUserNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look the user up: %w", err)
	}
	if data.Banned || data.Lifted {
		if err := e.shut(ctx, user, data); err != nil {
			return err
		}
	}
	if data.Lifted || !time.UnixMilli(user.TokensValidAfterMillis).Before(data.At) {
		return nil
	}
	return e.Accounts.EndSignIns(ctx, data.UID, data.At)
}

// shut disables or enables the user at Firebase.
func (e *Consumer) shut(ctx context.Context, user *auth.UserRecord, data event.SignInsEndedV1) error {
	u, err := account.Get(ctx, e.Firestore, account.UID(data.UID))
	if errors.Is(err, account.ErrNoUser) {
		return nil
	}
	if err != nil {
		return err
	}
	out := u.State == account.Banned
	if out != data.Banned || out == user.Disabled || u.State == account.Erasing {
		return nil
	}
	if _, err := e.Auth.UpdateUser(ctx, data.UID, (&auth.UserToUpdate{}).Disabled(out)); err != nil {
		return fmt.Errorf("disable or enable the user: %w", err)
	}
	return nil
}

// banned reports whether the user's account is banned.
func (e *Consumer) banned(ctx context.Context, uid string) (bool, error) {
	u, err := account.Get(ctx, e.Firestore, account.UID(uid))
	return u.State == account.Banned, fault.Ignore(err, account.ErrNoUser)
}
