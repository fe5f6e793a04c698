package coach

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/quota"
	"github.com/facescan/facescan/internal/telemetry"
	"github.com/facescan/facescan/internal/watchdog"
)

// Limits of a preview: 512 KiB and 1.5 megapixels, which the engine looks through in about a tenth
// of a second.
const (
	MaxBytes  = 512 << 10
	MaxPixels = 1_500_000
)

// lookTime is how long the engine may look at a preview, a hundred times what it takes.
const lookTime = 15 * time.Second

// PreviewsOfUser lets an app ask once a second.
var PreviewsOfUser = quota.Rule{Name: "coach-user", Max: 600, Window: 10 * time.Minute}

var contentTypes = []string{"image/jpeg", "image/png", "image/webp"}

// Handler serves POST /v1/coach. It is safe for concurrent use.
type Handler struct {
	// Firestore tells whose face may be measured, Limits counts.
	Firestore *firestore.Client
	Limits    *quota.Limiter
	// Analyze is the face engine, face.Analyze; a seam because no photo is known to break the real
	// one.
	Analyze func(io.Reader, report.Options) (report.Report, error)
	// Exit ends the process when the engine does not come to an end, os.Exit but in tests (see
	// internal/watchdog).
	Exit func(code int)
	// MinAge is the age in years that a user must have passed to be measured.
	MinAge int
	// Now is the clock.
	Now func() time.Time
}

// Routes adds POST /v1/coach.
func (h *Handler) Routes(api *httpapi.API) {
	api.Handle("POST /v1/coach", httpapi.User, h.post, httpapi.Body(contentTypes...))
}

func (h *Handler) post(w http.ResponseWriter, r *http.Request) error {
	if err := h.admit(r.Context(), account.Caller(r)); err != nil {
		return err
	}
	preview, err := httpapi.ReadBody(w, r, MaxBytes)
	if err != nil {
		return err
	}
	a, err := h.look(r.Context(), preview)
	if err != nil {
		return err
	}
	return httpapi.Write(w, http.StatusOK, a)
}

// admit asks what an upload asks, and counts.
func (h *Handler) admit(ctx context.Context, uid account.UID) error {
	err := h.Firestore.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		_, err := account.ReadAnalysable(tx, h.Firestore, uid, h.Now(), h.MinAge)
		return err
	}, firestore.ReadOnly)
	if err != nil {
		return err
	}
	return h.Limits.Take(ctx, PreviewsOfUser, quota.User(string(uid)))
}

// look has the engine look at the preview. What is no picture is the caller's error, what is in the
// picture is not.
func (h *Handler) look(ctx context.Context, preview []byte) (View, error) {
	done := watchdog.Watch(ctx, lookTime, h.Exit)
	defer done()
	_, end := telemetry.Span(ctx, "face.Analyze")
	a, err := answer(h.Analyze(bytes.NewReader(preview), report.Options{MaxBytes: MaxBytes, MaxPixels: MaxPixels}))
	end(err)
	var refusal *report.Refusal
	if !errors.As(err, &refusal) {
		return a, err
	}
	code := map[report.Code]fault.Code{
		report.UnsupportedFormat: fault.CodeUnsupportedMediaType, report.TooLarge: fault.CodeBodyTooLarge,
		report.Corrupt: fault.CodeUnreadablePhoto,
	}[refusal.Code]
	return View{}, fault.New(code, "%s", refusal.Detail)
}
