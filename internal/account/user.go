// Package account has a user's registration, profile, username and consent, and the fence that
// every effect for a user must pass (see [User.Admits]).
package account

import (
	"context"
	"errors"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/audit"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/sentence"
	"github.com/facescan/facescan/internal/store"
)

// UID is a Firebase user id.
type UID string

// State is the state of an account.
type State string

// The states of an account, of which package standing has more. A quarantined account admits its
// user and removals, a banned one removals alone, and one being erased no effects.
const (
	Active      State = "active"
	Quarantined State = "quarantined"
	Banned      State = "banned"
	Erasing     State = "erasing"
)

// InUse reports whether the state admits the user.
func (s State) InUse() bool { return s == Active || s == Quarantined }

// FormerBan is the TokensValidAfter of a user whom the version before banned, and whose State is
// active in the document. A read has [Banned].
var FormerBan = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// User is users/{uid}.
type User struct {
	Schema int   `firestore:"schema"`
	UID    UID   `firestore:"uid"`
	State  State `firestore:"state"`
	// ConsentEpoch grows by one with each grant and each withdrawal. A ticket copies it into its scan.
	ConsentEpoch int64   `firestore:"consentEpoch"`
	Consent      Consent `firestore:"consent"`

	// Email is the address in the ID token of the last registration, "" if it had none. It is for
	// display: mail goes to the address that Firebase has when it is sent (see package address).
	Email         string `firestore:"email"`
	EmailVerified bool   `firestore:"emailVerified"`

	// Username is the name as the user wrote it (in NFKC), "" before one is chosen. Folded is its key
	// in usernames (see usertext.Key). It is "" if another user had taken a look-alike name before,
	// when keys were made by another table: such a name is still shown, but not held any more.
	Username string `firestore:"username"`
	Folded   string `firestore:"folded"`
	// RenamedAt is when the username was last changed, zero before.
	RenamedAt   time.Time `firestore:"renamedAt,omitempty"`
	DisplayName string    `firestore:"displayName"`
	Locale      string    `firestore:"locale"`
	// BirthYear is the year that the user declared, 0 before. It is declared once.
	BirthYear   int         `firestore:"birthYear,omitempty"`
	Leaderboard Leaderboard `firestore:"leaderboard"`
	// KeepPhotosDays is how long the user wants the photo of a completed scan kept, 0 to 7 days, nil
	// if they did not choose.
	KeepPhotosDays *int `firestore:"keepPhotosDays,omitempty"`
	// Notifications are nil until the user first sets them.
	Notifications *Notifications `firestore:"notifications,omitempty"`

	// MissingSince is when package erasure first found that Firebase does not have the user. It is
	// absent otherwise.
	MissingSince time.Time `firestore:"missingSince,omitempty"`
	// TokensValidAfter is the time, in whole seconds, before which the user's sign-ins have ended: by
	// the user (see [Service.EndSignIns]) or at Firebase, as last seen (see [Service.NoteSignOut]). A
	// new account has the time of the sign-in that it was registered by. It is absent in accounts from
	// before the field existed, until the first look.
	TokensValidAfter time.Time `firestore:"tokensValidAfter,omitempty"`

	// Acts leads to the acts about the user in the audit, and goes with the account. It is absent in
	// documents from before the field existed.
	Acts audit.Link `firestore:"acts,omitempty"`

	// Revision grows by one with each change of the document. It is the ETag.
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
	// Since is the epoch of the grant that began the consent in force: agreeing to a newer text leaves
	// it, a withdrawal ends it. It is 0 without a consent, and in documents from before the field
	// existed (see [User.Stands]).
	Since int64 `firestore:"since,omitempty"`
}

// Leaderboard is the user's choice for the boards.
type Leaderboard struct {
	OptIn bool `firestore:"optIn"`
	// RankEvents is whether the user wants to be told when their rank changes.
	RankEvents bool `firestore:"rankEvents,omitempty"`
	// Division is the division that the user declares to belong to, and DividedAt when they last
	// changed it, zero before.
	Division  Division  `firestore:"division,omitempty"`
	DividedAt time.Time `firestore:"dividedAt,omitzero"`
	// ForgottenAt is when the user last had the ratings forgotten. It is absent before. What was
	// completed by then never counts again.
	ForgottenAt time.Time `firestore:"forgottenAt,omitempty"`
}

// Division is a part of the users that has leaderboards of its own. It is what a user declares, and
// is never inferred.
type Division string

// The divisions. Without one a user is on the boards of all users alone.
const (
	NoDivision Division = ""
	Women      Division = "women"
	Men        Division = "men"
)

