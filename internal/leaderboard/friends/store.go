package friends

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/keys"
)

// Max is the largest number of a user's friends.
const Max = 200

const schema = 1

// link is users/{uid}/friends/{pair} or users/{uid}/blocked/{pair}: the user knows another, or has
// blocked them.
type link struct {
	Schema int `firestore:"schema"`
	// Other is the other user. It is not named uid, which is a document's own user everywhere.
	Other account.UID `firestore:"other"`
	// Since is when it was written, in whole microseconds.
	Since time.Time `firestore:"since"`
}

// sharing is users/{uid}/sharing/state.
type sharing struct {
	Schema int `firestore:"schema"`
	// Seed is the random part of the user's code, Lookup the id of its document in friendcodes, and
	// CodeAt when it was made. All are absent without a code.
	Seed   []byte    `firestore:"seed,omitempty"`
	Lookup string    `firestore:"lookup,omitempty"`
	CodeAt time.Time `firestore:"codeAt,omitempty"`
	// Added is the number of friendships that were ever made. Each new one changes it, on the
	// condition that the document has not changed since the friends were counted.
	Added int64 `firestore:"added"`
}

// codeDoc is friendcodes/{lookup}.
type codeDoc struct {
	Schema int `firestore:"schema"`
	// UID is the code's owner.
	UID       account.UID `firestore:"uid"`
	CreatedAt time.Time   `firestore:"createdAt"`
}

func friendsOf(fs *firestore.Client, uid account.UID) *firestore.CollectionRef {
	return account.Ref(fs, uid).Collection("friends")
}

func blockedBy(fs *firestore.Client, uid account.UID) *firestore.CollectionRef {
	return account.Ref(fs, uid).Collection("blocked")
}

func sharingOf(fs *firestore.Client, uid account.UID) *firestore.DocumentRef {
	return account.Ref(fs, uid).Collection("sharing").Doc("state")
}

func codeRef(fs *firestore.Client, lookup string) *firestore.DocumentRef {
	return fs.Collection("friendcodes").Doc(lookup)
}

// pairID returns the id of what is between two users, in either order: the one that there is a
// friendship or a block by, or one by the present secret. Whatever is between two users has one id,
// since a block is made of the friendship. No document is read for a ring of one secret.
func pairID(ctx context.Context, fs *firestore.Client, key keys.Ring, a, b account.UID) (string, error) {
	ids := pairIDs(key, a, b)
	if len(ids) == 1 {
		return ids[0], nil
	}
	var refs []*firestore.DocumentRef
	for _, id := range ids {
		refs = append(refs, friendsOf(fs, a).Doc(id), blockedBy(fs, a).Doc(id), blockedBy(fs, b).Doc(id))
	}
	snaps, err := fs.GetAll(ctx, refs)
	if err != nil {
		return "", fmt.Errorf("read what is between two users: %w", err)
	}
	known := slices.IndexFunc(snaps, (*firestore.DocumentSnapshot).Exists)
	return ids[max(known, 0)/(len(refs)/len(ids))], nil
}

// pairIDs returns the ids that there may be between two users, by the present secret first.
func pairIDs(key keys.Ring, a, b account.UID) []string {
	return key.IDs(keys.Friends, string(min(a, b)), string(max(a, b)))
}

var pairPattern = regexp.MustCompile(`^[a-z2-7]{26}$`)

// Of returns the user's friends in no particular order, at most [Max]. The accounts of some may be
// under erasure.
func Of(ctx context.Context, fs *firestore.Client, uid account.UID) ([]account.UID, error) {
	snaps, err := friendsOf(fs, uid).Select("other").Limit(Max).Documents(ctx).GetAll()
	if err != nil {
		return nil, fmt.Errorf("list friends: %w", err)
	}
	all := make([]account.UID, len(snaps))
	for i, snap := range snaps {
		var l link
		if err := snap.DataTo(&l); err != nil {
			return nil, fmt.Errorf("decode friend: %w", err)
		}
		all[i] = l.Other
	}
	return all, nil
}
