package erasure

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"firebase.google.com/go/v4/auth"
	"golang.org/x/sync/errgroup"

	"github.com/facescan/facescan/internal/account"
)

// noteSignOuts records whose sign-ins Firebase has ended, and returns for how many users that is
// news. A user for whom it fails does not stop the others: the next pass tries again.
func (m *Missing) noteSignOuts(
	ctx context.Context, page []listed, known map[account.UID]*auth.UserRecord,
) int {
	var news atomic.Int64
	var group errgroup.Group
	group.SetLimit(parallel)
	for _, u := range page {
		validAfter := tokensValidAfter(known[u.uid])
		if !account.SignedOut(u.validAfter, validAfter) {
			continue
		}
		group.Go(func() error {
			told, err := m.accounts.NoteSignOut(ctx, u.uid, validAfter)
			if err != nil {
				slog.ErrorContext(ctx, "a sign-out is not noted", "error", err)
			}
			if told {
				news.Add(1)
			}
			return nil
		})
	}
	_ = group.Wait() // no error: each was logged
	return int(news.Load())
}

// tokensValidAfter returns the time before which Firebase has ended the user's sign-ins. It is the
// user's creation if Firebase never did, and zero for no user.
func tokensValidAfter(u *auth.UserRecord) time.Time {
	switch {
	case u == nil:
		return time.Time{}
	case u.TokensValidAfterMillis == 0:
		return time.UnixMilli(u.UserMetadata.CreationTimestamp).UTC().Truncate(time.Second)
	}
	return time.UnixMilli(u.TokensValidAfterMillis).UTC()
}
