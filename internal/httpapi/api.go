// Package httpapi is the one way in and out over HTTP: strict decoding, problem+json,
// authentication with Firebase ID tokens, CORS, request ids, and what is answered where no route
// fits.
package httpapi

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/rs/cors"

	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/telemetry"
)

// Access says who may call a route.
type Access int

const (
	// Public routes ask for no ID token.
	Public Access = iota
	// Open routes do not ask for an App Check token either: probes, the contract, and what a browser
	// needs.
	Open
	// User routes ask for a valid Firebase ID token, checked offline.
	User
	// FreshUser routes also ask Firebase whether the token was revoked or the user disabled: one call
	// a request, for what is sensitive (registration, consent, username).
	FreshUser
	// Leaving is for the user's way out. It is as FreshUser, but asks for no App Check token, since
	// leaving does not need the app. It also admits a disabled user, who is [Identity].Locked, for
	// asking again for what has locked them, and one that was deleted at Firebase, who is
	// [Identity].Gone, for what is left of them here. The handler must refuse such users everything
	// else.
	Leaving
)

// Handler answers a request or returns the error to answer with.
type Handler func(w http.ResponseWriter, r *http.Request) error

// Options configure an API.
type Options struct {
	// Verifier checks ID tokens; required where a route asks for one.
	Verifier TokenVerifier
	// AppCheck has the modes of the routes that are neither Open nor Leaving, and Apps checks the
	// tokens; required unless all are off.
	AppCheck AppCheck
	Apps     AppVerifier
	// BodyTimeout is how long a body may take to arrive; 0 is 10 seconds.
	BodyTimeout time.Duration
	// Origins are the web origins allowed by CORS, such as "https://app.example.com"; none by default.
	Origins []string
	// HashKey keys the pseudonym of the caller in logs.
	HashKey keys.Ring
}

// API is an http.Handler made of routes.
type API struct {
	mux     *http.ServeMux
	handler http.Handler
	opts    Options
	routes  []Route
}

// New makes an API without routes.
func New(opts Options) *API {
	if opts.BodyTimeout == 0 {
		opts.BodyTimeout = bodyTimeout
	}
	a := &API{mux: http.NewServeMux(), opts: opts}
	a.handler = http.HandlerFunc(a.serve)
	if len(opts.Origins) > 0 {
		a.handler = cors.New(cors.Options{
			AllowedOrigins: opts.Origins,
			AllowedMethods: []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete},
			AllowedHeaders: []string{
				"Authorization", headerAppCheck, "Content-Type", IdempotencyKey, IfMatch, IfNoneMatch, "traceparent",
			},
			ExposedHeaders: []string{headerRequestID, "ETag", "Location", "Retry-After"},
			MaxAge:         int(time.Hour.Seconds()),
		}).Handler(a.handler)
	}
	return a
}

// Handle adds a route; pattern is that of http.ServeMux with a method, such as "GET
// /v1/scans/{id}", and takes is what a request may have. The handler gets no request that has more.
func (a *API) Handle(pattern string, access Access, h Handler, takes ...Takes) {
	route := Route{Pattern: pattern, Access: access}
	for _, add := range takes {
		add(&route)
	}
	a.routes = append(a.routes, route)
	mode := a.opts.AppCheck.of(pattern)
	a.mux.Handle(pattern, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, err := a.admit(r, access, mode)
		if err == nil {
			r = r.WithContext(ctx)
			err = route.check(w, r)
		}
		if err == nil {
			err = h(w, r)
		}
		if err != nil {
			WriteProblem(w, r, err)
		}
	}))
}

// Routes is every route, in the order in which they were added.
func (a *API) Routes() []Route { return slices.Clone(a.routes) }

// ServeHTTP answers with the route that fits, or with problem+json.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r = Begin(w, r)
	defer a.recover(w, r)
	a.handler.ServeHTTP(w, r)
}

const headerRequestID = "X-Request-Id"

// Begin gives the request its id and the answer the headers that all have. A request that has begun
// already is returned as it is: the skeleton begins before there is an API, so that its refusals
// have an id too.
func Begin(w http.ResponseWriter, r *http.Request) *http.Request {
	if requestID(r.Context()) != "" {
		return r
	}
	id := rand.Text()
	w.Header().Set(headerRequestID, id)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	ctx := context.WithValue(r.Context(), requestIDKey{}, id)
	return r.WithContext(telemetry.With(ctx, slog.String("request_id", id)))
}

// serve answers all but the preflights of CORS, which a browser would not let fail by another
// status.
func (a *API) serve(w http.ResponseWriter, r *http.Request) {
	// ServeMux would redirect to the clean path, which the app did not mean: no operation has
	// another.
	if p := r.URL.EscapedPath(); !strings.HasPrefix(p, "/") || path.Clean(p) != p {
		nothingHere(w, r)
		return
	}
	if r.Body != nil && r.Body != http.NoBody {
		BodyWithin(w, a.opts.BodyTimeout)
	}
	handler, pattern := a.mux.Handler(r)
	if pattern == "" {
		a.noRoute(w, r, handler)
		return
	}
	a.mux.ServeHTTP(w, r)
}

// noRoute asks the mux's own answer whether another method would fit, so that both say
// problem+json. It also answers OPTIONS, for which there is no route.
func (a *API) noRoute(w http.ResponseWriter, r *http.Request, muxAnswer http.Handler) {
	probe := httptest.NewRecorder()
	muxAnswer.ServeHTTP(probe, r)
	if probe.Code != http.StatusMethodNotAllowed {
		nothingHere(w, r)
		return
	}
	w.Header().Set("Allow", probe.Header().Get("Allow")+", "+http.MethodOptions)
	if r.Method == http.MethodOptions {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	WriteProblem(w, r, fault.New(fault.CodeMethodNotAllowed, "%s is not allowed here.", r.Method))
}

func nothingHere(w http.ResponseWriter, r *http.Request) {
	WriteProblem(w, r, fault.New(fault.CodeNotFound, "There is nothing at this path."))
}

func (a *API) recover(w http.ResponseWriter, r *http.Request) {
	cause := recover()
	if cause == nil {
		return
	}
	if cause == http.ErrAbortHandler { //nolint:errorlint // net/http compares this sentinel by identity too
		panic(cause)
	}
	slog.ErrorContext(r.Context(), "panic", "panic", cause, "stack_trace", string(debug.Stack()))
	WriteProblem(
		w, r, fault.New(fault.CodeInternal, "Something went wrong on our side. The request id helps us find out what."),
	)
}

type requestIDKey struct{}

func requestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}
