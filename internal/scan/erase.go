package scan

import (
	"context"
	"errors"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
)

// PhotosPrefix is where the uploads bucket keeps the user's photos.
func PhotosPrefix(uid account.UID) string { return "uploads/" + string(uid) + "/" }

// ResultsPrefix is where the results bucket keeps what is made of the user's photos.
func ResultsPrefix(uid account.UID) string { return "results/" + string(uid) + "/" }

// Kept reports whether scans/{id} is there, though it may be one that is being deleted. What is no
// id of a scan is not.
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
