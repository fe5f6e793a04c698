package erasure

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"cloud.google.com/go/firestore"
	"google.golang.org/api/iterator"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/audit"
	"github.com/facescan/facescan/internal/erasure/receipt"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/longpoll"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/reached"
	"github.com/facescan/facescan/internal/web"
)

// Options configure a [Handler].
type Options struct {
	// Keys are the Ed25519 public keys that verify receipts, in base64.
	Keys []string
	// PublicURL is the base URL of the API.
	PublicURL string
	// Key derives capabilities. It is the key of erase.Consumer.
	Key keys.Ring
	// Wait is parsed by [ParseWait]. It is the wait of erase.Consumer.
	Wait string
	// Pages shows receipts to people. The zero Pages name no operator.
	Pages *web.Pages
	// Acts keeps that an erasure was asked for.
	Acts *audit.Book
	// Watcher wakes the requests that wait for an erasure. By default it is one of the handler's own.
	Watcher *longpoll.Watcher[Awaited]
	// Now is the clock.
	Now func() time.Time
}

// Handler serves DELETE /v1/me and the routes below /v1/erasures.
type Handler struct {
	fs   *firestore.Client
	box  *outbox.Box
	keys receipt.Keys
	wait time.Duration
	opts Options
}

// NewHandler returns a handler that reads the database and commits sagas with their events by box.
// It returns an error for bad options.
func NewHandler(fs *firestore.Client, box *outbox.Box, opts Options) (*Handler, error) {
	keys, keysErr := receipt.NewKeys(opts.Keys)
	wait, waitErr := ParseWait(opts.Wait)
	if err := errors.Join(keysErr, waitErr); err != nil {
		return nil, err
	}
	if opts.PublicURL == "" {
		return nil, errors.New("the API's public URL is not set")
	}
	if opts.Pages == nil {
		opts.Pages = new(web.Pages)
	}
	if opts.Watcher == nil {
		opts.Watcher = NewWatcher(fs)
	}
	return &Handler{fs: fs, box: box, keys: keys, wait: wait, opts: opts}, nil
}

// Routes adds DELETE /v1/me and the routes below /v1/erasures. Those require no token: the holder
// of a receipt's URL may read it, since its user is gone.
func (h *Handler) Routes(api *httpapi.API) {
	api.Handle("DELETE /v1/me", httpapi.Leaving, h.deleteMe)
	api.Handle("GET /v1/erasures/key", httpapi.Open, h.getKey)
	shown := httpapi.Shown(h.opts.Pages.Problem)
	api.Handle("GET /v1/erasures/{capability}", httpapi.Open, h.get, httpapi.Query("lang", "wait"), shown)
}

// ReceiptPath returns the path of the receipt with the capability.
func ReceiptPath(capability string) string { return "/v1/erasures/" + capability }

// The states of an erasure in the answer with its receipt.
const (
	stateErasing = "erasing"
	stateErased  = "erased"
)

type requestedView struct {
	State       string `json:"state"`
	RequestedAt string `json:"requestedAt"`
	ReceiptURL  string `json:"receiptUrl"`
}

// deleteMe requires nothing but a fresh token: the app has asked its user, and the body of a DELETE
// may get lost on the way.
func (h *Handler) deleteMe(w http.ResponseWriter, r *http.Request) error {
	j, err := h.requested(r.Context())
	if err != nil {
		return err
	}
	path := ReceiptPath(Capability(h.opts.Key, j))
	w.Header().Set("Location", path)
	httpapi.ComeAgain(w, h.again())
	return httpapi.Write(w, http.StatusAccepted, requestedView{
		State: stateErasing, RequestedAt: httpapi.Time(j.RequestedAt),
		ReceiptURL: h.receiptURL(r.Context(), path),
	})
}

// receiptURL returns the receipt's path at the host that the client has asked for.
func (h *Handler) receiptURL(ctx context.Context, path string) string {
	return strings.TrimSuffix(reached.URL(ctx, h.opts.PublicURL), "/") + path
}

// requested returns the caller's erasure, begun now or before. It locks the user, so an app whose
// answer was lost could not ask again, and no one else would have the receipt's URL. Hence a locked
// user may ask for the erasure that was requested by the sign-in of this very token. A token that
// was revoked before, another device, and a user who is disabled for another reason get no
// information.
//
// A user deleted at Firebase is admitted as long as the token is valid: an app that deletes the
// user itself, though it should not, may still ask for the erasure of the rest. That requires an
// account here. Without one the token is refused, which also ends the repetitions once the erasure
// is over.
func (h *Handler) requested(ctx context.Context) (Job, error) {
	who := httpapi.Caller(ctx)
	if !who.Locked && !who.Gone {
		return h.request(ctx, who)
	}
	j, err := decodeJob(jobs(h.fs).Doc(JobID(account.UID(who.UID), 0)).Get(ctx))
	switch {
	case who.Gone && errors.Is(err, ErrGone):
		return h.requestOfGone(ctx, who)
	case errors.Is(err, ErrGone), err == nil && j.SignedInAt != who.SignedInAt:
		return Job{}, shutOut(who)
	}
	return j, err
}

