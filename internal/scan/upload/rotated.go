package upload

import (
	"context"
	"fmt"
	"slices"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/keys"
)

// idsOf returns the ids of what the user asks for under the idempotency key, by each secret of the
// ring.
func idsOf[ID ~string](ring keys.Ring, p keys.Purpose, uid account.UID, key string) []ID {
	var ids []ID
	for _, id := range ring.IDs(p, string(uid), key) {
		ids = append(ids, ID(id))
	}
	return ids
}

// idBy returns the id whose document exists, and the secret by which it was made: a request that is
// repeated after a rotation finds what it opened before. If there is none it is the present one. No
// document is read for a ring of one secret.
//
// The documents are read outside of the transaction. So the transaction that opens the scan under
// one id reads those of the others again (see [errOther]): for a moment of a rotation some
// instances make ids by one secret and some by the other.
func idBy[ID ~string](
	ctx context.Context, h *Handler, ids []ID, ref func(*firestore.Client, ID) *firestore.DocumentRef,
) (ID, keys.Ring, error) {
	rings := h.Key.Each()
	if len(ids) == 1 {
		return ids[0], rings[0], nil
	}
	refs := make([]*firestore.DocumentRef, len(ids))
	for i, id := range ids {
		refs[i] = ref(h.Firestore, id)
	}
	snaps, err := h.Firestore.GetAll(ctx, refs)
	if err != nil {
		return "", keys.Ring{}, fmt.Errorf("read what was opened by an earlier secret: %w", err)
	}
	i := max(slices.IndexFunc(snaps, (*firestore.DocumentSnapshot).Exists), 0)
	return ids[i], rings[i], nil
}

// errOther returns the error of a request whose scan another instance has just opened under another
// id. The next attempt finds it.
func errOther() error {
	return fault.New(fault.CodeUnavailable, "The scan of this key is being opened: try again.").
		WithRetryAfter(time.Second)
}