// Notifications are what the user wants to be told in addition to the inbox, and when. Package
// notify has the kinds of notices, the channels and the defaults.
type Notifications struct {
	// Push and Email are whether the channel is used at all. If it is not, Cells stay as they are.
	Push  bool `firestore:"push"`
	Email bool `firestore:"email"`
	// Cells are the user's choices: by kind of notice and channel, whether it is on.
	Cells map[string]map[string]bool `firestore:"cells,omitempty"`
	// Quiet are the hours without pushes and mails, nil for none.
	Quiet *QuietHours `firestore:"quiet,omitempty"`
	// Digest is whether what comes at one time is sent as one message, nil if the user did not choose.
	Digest *bool `firestore:"digest,omitempty"`
	// HideScore is whether notices leave scores out.
	HideScore bool `firestore:"hideScore,omitempty"`
}

// QuietHours are the hours of each day from From to To, times such as "22:00". To is the next day's
// if it is the earlier one.
type QuietHours struct {
	From string `firestore:"from"`
	To   string `firestore:"to"`
	// Zone is the IANA name of the zone of the hours, and so of the user, "" for UTC.
	Zone string `firestore:"zone,omitempty"`
}

// UserSchema is the version of users/{uid}. Before version 2 Folded was made by another table of
// look-alikes, and there was no claim on the look of the name.
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

// DecodeActive decodes a read of users/{uid}, with the errors of [ReadActive].
func DecodeActive(ctx context.Context, snap *firestore.DocumentSnapshot, readErr error) (User, error) {
	u, err := decode(snap, readErr)
	return admit(ctx, u, err)
}

// DecodeAnalysable is like [DecodeActive] for an action that requires that the user may be
// measured: see [User.MayBeMeasured].
func DecodeAnalysable(
	ctx context.Context, snap *firestore.DocumentSnapshot, now time.Time, minAge int,
) (User, error) {
	u, err := DecodeActive(ctx, snap, nil)
	if err != nil {
		return User{}, err
	}
	return u, u.MayBeMeasured(now, minAge)
}

// Get is like [Read] outside of a transaction, for actions that a withdrawal need not stop.
func Get(ctx context.Context, fs *firestore.Client, uid UID) (User, error) {
	return decode(Ref(fs, uid).Get(ctx))
}

// GetActive is like [Get] with the errors of [ReadActive], for display only.
func GetActive(ctx context.Context, fs *firestore.Client, uid UID) (User, error) {
	u, err := Get(ctx, fs, uid)
	return admit(ctx, u, err)
}

// ReadActive is like [Read] for an action that requires an account in use. The error for a missing
// user is not_registered, for one being erased account_erasing, and for a banned one
// account_banned. If the user is the caller of ctx, the error is token_revoked for a sign-in that
// was ended.
func ReadActive(ctx context.Context, tx *firestore.Transaction, fs *firestore.Client, uid UID) (User, error) {
	u, err := Read(tx, fs, uid)
	return admit(ctx, u, err)
}

// admit returns the errors of [ReadActive]. Whose sign-in is checked it takes from the context, so
// that no route can forget to tell it: every route that reads its caller refuses ended sign-ins,
// and answers in the caller's language.
func admit(ctx context.Context, u User, err error) (User, error) {
	if errors.Is(err, ErrNoUser) {
		return User{}, fault.New(fault.CodeNotRegistered, "Register first: POST /v1/auth/register.")
	}
	if err != nil {
		return User{}, err
	}
	who := httpapi.Caller(ctx)
	isCaller := who.UID == string(u.UID)
	if isCaller {
		sentence.Speak(ctx, u.Locale)
	}
	switch {
	case u.State == Banned:
		return User{}, fault.New(fault.CodeAccountBanned, "This account is banned.")
	case !u.State.InUse():
		return User{}, fault.New(fault.CodeAccountErasing, "This account is being erased.")
	}
	if isCaller {
		return u, u.admitsSignIn(who)
	}
	return u, nil
}

// IsGone reports whether err is that of [ReadActive] for a user whom others do not see any more.
func IsGone(err error) bool {
	return fault.Is(err, fault.CodeNotRegistered) || fault.Is(err, fault.CodeAccountErasing) ||
		fault.Is(err, fault.CodeAccountBanned)
}

func decode(snap *firestore.DocumentSnapshot, err error) (User, error) {
	u, err := store.Decode[User](snap, err, "user", ErrNoUser)
	if u.State == Active && u.TokensValidAfter.Equal(FormerBan) {
		u.State = Banned
	}
	return u, err
}

// ReadAnalysable is like [ReadActive] for an action that requires that the user may be measured:
// see [User.MayBeMeasured].
func ReadAnalysable(
	ctx context.Context, tx *firestore.Transaction, fs *firestore.Client, uid UID, now time.Time, minAge int,
) (User, error) {
	u, err := ReadActive(ctx, tx, fs, uid)
	if err != nil {
		return User{}, err
	}
	return u, u.MayBeMeasured(now, minAge)
}

// Held returns account_quarantined for a user of whom nothing new is measured.
func (u User) Held() error {
	if u.State != Quarantined {
		return nil
	}
	return fault.New(fault.CodeAccountQuarantined, "This account is under review: nothing new is measured until its end.")
}

