package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account/device"
	"github.com/facescan/facescan/internal/audit"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/quota"
)

// register creates the caller's account, or finds it. The caller's identity comes from the ID token
// alone. displayName and locale apply only if the account is created. The device, if any, is
// written in the same transaction, so that it exists when the welcome is sent.
func (s *Service) register(
	ctx context.Context, limits *quota.Limiter, who httpapi.Identity, displayName, locale string, phone *newDevice,
) (u User, created bool, err error) {
	err = s.box.RunInTurn(ctx, Ref(s.fs, UID(who.UID)), func(ctx context.Context, tx *outbox.Tx) error {
		found, err := s.snapshot(ctx, UID(who.UID))
		created = errors.Is(err, ErrNoUser)
		if !created {
			if u, err = admit(ctx, found.user, err); err != nil {
				return err
			}
		}
		change, err := phone.prepare(tx.Transaction, Ref(s.fs, UID(who.UID)), s.now().UTC())
		if err != nil {
			return err
		}
		if created {
			u = s.newUser(who, displayName, locale)
			err = s.create(ctx, tx, u)
		} else {
			err = s.save(ctx, tx, &u, found.at, refresh(&u, who))
		}
		return errors.Join(err, phone.put(ctx, tx, limits, u, change))
	})
	if err != nil || phone == nil {
		return u, created, err
	}
	return u, created, device.Settle(ctx, s.fs, Ref(s.fs, u.UID), phone.ID, phone.Token)
}

// newDevice is the device in a registration, nil for none.
type newDevice struct {
	ID       string `json:"id"       required:"true"`
	Token    string `json:"token"    required:"true"`
	Platform string `json:"platform" required:"true"`
}

func (d *newDevice) spec() device.Spec { return device.Spec{Token: d.Token, Platform: d.Platform} }

func (d *newDevice) validate() error {
	if d == nil {
		return nil
	}
	if !device.ValidID(d.ID) {
		return fault.New(fault.CodeInvalidField, "The device's id is not valid.").
			WithField("/device/id", "must be 1 to 64 letters, digits, dashes and underscores, the first no underscore")
	}
	return d.spec().Validate("/device")
}

// prepare reads what [newDevice.put] needs.
func (d *newDevice) prepare(
	tx *firestore.Transaction, user *firestore.DocumentRef, now time.Time,
) (device.Change, error) {
	if d == nil {
		return device.Change{}, nil
	}
	return device.Prepare(tx, user, d.ID, d.spec(), now)
}

func (d *newDevice) put(
	ctx context.Context, tx *outbox.Tx, limits *quota.Limiter, u User, c device.Change,
) error {
	if d == nil {
		return nil
	}
	return PutDevice(ctx, tx, limits, u, d.ID, c)
}

func (s *Service) newUser(who httpapi.Identity, displayName, locale string) User {
	now := s.now().UTC()
	u := User{
		Schema: UserSchema, UID: UID(who.UID), State: Active,
		Email: who.Email, EmailVerified: who.EmailVerified, DisplayName: displayName, Locale: locale,
		Acts: audit.NewLink(), Revision: 1, CreatedAt: now, UpdatedAt: now,
	}
	if who.IssuedAt > 0 {
		u.TokensValidAfter = time.Unix(who.SignedInAt, 0).UTC() // by Firebase's clock; it has not ended
	}
	return u
}

func (s *Service) create(ctx context.Context, tx *outbox.Tx, u User) error {
	if err := tx.Create(Ref(s.fs, u.UID), u); err != nil {
		return fmt.Errorf("create user: %w", err)
	}
	if err := s.note(tx, audit.Registered, &u, u.CreatedAt); err != nil {
		return err
	}
	return tx.Tell(ctx, s.now(), event.AccountRegisteredV1{UID: string(u.UID)}, string(u.UID))
}

// refresh updates the user's e-mail address from the ID token.
func refresh(u *User, who httpapi.Identity) effect {
	if u.Email == who.Email && u.EmailVerified == who.EmailVerified {
		return nothing
	}
	u.Email, u.EmailVerified = who.Email, who.EmailVerified
	return private
}
