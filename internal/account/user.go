// Package account is a user's registration, profile, username and consent, and the fence that every
// effect for a user passes (see [User.Admits]).
package account

import (
	"context"
	"errors"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/store"
)

// UID is a Firebase user id.
type UID string

// State says whether the account is in use.
type State string

// The states of an account. An erasing one admits no effect any more.
const (
	Active  State = "active"
	Erasing State = "erasing"
)

// User is users/{uid}.
type User struct {
	Schema int   `firestore:"schema"`
	UID    UID   `firestore:"uid"`
	State  State `firestore:"state"`
	// ConsentEpoch grows by one with each grant and each withdrawal; a ticket copies it into its scan.
	ConsentEpoch int64   `firestore:"consentEpoch"`
	Consent      Consent `firestore:"consent"`

	// Email is that of the ID token of the last registration, "" where it had none. It is for
	// showing: mail goes to the one that Firebase has when it is sent (see package address).
	Email         string `firestore:"email"`
	EmailVerified bool   `firestore:"emailVerified"`

	// Username is as the user wrote it (in NFKC), "" before one is chosen. Folded is its key in
	// usernames (see usertext.Key); it is "" beside a name that another user of a name that looks
	// alike took before, when keys were made by another table: such a name is still shown, but no
	// longer held.
	Username string `firestore:"username"`
	Folded   string `firestore:"folded"`
	// RenamedAt is when the username was last changed for another, zero before.
	RenamedAt   time.Time `firestore:"renamedAt,omitempty"`
	DisplayName string    `firestore:"displayName"`
	Locale      string    `firestore:"locale"`
	// BirthYear is what the user declared, 0 before. It is declared once.
	BirthYear   int         `firestore:"birthYear,omitempty"`
	Leaderboard Leaderboard `firestore:"leaderboard"`
	// KeepPhotosDays is how long the user wants the photo of a completed scan kept, 0 to 7 days, nil
	// where they never said.
	KeepPhotosDays *int `firestore:"keepPhotosDays,omitempty"`
	// Notifications is package notify's, nil until the user first says something of it.
	Notifications *Notifications `firestore:"notifications,omitempty"`

	// MissingSince is when package erasure first found that Firebase has no such user; absent while
	// it has one.
	MissingSince time.Time `firestore:"missingSince,omitempty"`

	// Revision grows by one with each change of the document; it is the ETag.
	Revision  int64     `firestore:"revision"`
	CreatedAt time.Time `firestore:"createdAt"`
	UpdatedAt time.Time `firestore:"updatedAt"`
}

// Consent is the consent in force.
type Consent struct {
	Granted bool `firestore:"granted"`
	// Version is the text that was agreed to or withdrawn from.
	Version string    `firestore:"version"`
	At      time.Time `firestore:"at"`
	// Since is the epoch of the grant that began the consent in force: agreeing to a newer text
	// leaves it, a withdrawal ends it. It is 0 without a consent, and in documents that were
	// written before the member was (see [User.Stands]).
	Since int64 `firestore:"since,omitempty"`
}

// Leaderboard is what the user wants of the boards.
type Leaderboard struct {
	OptIn bool `firestore:"optIn"`
}

// Notifications is how the user wants to be told of things, beside the inbox.
type Notifications struct {
	Push  bool `firestore:"push"`
	Email bool `firestore:"email"`
}

// UserSchema is the version of users/{uid}. Before 2 Folded was made by another table of
// look-alikes, and no claim on the look of the name was there.
const UserSchema = 2

// ErrNoUser means that users/{uid} does not exist.
var ErrNoUser = errors.New("no such user")

// Ref returns the document users/{uid}.
func Ref(fs *firestore.Client, uid UID) *firestore.DocumentRef {
	return fs.Collection("users").Doc(string(uid))
}

// Read reads users/{uid} in the transaction, so that its commit fails if the user changes
// meanwhile. A user that does not exist is [ErrNoUser].
func Read(tx *firestore.Transaction, fs *firestore.Client, uid UID) (User, error) {
	snap, err := tx.Get(Ref(fs, uid))
	return decode(snap, err)
}

// DecodeActive returns what a read of users/{uid} came to, with the errors of [ReadActive].
func DecodeActive(snap *firestore.DocumentSnapshot, readErr error) (User, error) {
	return admit(decode(snap, readErr))
}

