// Package moderation keeps what users report of the names that leaderboards show, for an
// administrator to decide.
//
//	POST /v1/leaderboards/reports ─┬► users/{reporter}/reported/{id}  that they did, once for each name
//	                               └► namereports/{id}                how often, and for what
//
// A reporter learns nothing: the answer is the same for a name that no user has, for one's own and
// for one reported before. A name's document does not have who reported it, and a reporter's not
// the name, so that each goes with the account that it is about.
package moderation

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/quota"
	"github.com/facescan/facescan/internal/schema"
	"github.com/facescan/facescan/internal/store"
	"github.com/facescan/facescan/internal/transact"
)

const (
	docSchema = 1
	// maxName is the longest name that is looked up, in bytes. No username is longer.
	maxName = 128
)

// perDay limits how often a user reports, so that no user fills the queue alone.
var perDay = quota.Rule{Name: "name reports", Max: 20, Window: 24 * time.Hour}

// reasons are what a name may be reported for.
var reasons = []string{"insulting", "impersonation", "personal_data", "other"}

// Report is namereports/{id}: what was reported of a name that a user bears.
type Report struct {
	Schema int `firestore:"schema"`
	// UID is the user who bears the name.
	UID      account.UID `firestore:"uid"`
	Username string      `firestore:"username"`
	// Reasons has how many users gave which reason.
	Reasons map[string]int64 `firestore:"reasons"`
	// Open is set until an administrator decides, and again by the next report.
	Open bool `firestore:"open"`
	// Decision is the last decision, "" before.
	Decision  Decision  `firestore:"decision,omitempty"`
	CreatedAt time.Time `firestore:"createdAt"`
	UpdatedAt time.Time `firestore:"updatedAt"`
	ExpireAt  time.Time `firestore:"expireAt"`
}

// Decision is what an administrator decides about a reported name.
type Decision string

// The decisions. Bar takes the name away from its user.
const (
	Dismiss Decision = "dismiss"
	Bar     Decision = "bar"
)

// reportedDoc is users/{uid}/reported/{id}.
type reportedDoc struct {
	Schema    int       `firestore:"schema"`
	Reason    string    `firestore:"reason"`
	CreatedAt time.Time `firestore:"createdAt"`
	ExpireAt  time.Time `firestore:"expireAt"`
}

// Handler serves POST /v1/leaderboards/reports.
type Handler struct {
	Firestore *firestore.Client
	// Limits count the reports.
	Limits *quota.Limiter
	// Now is the clock.
	Now func() time.Time
}

// Routes adds the route to the API.
func (h *Handler) Routes(api *httpapi.API) {
	api.Handle("POST /v1/leaderboards/reports", httpapi.User, h.report, httpapi.JSON)
}

type reportRequest struct {
	Username string `json:"username" required:"true"`
	Reason   string `json:"reason"   required:"true"`
}

func (r reportRequest) validate() error {
	bad := fault.New(fault.CodeInvalidField, "The report is not valid.")
	if r.Username == "" || len(r.Username) > maxName || !utf8.ValidString(r.Username) {
		_ = bad.WithField("/username", "must be a name as the leaderboard shows it")
	}
	if !slices.Contains(reasons, r.Reason) {
		_ = bad.WithField("/reason", "must be one of %s", strings.Join(reasons, ", "))
	}
	return bad.Err()
}

func (h *Handler) report(w http.ResponseWriter, r *http.Request) error {
	in, err := httpapi.Decode[reportRequest](w, r)
	if err != nil {
		return err
	}
	if err := in.validate(); err != nil {
		return err
	}
	ctx, reporter := r.Context(), account.Caller(r)
	if _, err := account.GetActive(ctx, h.Firestore, reporter); err != nil {
		return err
	}
	if err := h.Limits.Take(ctx, perDay, quota.User(string(reporter))); err != nil {
		return err
	}
	bearer, err := account.Bearer(ctx, h.Firestore, in.Username, h.Now())
	if err != nil {
		return err
	}
	if bearer != "" && bearer != reporter {
		if err := h.keep(ctx, reporter, bearer, in.Reason); err != nil {
			return fmt.Errorf("keep a report: %w", err)
		}
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// keep counts the report of the name that the user bears, unless the reporter has reported it
// before or one of them is gone.
func (h *Handler) keep(ctx context.Context, reporter, bearer account.UID, reason string) error {
	fs, now := h.Firestore, h.Now().UTC()
	return transact.Run(ctx, fs, account.Ref(fs, bearer), func(_ context.Context, tx *firestore.Transaction) error {
		about, err := account.EnterActive(tx, fs, bearer)
		if err == nil {
			_, err = account.EnterActive(tx, fs, reporter)
		}
		if err != nil || about.Username == "" {
			return fault.Ignore(err, account.ErrClosed)
		}
		id := event.ID("name report", string(bearer), about.Folded)
		own := account.Ref(fs, reporter).Collection("reported").Doc(id)
		snap, err := tx.Get(own)
		if _, err = store.Decode[reportedDoc](snap, err, "report", ErrNotFound); !errors.Is(err, ErrNotFound) {
			return err // nil if it has been reported
		}
		found, err := read(tx, fs, id)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		if found.Reasons == nil {
			found = Report{Schema: docSchema, UID: bearer, Reasons: map[string]int64{}, CreatedAt: now}
		}
		found.Username, found.Open, found.UpdatedAt = about.Username, true, now
		found.ExpireAt = now.Add(schema.NameReportLife)
		found.Reasons[reason]++
		err = tx.Create(own, reportedDoc{
			Schema: docSchema, Reason: reason, CreatedAt: now, ExpireAt: now.Add(schema.NameReportLife),
		})
		return errors.Join(err, tx.Set(ref(fs, id), found))
	})
}
