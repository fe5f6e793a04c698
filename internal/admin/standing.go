package admin

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/account/standing"
	"github.com/facescan/facescan/internal/audit"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
)

// recently is how old the sign-in of the staff may be for what changes accounts. A token is
// refreshed for weeks, so that its own age says nothing.
const recently = 15 * time.Minute

// RecentSignIn returns sign_in_stale unless the caller has signed in within 15 minutes. Routes that
// change what is another's ask it first. Firebase dates sign-ins by real time, on the local stack,
// too.
func RecentSignIn(ctx context.Context) error {
	if time.Since(time.Unix(httpapi.Caller(ctx).SignedInAt, 0)) <= recently {
		return nil
	}
	return fault.New(fault.CodeSignInStale, "Sign in once more: this needs a sign-in of the last 15 minutes.")
}

type standingRequest struct {
	Action standing.Action `json:"action" required:"true"`
	Reason string          `json:"reason" required:"true"`
	DryRun bool            `json:"dryRun"`
}

func (r standingRequest) validate() error {
	bad := fault.New(fault.CodeInvalidField, "The change is not valid.")
	switch {
	case !r.Action.Valid():
		all := make([]string, 0, len(standing.Actions()))
		for _, a := range standing.Actions() {
			all = append(all, string(a))
		}
		_ = bad.WithField("/action", "must be one of %s", strings.Join(all, ", "))
	case !slices.Contains(r.Action.Reasons(), r.Reason):
		_ = bad.WithField("/reason", "must be one of %s", strings.Join(r.Action.Reasons(), ", "))
	}
	return bad.Err()
}

// standingView is what a change did to an account, or, in a dry run, would do.
type standingView struct {
	UID     account.UID   `json:"uid"`
	Before  account.State `json:"before"`
	After   account.State `json:"after"`
	Changed bool          `json:"changed"`
	DryRun  bool          `json:"dryRun"`
}

// standing bans or quarantines an account, or takes it back.
func (h *Handler) standing(w http.ResponseWriter, r *http.Request) error {
	ctx, uid := r.Context(), account.UID(r.PathValue("uid"))
	if err := RecentSignIn(ctx); err != nil {
		return err
	}
	in, err := httpapi.Decode[standingRequest](w, r)
	if err != nil {
		return err
	}
	if err := in.validate(); err != nil {
		return err
	}
	if !event.ValidID(string(uid)) {
		return errNoUser()
	}
	order := standing.Order{
		UID: uid, Do: in.Action, Reason: in.Reason, By: audit.Staff(httpapi.Caller(ctx)), Dry: in.DryRun,
		Key: keyOf(r),
	}
	desk := standing.Desk{Firestore: h.Firestore, Outbox: h.Outbox, Acts: h.Acts, Now: h.Now}
	done, err := desk.Change(ctx, order)
	if errors.Is(err, account.ErrNoUser) {
		return errNoUser()
	}
	if err != nil {
		return err
	}
	h.log(ctx, done.Kept, uid)
	return httpapi.Write(w, http.StatusOK, standingView{
		UID: uid, Before: done.Before, After: done.After, Changed: done.Changed, DryRun: in.DryRun,
	})
}

// keyOf returns the request's Idempotency-Key as one of the caller's own, "" for none.
func keyOf(r *http.Request) string {
	key := r.Header.Get(httpapi.IdempotencyKey)
	if key == "" {
		return ""
	}
	return event.ID("staff", httpapi.Caller(r.Context()).UID, key)
}
