package coach

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"cloud.google.com/go/firestore"
	"golang.org/x/sync/semaphore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/quota"
	"github.com/facescan/facescan/internal/sentence"
	"github.com/facescan/facescan/internal/telemetry"
	"github.com/facescan/facescan/internal/watchdog"
)

// Limits of a preview: 512 KiB and 1.5 megapixels, which the engine analyzes in about a tenth of a
// second.
const (
	MaxBytes  = 512 << 10
	MaxPixels = 1_500_000
)

// lookTime bounds the analysis of a preview. It is a hundred times its usual time.
const lookTime = 15 * time.Second

// PreviewsOfUser allows an app one preview a second.
var PreviewsOfUser = quota.Rule{Name: "coach-user", Max: 600, Window: 10 * time.Minute}

var contentTypes = []string{"image/jpeg", "image/png", "image/webp"}

// Handler serves POST /v1/coach. It is safe for concurrent use.
type Handler struct {
	// Firestore shows who may be measured. Limits counts the previews.
	Firestore *firestore.Client
	Limits    *quota.Limiter
	// Analyze is the face engine, face.Analyze. It is a field for tests of failures, since no photo is
	// known to break the real one.
	Analyze func(io.Reader, report.Options) (report.Report, error)
	// Processors has a place for each computation that may run at a time (boot.Process.Processors).
	Processors *semaphore.Weighted
	// Exit ends the process if the engine hangs: os.Exit except in tests (see internal/watchdog).
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
	lang := sentence.OfAnswer(r)
	a, err := h.look(r.Context(), lang, preview)
	if err != nil {
		return err
	}
	return httpapi.WriteIn(w, http.StatusOK, lang, a)
}

// admit checks the conditions of an upload and counts the preview.
func (h *Handler) admit(ctx context.Context, uid account.UID) error {
	err := h.Firestore.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		_, err := account.ReadAnalysable(ctx, tx, h.Firestore, uid, h.Now(), h.MinAge)
		return err
	}, firestore.ReadOnly)
	if err != nil {
		return err
	}
	return h.Limits.Take(ctx, PreviewsOfUser, quota.User(string(uid)))
}

// look runs the engine on the preview and answers in the language. A body that is not a picture is
// the caller's error; the contents of a picture are not.
func (h *Handler) look(ctx context.Context, lang sentence.Lang, preview []byte) (View, error) {
	if err := h.Processors.Acquire(ctx, 1); err != nil {
		return View{}, fault.Wrap(err, fault.CodeUnavailable, "No processor was free in time.")
	}
	defer h.Processors.Release(1)
	done := watchdog.Watch(ctx, lookTime, h.Exit)
	defer done()
	ctx, end := telemetry.Span(ctx, "face.Analyze")
	measured, err := h.Analyze(bytes.NewReader(preview), report.Options{
		MaxBytes: MaxBytes, MaxPixels: MaxPixels, Stage: telemetry.Stages(ctx, "face"),
	})
	a, err := answer(lang, measured, err)
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