// DecodeAnalysable is [DecodeActive] for what only a user may do whose face may be measured: see
// [User.MayBeMeasured].
func DecodeAnalysable(snap *firestore.DocumentSnapshot, now time.Time, minAge int) (User, error) {
	u, err := DecodeActive(snap, nil)
	if err != nil {
		return User{}, err
	}
	return u, u.MayBeMeasured(now, minAge)
}

// Get is [Read] outside of a transaction: for what has no effect that the user's withdrawal must
// stop.
func Get(ctx context.Context, fs *firestore.Client, uid UID) (User, error) {
	return decode(Ref(fs, uid).Get(ctx))
}

// GetActive is [Get] with the errors of [ReadActive]: for showing only.
func GetActive(ctx context.Context, fs *firestore.Client, uid UID) (User, error) {
	return admit(Get(ctx, fs, uid))
}

// ReadActive is [Read] for what only a registered account in use may do: the error of a user that
// does not exist is not_registered, that of one being erased account_erasing.
func ReadActive(tx *firestore.Transaction, fs *firestore.Client, uid UID) (User, error) {
	return admit(Read(tx, fs, uid))
}

func admit(u User, err error) (User, error) {
	if errors.Is(err, ErrNoUser) {
		return User{}, fault.New(fault.CodeNotRegistered, "Register first: POST /v1/auth/register.")
	}
	if err != nil {
		return User{}, err
	}
	if u.State != Active {
		return User{}, fault.New(fault.CodeAccountErasing, "This account is being erased.")
	}
	return u, nil
}

func decode(snap *firestore.DocumentSnapshot, err error) (User, error) {
	return store.Decode[User](snap, err, "user", ErrNoUser)
}

// ReadAnalysable is [ReadActive] for what only a user may do whose face may be measured: see
// [User.MayBeMeasured].
func ReadAnalysable(
	tx *firestore.Transaction, fs *firestore.Client, uid UID, now time.Time, minAge int,
) (User, error) {
	u, err := ReadActive(tx, fs, uid)
	if err != nil {
		return User{}, err
	}
	return u, u.MayBeMeasured(now, minAge)
}

// MayBeMeasured is why the face of the user, who is active, may not be measured: consent_required
// without a consent in force, birth_year_required before the birth year is declared, under_age
// unless the age of minAge years was passed. Only the year is known, so a user counts as older by a
// year from the first of January after the birthday on: none passes before the birthday, and most
// wait for a few months. A scan's fence (see [User.Admits]) does not ask again, since neither a
// birth year changes nor a user gets younger.
func (u User) MayBeMeasured(now time.Time, minAge int) error {
	switch {
	case !u.Consent.Granted:
		return fault.New(fault.CodeConsentRequired, "Read and accept the consent first: GET and POST /v1/me/consent.")
	case u.BirthYear == 0:
		return fault.New(fault.CodeBirthYearRequired, "Declare the birth year first: PATCH /v1/me.")
	case now.UTC().Year()-u.BirthYear <= minAge:
		return fault.New(fault.CodeUnderAge, "Photos are only taken of users who are over %d years old.", minAge)
	}
	return nil
}

// Admits is the fence: an effect that was begun under the consent epoch may still take place. Not
// for an account that is being erased, without consent, or after the consent was withdrawn (and
// perhaps granted anew). See [Enter].
func (u User) Admits(epoch int64) bool {
	return u.State == Active && u.Consent.Granted && u.ConsentEpoch == epoch
}

// Stands reports whether what was made under the consent epoch still stands: the consent in force
// goes back to that epoch without a withdrawal. What was made under an earlier consent does not,
// even before its erasure has come to it. Unlike [User.Admits] it is true of the epochs before a
// newer text was agreed to.
//
// Where the document does not say since when the consent is in force, an epoch stands that is the
// present one or the one before: things are made under grants only, and two grants in a row have no
// withdrawal between them.
func (u User) Stands(epoch int64) bool {
	since := u.Consent.Since
	if since == 0 {
		since = u.ConsentEpoch - 1
	}
	return u.State == Active && u.Consent.Granted && since <= epoch && epoch <= u.ConsentEpoch
}
