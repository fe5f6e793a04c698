// Package admin serves the staff: the queue of reported names, the state of a user for support, and
// bans and quarantines.
//
// Nothing of it shows a photo, a report or a score. Each request leaves an act in the audit (see
// package audit), in the commit of what it does or reads, and a line in the log with the act's kind
// before it is answered. A decision on a report that was made already leaves neither.
//
// What is about the machinery and not about people is not here: stories, parked events, dead
// letters, failed deliveries, rescoring and the counts of boards. Commands of scripts/admin do it,
// by an operator's own rights in the project. Here it would need rights that a function which the
// internet reaches must not have: to pull dead letters, to sign for every topic, to list both
// buckets. And what made an event fail is mended by a deployment, whose operator has such rights.
package admin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/account/device"
	"github.com/facescan/facescan/internal/audit"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/moderation"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/store"
)

const defaultPage = 20

// Handler serves the routes below /v1/admin.
type Handler struct {
	Firestore *firestore.Client
	// Accounts takes names away.
	Accounts *account.Service
	// Outbox owes what functions follow by.
	Outbox *outbox.Box
	// Acts keeps what staff look at and decide.
	Acts *audit.Book
	// Logs derives the pseudonyms of users in logs.
	Logs keys.Ring
	// Now is the clock.
	Now func() time.Time
}

// Routes adds the routes to the API.
func (h *Handler) Routes(api *httpapi.API) {
	api.Handle("GET /v1/admin/reports", httpapi.Admin, h.reports, httpapi.Paged)
	api.Handle("POST /v1/admin/reports/{id}/resolve", httpapi.Admin, h.resolve, httpapi.JSON)
	api.Handle("GET /v1/admin/users/{uid}", httpapi.Support, h.user)
	key := httpapi.Header(httpapi.IdempotencyKey)
	api.Handle("POST /v1/admin/users/{uid}/standing", httpapi.Admin, h.standing, httpapi.JSON, key)
}

// audit keeps that the caller is about to look at something that is of no one user.
func (h *Handler) audit(ctx context.Context, kind audit.Kind) error {
	if err := h.Acts.Add(ctx, audit.Act{Kind: kind, Actor: audit.Staff(httpapi.Caller(ctx))}); err != nil {
		return err
	}
	h.log(ctx, kind, "")
	return nil
}

// log writes the line of an act. uid is the user it is about, "" for none.
func (h *Handler) log(ctx context.Context, kind audit.Kind, uid account.UID) {
	about := ""
	if uid != "" {
		about = h.Logs.Pseudonym(string(uid))
	}
	role := string(httpapi.Caller(ctx).Role)
	slog.InfoContext(ctx, "staff", "action", string(kind), "role", role, "about", about)
}

// reportView is a name that was reported and waits for a decision.
type reportView struct {
	ID       string           `json:"id"`
	UID      account.UID      `json:"uid"`
	Username string           `json:"username"`
	Reasons  map[string]int64 `json:"reasons"`
	FirstAt  string           `json:"firstAt"`
	LatestAt string           `json:"latestAt"`
}

func newReportView(q moderation.Queued) reportView {
	return reportView{
		ID: q.ID, UID: q.UID, Username: q.Username, Reasons: q.Reasons,
		FirstAt: httpapi.Time(q.CreatedAt), LatestAt: httpapi.Time(q.UpdatedAt),
	}
}

func (h *Handler) reports(w http.ResponseWriter, r *http.Request) error {
	page, err := httpapi.PageParams(r, defaultPage, "name reports")
	if err != nil {
		return err
	}
	if err := h.audit(r.Context(), audit.ReportsListed); err != nil {
		return err
	}
	open, err := moderation.Open(r.Context(), h.Firestore, page)
	if err != nil {
		return err
	}
	return httpapi.Write(w, http.StatusOK, httpapi.Collect(page, open, moderation.Queued.Position, newReportView))
}

type resolveRequest struct {
	Decision moderation.Decision `json:"decision" required:"true"`
}

