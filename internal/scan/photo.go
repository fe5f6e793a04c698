package scan

import (
	"context"

	"cloud.google.com/go/storage"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/bucket"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/keys"
)

// PhotoHash returns a hash that identifies a photo of the user, given by its SHA-256 in hex. It is
// keyed and bound to the user: photos of two accounts cannot be compared by it, and a reader of the
// database without the key cannot search for a known photo.
func PhotoHash(key keys.Ring, uid account.UID, sum string) string {
	return key.ID(keys.Photo, string(uid), sum)
}

// PhotoHashes returns the hashes of the photo by all secrets, one of which it may have been stored
// by. The first is its [PhotoHash].
func PhotoHashes(key keys.Ring, uid account.UID, sum string) []string {
	return key.IDs(keys.Photo, string(uid), sum)
}

// DeletePhoto deletes this generation of the photo and no other.
func DeletePhoto(ctx context.Context, uploads *storage.BucketHandle, name string, generation int64) error {
	return bucket.Delete(ctx, uploads.Object(name).If(storage.Conditions{GenerationMatch: generation}))
}

// FinalizedMessage returns the notification that Cloud Storage sends for the photo.
func FinalizedMessage(photo *storage.ObjectAttrs) (data []byte, attributes map[string]string, err error) {
	return event.FinalizedMessage(event.ObjectFinalized{
		Bucket: photo.Bucket, Name: photo.Name, Generation: photo.Generation, Size: photo.Size,
		ContentType: photo.ContentType, ContentEncoding: photo.ContentEncoding, Created: photo.Created,
		Metadata: photo.Metadata,
	})
}

// ContentTypes are the media types of a photo.
var ContentTypes = []string{"image/jpeg", "image/png", "image/webp"}