// MayBeMeasured returns an error if the face of the user in use may not be measured: that of
// [User.Held], consent_required without a consent in force, birth_year_required before the birth
// year is declared, and under_age unless the user is past the age of minAge years. Only the year is
// known, so a user counts as a year older from the first of January after the birthday: none passes
// before the birthday, and most wait for a few months. A scan's fence (see [User.Admits]) does not
// check again, since a birth year does not change and no user gets younger.
func (u User) MayBeMeasured(now time.Time, minAge int) error {
	if err := u.Held(); err != nil {
		return err
	}
	switch {
	case !u.Consent.Granted:
		return fault.New(fault.CodeConsentRequired, "Read and accept the consent first: GET and POST /v1/me/consent.")
	case u.BirthYear == 0:
		return fault.New(fault.CodeBirthYearRequired, "Declare the birth year first: PATCH /v1/me.")
	case now.UTC().Year()-u.BirthYear <= minAge:
		return fault.New(fault.CodeUnderAge, "Only users over %d years old can be measured.", minAge)
	}
	return nil
}

// Admits reports whether an effect that was begun under the consent epoch may still take place. It
// may not if the account is not active, has no consent, or the consent was withdrawn, even if it
// was granted again. See [Enter].
func (u User) Admits(epoch int64) bool {
	return u.State == Active && u.Consent.Granted && u.ConsentEpoch == epoch
}

// Stands reports whether what was made under the consent epoch still stands: the consent in force
// goes back to that epoch without a withdrawal. What was made under an earlier consent does not
// stand, even before it is erased. What a quarantine or a ban stops stands. Unlike [User.Admits] it
// is true for the epochs before a newer text was agreed to.
//
// If the document does not have the start of the consent in force, the present epoch and the one
// before stand: things are made under grants only, and there is no withdrawal between two grants in
// a row.
func (u User) Stands(epoch int64) bool {
	return u.State != Erasing && u.Consent.Granted && u.begun() <= epoch && epoch <= u.ConsentEpoch
}

// Renewed reports whether the consent in force was given after a withdrawal.
func (u User) Renewed() bool { return u.Consent.Granted && u.begun() > 1 }

// begun returns the epoch of the grant that began the consent in force.
func (u User) begun() int64 {
	if u.Consent.Since == 0 {
		return u.ConsentEpoch - 1
	}
	return u.Consent.Since
}

// ErrClosed means that an effect must be dropped: its user is gone, banned or being erased, or has
// withdrawn the consent under which it was begun.
var ErrClosed = errors.New("the user does not admit the effect any more")

// Enter reads users/{uid} in the transaction that commits an effect, so that the commit fails if
// the user changes meanwhile. It returns the user if they admit what was begun under the consent
// epoch (see [User.Admits]). Otherwise it returns [ErrClosed], or the error of the read.
func Enter(tx *firestore.Transaction, fs *firestore.Client, uid UID, epoch int64) (User, error) {
	return enter(tx, fs, uid, func(u User) bool { return u.Admits(epoch) })
}

// EnterActive is like [Enter] for an effect that needs no consent. The account must be in use.
func EnterActive(tx *firestore.Transaction, fs *firestore.Client, uid UID) (User, error) {
	return enter(tx, fs, uid, func(u User) bool { return u.State.InUse() })
}

// EnterStored is like [EnterActive] for what a ban does not stop, such as removals.
func EnterStored(tx *firestore.Transaction, fs *firestore.Client, uid UID) (User, error) {
	return enter(tx, fs, uid, func(u User) bool { return u.State != Erasing })
}

// Entered is like [Enter] for users/{uid} that the transaction has read together with others.
func Entered(user *firestore.DocumentSnapshot, epoch int64) (User, error) {
	u, err := decode(user, nil)
	return admitted(u, err, func(u User) bool { return u.Admits(epoch) })
}

// EnteredActive is [Entered] for [EnterActive].
func EnteredActive(user *firestore.DocumentSnapshot) (User, error) {
	u, err := decode(user, nil)
	return admitted(u, err, func(u User) bool { return u.State.InUse() })
}

// EnteredStored is [Entered] for [EnterStored].
func EnteredStored(user *firestore.DocumentSnapshot) (User, error) {
	u, err := decode(user, nil)
	return admitted(u, err, func(u User) bool { return u.State != Erasing })
}

func enter(tx *firestore.Transaction, fs *firestore.Client, uid UID, admits func(User) bool) (User, error) {
	u, err := Read(tx, fs, uid)
	return admitted(u, err, admits)
}

func admitted(u User, err error, admits func(User) bool) (User, error) {
	if errors.Is(err, ErrNoUser) || err == nil && !admits(u) {
		return User{}, ErrClosed
	}
	return u, err
}
