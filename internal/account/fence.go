package account

import (
	"errors"

	"cloud.google.com/go/firestore"
)

// ErrClosed means that an effect must be dropped: its user is gone, is being erased, or has
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
	return enter(tx, fs, uid, func(u User) bool { return u.State == Active })
}

func enter(tx *firestore.Transaction, fs *firestore.Client, uid UID, admits func(User) bool) (User, error) {
	u, err := Read(tx, fs, uid)
	if errors.Is(err, ErrNoUser) || err == nil && !admits(u) {
		return User{}, ErrClosed
	}
	return u, err
}
