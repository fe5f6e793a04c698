package account

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/outbox"
)

// admitsSignIn returns an error if the sign-in of the token has ended. The time of the sign-in
// counts and not the token's: an app may have refreshed it before Firebase was told.
func (u User) admitsSignIn(who httpapi.Identity) error {
	if time.Unix(who.SignedInAt, 0).Before(u.TokensValidAfter) {
		return fault.New(fault.CodeTokenRevoked, "This sign-in was ended: sign in again.")
	}
	return nil
}

// SignInRoutes adds POST /v1/auth/sign-out-everywhere.
func (s *Service) SignInRoutes(api *httpapi.API) {
	api.Handle("POST /v1/auth/sign-out-everywhere", httpapi.FreshUser, s.postSignOut)
}

// postSignOut ends all sign-ins of the caller. Sign-ins have whole seconds. So the time is the next
// whole second, and the answer comes when it has begun: every sign-in before the answer has ended,
// and none after it.
func (s *Service) postSignOut(w http.ResponseWriter, r *http.Request) error {
	// Firebase dates tokens by real time, here as in production, where s.now is the same.
	at := time.Now().UTC().Truncate(time.Second).Add(time.Second)
	if err := s.EndSignIns(r.Context(), UID(httpapi.Caller(r.Context()).UID), at); err != nil {
		return err
	}
	select {
	case <-time.After(time.Until(at)):
	case <-r.Context().Done(): // done nevertheless
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// EndSignIns ends all sign-ins of the user that began before the time, which is in whole seconds:
// in the database with the commit, and at Firebase by sign-ins.ended. It changes nothing if a later
// time is known. The errors are those of [ReadActive].
func (s *Service) EndSignIns(ctx context.Context, uid UID, at time.Time) error {
	return s.box.RunInTurn(ctx, Ref(s.fs, uid), func(ctx context.Context, tx *outbox.Tx) error {
		found, err := s.snapshot(ctx, uid)
		u, err := admit(ctx, found.user, err)
		if err != nil {
			return err
		}
		if !at.After(u.TokensValidAfter) {
			return nil
		}
		if err := s.writeSignOut(tx, uid, found.at, at); err != nil {
			return err
		}
		fact := event.SignInsEndedV1{UID: string(uid), At: at}
		return tx.Tell(ctx, s.now(), fact, string(uid), strconv.FormatInt(at.Unix(), 10))
	})
}

// writeSignOut writes the time, on the condition that the user has not changed since they were
// read. It changes neither the profile's revision nor its time.
func (s *Service) writeSignOut(tx *outbox.Tx, uid UID, read, validAfter time.Time) error {
	noted := []firestore.Update{{Path: "tokensValidAfter", Value: validAfter}}
	if err := tx.Update(Ref(s.fs, uid), noted, firestore.LastUpdateTime(read)); err != nil {
		return fmt.Errorf("write when sign-ins ended: %w", err)
	}
	return nil
}
