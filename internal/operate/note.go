package operate

import (
	"context"
	"errors"
	"fmt"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/audit"
)

// Note keeps an act about the user in one commit with the reading of the user, whom it returns. For
// a user whom there is not it keeps the act without a subject, and returns the zero User. It is for
// acts that belong to no transaction, such as a look, and comes before them.
func Note(
	ctx context.Context, fs *firestore.Client, acts *audit.Book, uid account.UID, act audit.Act,
) (u account.User, err error) {
	err = fs.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		u, err = account.Read(tx, fs, uid)
		gone := errors.Is(err, account.ErrNoUser)
		if err != nil && !gone {
			return err
		}
		if !gone {
			if act.Subject, err = audit.Ensure(tx, account.Ref(fs, uid), u.Acts); err != nil {
				return err
			}
			u.Acts = act.Subject
		}
		return acts.Write(tx, act)
	})
	if err != nil {
		return account.User{}, fmt.Errorf("keep what is done in the audit: %w", err)
	}
	return u, nil
}
