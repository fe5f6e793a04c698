package account

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/facescan/facescan/internal/account/device"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/quota"
)

// settleIn is how long after the registration a new device is no news. The first device of an
// account is its user's, who is about to be welcomed, and often it is put right after the
// registration by a call of its own.
const settleIn = 10 * time.Minute

// NewDevices limits the devices that an account can be told of, since each is an item in the inbox
// and a mail that cannot be turned off.
var NewDevices = quota.Rule{Name: "device-new", Max: 10, Window: time.Hour}

// PutDevice writes the device of the user, who was read in the transaction, and owes device.added
// if the account did not have it, or had it as one of another platform. The limits refuse more than
// [NewDevices] with rate_limited.
func PutDevice(
	ctx context.Context, tx *outbox.Tx, limits *quota.Limiter, u User, id string, c device.Change,
) error {
	if !c.Added || c.Device.UpdatedAt.Before(u.CreatedAt.Add(settleIn)) {
		return c.Write(tx.Transaction)
	}
	taking, err := limits.Prepare(ctx, quota.User(string(u.UID)), NewDevices)
	if err != nil {
		return err
	}
	if err := errors.Join(taking.Write(tx.Transaction), c.Write(tx.Transaction)); err != nil {
		return err
	}
	fact := event.DeviceAddedV1{
		UID: string(u.UID), DeviceID: id, Platform: c.Device.Platform, AddedAt: c.Device.UpdatedAt,
	}
	return tx.Tell(ctx, fact.AddedAt, fact, string(u.UID), id, fact.Platform)
}

// SignedOut reports whether validAfter, the time before which Firebase has ended the user's
// sign-ins, is unknown to users/{uid}, whose field tokensValidAfter is known. Both are whole
// seconds.
func SignedOut(known, validAfter time.Time) bool { return validAfter.Sub(known) >= time.Second }

// NoteSignOut writes the time before which Firebase has ended the user's sign-ins, if it is
// unknown, and owes password.changed. The first time of an account of which none is known is
// written without an event, since it may be of long ago. A user that does not exist, is banned or
// being erased is left alone. NoteSignOut changes neither the profile's revision nor its time. told
// reports whether the event is owed.
func (s *Service) NoteSignOut(ctx context.Context, uid UID, validAfter time.Time) (told bool, err error) {
	err = s.box.RunInTurn(ctx, Ref(s.fs, uid), func(ctx context.Context, tx *outbox.Tx) error {
		told = false
		found, err := s.snapshot(ctx, uid)
		if errors.Is(err, ErrNoUser) {
			return nil
		}
		if err != nil {
			return err
		}
		known := found.user.TokensValidAfter
		if !found.user.State.InUse() || !SignedOut(known, validAfter) {
			return nil
		}
		if err := s.writeSignOut(tx, uid, found.at, validAfter); err != nil {
			return err
		}
		if told = !known.IsZero(); !told {
			return nil
		}
		return tx.Tell(
			ctx, s.now(), event.PasswordChangedV1{UID: string(uid), At: validAfter},
			string(uid), strconv.FormatInt(validAfter.Unix(), 10),
		)
	})
	return told, err
}
