package erase

import (
	"context"
	"fmt"
	"time"

	"firebase.google.com/go/v4/auth"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/fault"
)

// endSignIns ends the user's sign-ins at Firebase, which this function alone may do. After a ban,
// and after its end, it has Firebase disable or enable the user as the account stands now: events
// come late, again and at once. A user whom Firebase does not have any more needs none of it. It
// leaves alone what the user has signed in to since.
//
// Firebase has no part in the database's transactions. So the account is read again after Firebase
// was told, and the work done anew if it has changed: what others told Firebase between may be
// undone. An erasure changes the account before it locks the user, so that one of the two locks
// last. Who is killed before the second look gets the event again.
func (e *Consumer) endSignIns(ctx context.Context, _ event.Event, data event.SignInsEndedV1) error {
	want, err := e.demanded(ctx, data)
	for err == nil {
		if err := e.follow(ctx, data, want); err != nil {
			return err
		}
		before := want
		if want, err = e.demanded(ctx, data); err == nil && want == before {
			return nil
		}
	}
	return err
}

// demand is what an account asks of Firebase.
type demand struct {
	// state is "" for an account that does not exist.
	state account.State
	// ended is the Unix time before which the sign-ins have ended, in seconds, 0 for none.
	ended int64
}

// demanded returns what the account asks of Firebase now. What other events have ended since counts
// too: Firebase keeps the time that it was told last, be it the earlier one.
func (e *Consumer) demanded(ctx context.Context, data event.SignInsEndedV1) (d demand, err error) {
	if !data.Lifted {
		d.ended = data.At.Unix()
	}
	u, err := account.Get(ctx, e.Firestore, account.UID(data.UID))
	if err != nil {
		return d, fault.Ignore(err, account.ErrNoUser)
	}
	if at := u.TokensValidAfter; !at.IsZero() && !at.Equal(account.FormerBan) {
		d.ended = max(d.ended, at.Unix())
	}
	d.state = u.State
	return d, nil
}

// follow has Firebase do what is asked for, unless that is so.
func (e *Consumer) follow(ctx context.Context, data event.SignInsEndedV1, want demand) error {
	user, err := e.Auth.GetUser(ctx, data.UID)
	if auth.IsUserNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look the user up: %w", err)
	}
	if shut := !want.state.InUse(); shut != user.Disabled && want.state != "" && (data.Banned || data.Lifted) {
		_, err := e.Auth.UpdateUser(ctx, data.UID, (&auth.UserToUpdate{}).Disabled(shut))
		if err != nil && !auth.IsUserNotFound(err) {
			return fmt.Errorf("disable or enable the user: %w", err)
		}
	}
	if want.ended <= user.TokensValidAfterMillis/int64(time.Second/time.Millisecond) {
		return nil
	}
	return e.Accounts.EndSignIns(ctx, data.UID, time.Unix(want.ended, 0))
}

// banned reports whether the user's account is banned.
func (e *Consumer) banned(ctx context.Context, uid string) (bool, error) {
	u, err := account.Get(ctx, e.Firestore, account.UID(uid))
	return u.State == account.Banned, fault.Ignore(err, account.ErrNoUser)
}
