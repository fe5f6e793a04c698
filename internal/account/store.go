package account

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/audit"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/store"
)

// Service stores the accounts and serves their routes. It is safe for concurrent use.
type Service struct {
	fs  *firestore.Client
	box *outbox.Box
	// acts keeps what is done to accounts.
	acts *audit.Book
	now  func() time.Time
}

// New returns a service that keeps accounts in the database, commits events by the outbox and
// writes acts into the book. now is the clock.
func New(fs *firestore.Client, box *outbox.Box, acts *audit.Book, now func() time.Time) *Service {
	return &Service{fs: fs, box: box, acts: acts, now: now}
}

// read returns the account in use, outside of a transaction, for display only.
func (s *Service) read(ctx context.Context, uid UID) (User, error) {
	return GetActive(ctx, s.fs, uid)
}

// effect is the effect of an edit of users/{uid}.
type effect int

const (
	// nothing means that nothing was changed, so nothing is written.
	nothing effect = iota
	// private means that the changes are written.
	private
	// visible means that the changes are written and published by account.updated, since others see
	// them or functions follow them.
	visible
)

// edits returns the updates of users/{uid} that an edit writes. Other fields (the state, or those
// of a later version) stay as they are, so that an old instance does not undo a new one's work.
func edits(u User) []firestore.Update {
	return []firestore.Update{
		{Path: "consentEpoch", Value: u.ConsentEpoch}, {Path: "consent", Value: u.Consent},
		{Path: "email", Value: u.Email}, {Path: "emailVerified", Value: u.EmailVerified},
		{Path: "username", Value: u.Username}, {Path: "folded", Value: u.Folded},
		{Path: "renamedAt", Value: store.OrAbsent(u.RenamedAt)},
		{Path: "displayName", Value: u.DisplayName}, {Path: "locale", Value: u.Locale},
		{Path: "leaderboard", Value: u.Leaderboard},
		{Path: "birthYear", Value: store.OrAbsent(u.BirthYear)},
		{Path: "keepPhotosDays", Value: store.OrAbsent(u.KeepPhotosDays)},
		{Path: "acts", Value: store.OrAbsent(u.Acts)},
		{Path: "revision", Value: u.Revision}, {Path: "updatedAt", Value: u.UpdatedAt},
	}
}

// snapshot is users/{uid} as an edit found it. It is read outside of the edit's transaction, since
// all edits of a user read and write it (see package transact), and written on the condition that
// it has not changed.
type snapshot struct {
	user User
	at   time.Time
}

func (s *Service) snapshot(ctx context.Context, uid UID) (snapshot, error) {
	snap, err := Ref(s.fs, uid).Get(ctx)
	u, err := decode(snap, err)
	if err != nil {
		return snapshot{}, err
	}
	return snapshot{user: u, at: snap.UpdateTime}, nil
}

// change edits an account in use, in one transaction with the event that the edit owes. edit may
// run more than once. Unless the account has one of the entity tags, change fails with
// precondition_failed.
func (s *Service) change(
	ctx context.Context, uid UID, tags *httpapi.Tags, edit func(tx *outbox.Tx, u *User) (effect, error),
) (u User, did effect, err error) {
	err = s.box.RunInTurn(ctx, Ref(s.fs, uid), func(ctx context.Context, tx *outbox.Tx) error {
		found, err := s.snapshot(ctx, uid)
		u, err = admit(ctx, found.user, err)
		if err != nil {
			return err
		}
		if !admits(tags, u) {
			return fault.New(fault.CodePreconditionFailed, "The account has changed: read it again.")
		}
		did, err = edit(tx, &u)
		if err != nil {
			return err
		}
		return s.save(ctx, tx, &u, found.at, did)
	})
	return u, did, err
}

// save writes the edited user, who was read at the time, as the next revision.
func (s *Service) save(ctx context.Context, tx *outbox.Tx, u *User, read time.Time, did effect) error {
	if did == nothing {
		return nil
	}
	u.Revision++
	u.UpdatedAt = s.now().UTC()
	if err := tx.Update(Ref(s.fs, u.UID), edits(*u), firestore.LastUpdateTime(read)); err != nil {
		return fmt.Errorf("write user: %w", err)
	}
	if did != visible {
		return nil
	}
	return tx.Tell(
		ctx, s.now(), event.AccountUpdatedV1{UID: string(u.UID)}, string(u.UID), strconv.FormatInt(u.Revision, 10),
	)
}

// note writes an act of the user's own, and makes the user's link if there is none. The edit under
// way writes the user.
func (s *Service) note(tx *outbox.Tx, kind audit.Kind, u *User, at time.Time, key ...string) error {
	u.Acts = cmp.Or(u.Acts, audit.NewLink())
	return s.acts.Write(tx.Transaction, audit.Act{
		Kind: kind, Actor: audit.User, Subject: u.Acts, At: at, Key: append(key, string(u.UID)),
	})
}

// Strip removes everything from users/{uid} except what keeps the fence closed while the rest of
// the account is erased. It creates the document if it does not exist, so that the user cannot
// register meanwhile. The link to the acts stays for those of the erasure.
func Strip(tx *firestore.Transaction, fs *firestore.Client, uid UID, acts audit.Link) error {
	err := tx.Set(Ref(fs, uid), map[string]any{
		"schema": UserSchema, "uid": string(uid), "state": string(Erasing), "acts": string(acts),
	})
	if err != nil {
		return fmt.Errorf("strip the account: %w", err)
	}
	return nil
}