func (h *Handler) request(ctx context.Context, who httpapi.Identity) (Job, error) {
	now := h.opts.Now()
	return request(ctx, h.fs, h.box, h.opts.Acts, newAccountJob(who, now, now, h.wait, h.opts.Key), nil)
}

// requestOfGone begins the erasure for a user deleted at Firebase, who must have an account here.
func (h *Handler) requestOfGone(ctx context.Context, who httpapi.Identity) (Job, error) {
	_, err := account.Get(ctx, h.fs, account.UID(who.UID))
	if errors.Is(err, account.ErrNoUser) {
		return Job{}, shutOut(who)
	}
	if err != nil {
		return Job{}, err
	}
	return h.request(ctx, who)
}

// shutOut returns the error for a locked or deleted user without an erasure.
func shutOut(who httpapi.Identity) error {
	if who.Gone {
		return fault.New(fault.CodeTokenInvalid, "The ID token is not valid here: its user was deleted.")
	}
	return fault.New(fault.CodeUserDisabled, "This user is disabled.")
}

func (h *Handler) getKey(w http.ResponseWriter, _ *http.Request) error {
	return httpapi.Write(w, http.StatusOK, h.keys)
}

type receiptView struct {
	State       string `json:"state"`
	RequestedAt string `json:"requestedAt"`
	// ErasedAt, ExpiresAt and Receipt are set once it is erased. Receipt is a compact JWS, and
	// Contents its content.
	ErasedAt  string           `json:"erasedAt,omitempty"`
	ExpiresAt string           `json:"expiresAt,omitempty"`
	Receipt   string           `json:"receipt,omitempty"`
	Contents  *receipt.Receipt `json:"contents,omitempty"`
}

// get answers with the erasure as it is, or as soon as it is done, at the latest after "wait"
// seconds.
func (h *Handler) get(w http.ResponseWriter, r *http.Request) error {
	wait, err := longpoll.Seconds(r)
	if err != nil {
		return err
	}
	notFound := fault.New(fault.CodeNotFound, "There is no such receipt, or it has expired.")
	secret := r.PathValue("capability")
	if !capabilityPattern.MatchString(secret) {
		return notFound
	}
	view, err := h.show(r.Context(), hash(secret), wait)
	if errors.Is(err, ErrGone) {
		return notFound
	}
	if err != nil {
		return err
	}
	if view.State == stateErasing {
		httpapi.ComeAgain(w, h.again())
	}
	w.Header().Add("Vary", "Accept")
	if web.WantsHTML(r) {
		return h.opts.Pages.ErasureReceipt(w, r, view.page())
	}
	return httpapi.Write(w, http.StatusOK, view)
}

// again is when a client asks again for the receipt of an erasure that is under way.
func (h *Handler) again() time.Duration { return max(min(h.wait, time.Minute), time.Second) }

// page returns what people are shown of it.
func (v receiptView) page() web.Receipt {
	shown := web.Receipt{Requested: v.RequestedAt, Erased: v.ErasedAt, Expires: v.ExpiresAt, Signed: v.Receipt}
	if v.Contents == nil {
		return shown
	}
	shown.Account = v.Contents.Account
	for _, s := range v.Contents.Stores {
		shown.Stores = append(shown.Stores, web.Store(s))
	}
	for _, left := range v.Contents.Residuals {
		shown.Residuals = append(shown.Residuals, web.Residual(left))
	}
	return shown
}

// show waits for the saga's end, at most the seconds. It reads the saga first and then the receipt,
// in the order in which the one becomes the other.
func (h *Handler) show(ctx context.Context, capabilityHash string, wait int) (receiptView, error) {
	j, err := decodeJob(one(ctx, jobs(h.fs).Where("capabilityHash", "==", capabilityHash)))
	if err == nil && wait > 0 {
		_, _, err = h.opts.Watcher.WaitFor(ctx, Awaited{Job: j}, 0, wait)
		if err == nil {
			return h.show(ctx, capabilityHash, 0)
		}
	}
	if err == nil {
		return receiptView{State: stateErasing, RequestedAt: httpapi.Time(j.RequestedAt)}, nil
	}
	if !errors.Is(err, ErrGone) {
		return receiptView{}, err
	}
	snap, err := one(ctx, Erased(h.fs).Where("capabilityHash", "==", capabilityHash))
	if err != nil {
		return receiptView{}, err
	}
	var doc ErasedDoc
	if err := snap.DataTo(&doc); err != nil {
		return receiptView{}, err
	}
	if !h.opts.Now().Before(doc.ExpireAt) {
		return receiptView{}, ErrGone
	}
	contents, err := h.keys.Verify(doc.Receipt)
	if err != nil {
		return receiptView{}, err
	}
	return receiptView{
		State: stateErased, RequestedAt: httpapi.Time(doc.RequestedAt), ErasedAt: httpapi.Time(doc.ErasedAt),
		ExpiresAt: httpapi.Time(doc.ExpireAt), Receipt: doc.Receipt, Contents: &contents,
	}, nil
}

// one returns the only document of the query, or ErrGone.
func one(ctx context.Context, q firestore.Query) (*firestore.DocumentSnapshot, error) {
	docs := q.Limit(1).Documents(ctx)
	defer docs.Stop()
	snap, err := docs.Next()
	if errors.Is(err, iterator.Done) {
		return nil, ErrGone
	}
	return snap, err
}
