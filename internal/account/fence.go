package account

import (
	"errors"

	"cloud.google.com/go/firestore"
)

// ErrClosed means that an effect must be dropped: its user is gone, is being erased, or has
// withdrawn the consent that it was begun under.
var ErrClosed = errors.New("the user does not admit it any more")

// Enter passes the fence: it reads users/{uid} in the transaction that commits an effect, so that
// the commit fails if the user changes meanwhile, and returns the user who admits what was begun
// under the consent epoch (see [User.Admits]). Otherwise the error is [ErrClosed], or that of the
// read.
func Enter(tx *firestore.Transaction, fs *firestore.Client, uid UID, epoch int64) (User, error) {
	return enter(tx, fs, uid, func(u User) bool { return u.Admits(epoch) })
}

// EnterActive is [Enter] for an effect that needs no consent: the account must be in use.
func EnterActive(tx *firestore.Transaction, fs *firestore.Client, uid UID) (User, error) {
	return enter(tx, fs, uid, func(u User) bool { return u.State == Active })
}

func enter(tx *firestore.Transaction, fs *firestore.Client, uid UID, admits func(User) bool) (User, error) {
	u, err := Read(tx, fs, uid)
	if errors.Is(err, ErrNoUser) || err == nil && !admits(u) {
		return User{}, ErrClosed
	}
	return u, err
}
