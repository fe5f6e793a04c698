package scan

import (
	"context"
	"errors"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
)

// PhotosPrefix returns the prefix of the user's photos in the uploads bucket.
func PhotosPrefix(uid account.UID) string { return "uploads/" + string(uid) + "/" }

// ResultsPrefix returns the prefix of what is made from the user's photos in the results bucket.
func ResultsPrefix(uid account.UID) string { return "results/" + string(uid) + "/" }

// Kept reports whether scans/{id} exists, even if it is being deleted. It is false for a malformed
// id.
func Kept(ctx context.Context, fs *firestore.Client, id ID) (bool, error) {
	if !id.Valid() {
		return false, nil
	}
	_, err := DecodeAny(Ref(fs, id).Get(ctx))
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}