func (h *Handler) resolve(w http.ResponseWriter, r *http.Request) error {
	in, err := httpapi.Decode[resolveRequest](w, r)
	if err != nil {
		return err
	}
	if in.Decision != moderation.Dismiss && in.Decision != moderation.Bar {
		return fault.New(fault.CodeInvalidField, "The decision is not valid.").
			WithField("/decision", "must be %s or %s", moderation.Dismiss, moderation.Bar)
	}
	ctx, id := r.Context(), r.PathValue("id")
	if !event.ValidID(id) {
		return errNoReport()
	}
	desk := moderation.Desk{Firestore: h.Firestore, Accounts: h.Accounts, Acts: h.Acts, Now: h.Now}
	done, err := desk.Decide(ctx, audit.Staff(httpapi.Caller(ctx)), id, in.Decision)
	if err != nil {
		return missing(err)
	}
	if done.Kept != "" {
		h.log(ctx, done.Kept, done.UID)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func errNoReport() error { return fault.New(fault.CodeNotFound, "There is no such report.") }

// missing returns not_found for a report that does not exist, and other errors as they are.
func missing(err error) error {
	if errors.Is(err, moderation.ErrNotFound) {
		return errNoReport()
	}
	return err
}

// userView is what support sees of a user.
type userView struct {
	UID            account.UID   `json:"uid"`
	State          account.State `json:"state"`
	Username       string        `json:"username,omitempty"`
	Locale         string        `json:"locale,omitempty"`
	EmailVerified  bool          `json:"emailVerified"`
	ConsentGranted bool          `json:"consentGranted"`
	OnLeaderboards bool          `json:"onLeaderboards"`
	CreatedAt      string        `json:"createdAt"`
	// Scans has how many scans are in which state, and Devices how many devices get pushes.
	Scans   map[string]int64 `json:"scans"`
	Devices int64            `json:"devices"`
}

// states are the states of scans that support sees.
var states = []string{"awaiting_upload", "queued", "processing", "completed", "failed", "expired"}

func (h *Handler) user(w http.ResponseWriter, r *http.Request) error {
	ctx, uid := r.Context(), account.UID(r.PathValue("uid"))
	if !event.ValidID(string(uid)) {
		return errNoUser()
	}
	u, err := h.look(ctx, uid)
	if errors.Is(err, account.ErrNoUser) {
		return errNoUser()
	}
	if err != nil {
		return err
	}
	v := userView{
		UID: u.UID, State: u.State, Username: u.Username, Locale: u.Locale, EmailVerified: u.EmailVerified,
		ConsentGranted: u.Consent.Granted, OnLeaderboards: u.Leaderboard.OptIn, CreatedAt: httpapi.Time(u.CreatedAt),
		Scans: map[string]int64{},
	}
	for _, state := range states {
		of := h.Firestore.Collection("scans").Where("uid", "==", string(uid)).Where("state", "==", state)
		if v.Scans[state], err = store.Count(ctx, nil, of); err != nil {
			return fmt.Errorf("count scans: %w", err)
		}
	}
	if v.Devices, err = store.Count(ctx, nil, device.Of(account.Ref(h.Firestore, uid)).Query); err != nil {
		return fmt.Errorf("count devices: %w", err)
	}
	return httpapi.Write(w, http.StatusOK, v)
}

// look reads the user, in one commit with the act.
func (h *Handler) look(ctx context.Context, uid account.UID) (u account.User, err error) {
	err = h.Firestore.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		if u, err = account.Read(tx, h.Firestore, uid); err != nil {
			return err
		}
		link, err := audit.Ensure(tx, account.Ref(h.Firestore, uid), u.Acts)
		if err != nil {
			return err
		}
		by := audit.Staff(httpapi.Caller(ctx))
		return h.Acts.Write(tx, audit.Act{Kind: audit.UserRead, Actor: by, Subject: link})
	})
	if err != nil {
		return account.User{}, err
	}
	h.log(ctx, audit.UserRead, uid)
	return u, nil
}

func errNoUser() error { return fault.New(fault.CodeNotFound, "There is no such user.") }
