package account

import (
	"fmt"

	"cloud.google.com/go/firestore"
)

// Strip removes everything from users/{uid} except what keeps the fence closed while the rest of
// the account is erased. It creates the document if it does not exist, so that the user cannot
// register meanwhile.
func Strip(tx *firestore.Transaction, fs *firestore.Client, uid UID) error {
	err := tx.Set(Ref(fs, uid), map[string]any{"schema": UserSchema, "uid": string(uid), "state": string(Erasing)})
	if err != nil {
		return fmt.Errorf("strip the account: %w", err)
	}
	return nil
}
