package erasure

import (
	"context"
	"errors"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/httpapi"
)

// ByLink begins the erasure of the user's account by the link of the id in a mail, and returns the
// path of its receipt. locked reports that the user is disabled. One who is banned may leave
// nevertheless. Otherwise the erasure that this very link began is found again, as the answer may
// have been lost, and for any other reason of the lock the error is ErrGone. So a link begins one
// erasure at most, and no other link, sign-in or device is told of the receipt.
func (h *Handler) ByLink(ctx context.Context, uid account.UID, linkID string, locked bool) (receipt string, err error) {
	j, err := decodeJob(jobs(h.fs).Doc(JobID(uid, 0)).Get(ctx))
	if errors.Is(err, ErrGone) && locked {
		locked, err = h.shut(ctx, uid)
	}
	if errors.Is(err, ErrGone) && !locked {
		now := h.opts.Now()
		fresh := newAccountJob(httpapi.Identity{UID: string(uid)}, now, now, h.wait, h.opts.Key)
		fresh.LinkID = linkID
		j, err = request(ctx, h.fs, h.box, h.opts.Acts, fresh, nil)
	}
	if err != nil {
		return "", err
	}
	if j.LinkID != linkID {
		return "", ErrGone // another request began it
	}
	return h.receiptURL(ctx, ReceiptPath(Capability(h.opts.Key, j))), nil
}

// shut reports whether the user is disabled for another reason than a ban. The error is ErrGone, or
// that of the look.
func (h *Handler) shut(ctx context.Context, uid account.UID) (bool, error) {
	u, err := account.Get(ctx, h.fs, uid)
	if err != nil && !errors.Is(err, account.ErrNoUser) {
		return true, err
	}
	return u.State != account.Banned, ErrGone
}
