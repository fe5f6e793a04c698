package account

import (
	"context"
	"errors"
	"fmt"

	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/outbox"
)

// register creates the caller's account, or finds it. Who the caller is comes from the ID token alone; displayName
// and locale count only where the account is created.
func (s *Service) register(
	ctx context.Context, who httpapi.Identity, displayName, locale string,
) (u User, created bool, err error) {
	err = s.box.Run(ctx, func(ctx context.Context, tx *outbox.Tx) error {
		u, err = Read(tx.Transaction, s.fs, UID(who.UID))
		created = errors.Is(err, ErrNoUser)
		if created {
			u = s.newUser(who, displayName, locale)
			return s.create(ctx, tx, u)
		}
		if u, err = admit(u, err); err != nil {
			return err
		}
		return s.save(ctx, tx, &u, refresh(&u, who))
	})
	return u, created, err
}

func (s *Service) newUser(who httpapi.Identity, displayName, locale string) User {
	now := s.now().UTC()
	return User{
		Schema: userSchema, UID: UID(who.UID), State: Active,
		Email: who.Email, EmailVerified: who.EmailVerified, DisplayName: displayName, Locale: locale,
		Revision: 1, CreatedAt: now, UpdatedAt: now,
	}
}

func (s *Service) create(ctx context.Context, tx *outbox.Tx, u User) error {
	if err := tx.Create(Ref(s.fs, u.UID), u); err != nil {
		return fmt.Errorf("create user: %w", err)
	}
	payload := event.AccountRegisteredV1{UID: string(u.UID)}
	return s.owe(ctx, tx, event.ID(payload.EventType(), string(u.UID)), payload)
}

// refresh takes over what the ID token says of the e-mail address now.
func refresh(u *User, who httpapi.Identity) effect {
	if u.Email == who.Email && u.EmailVerified == who.EmailVerified {
		return nothing
	}
	u.Email, u.EmailVerified = who.Email, who.EmailVerified
	return private
}
