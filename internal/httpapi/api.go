// Package httpapi serves HTTP for all functions: strict decoding, problem+json, authentication with
// Firebase ID tokens, CORS, request ids, and the answers where no route matches.
package httpapi

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/rs/cors"

	"github.com/facescan/facescan/internal/crossorigin"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/rate"
	"github.com/facescan/facescan/internal/telemetry"
)

// Access is who may call a route.
type Access int

const (
	// Public routes require no ID token.
	Public Access = iota
	// Open routes require no App Check token either, but [Attested] reports one. They are for probes,
	// the contract, and browsers.
	Open
	// User routes require a valid Firebase ID token, which is checked offline.
	User
	// FreshUser routes also check with Firebase that the token is not revoked and the user not
	// disabled. That costs a call for each request. They are for sensitive operations: registration,
	// consent, username.
	FreshUser
	// Support routes are as FreshUser, for staff with the role support or admin. Staff need neither an
	// account of the service nor an App Check token.
	Support
	// Admin routes are as Support, for the role admin.
	Admin
	// Leaving routes are for users who delete their account. They are as FreshUser, but require no App
	// Check token, since leaving does not need the app. They also admit a disabled user
	// ([Identity].Locked), who may ask again for the erasure that locked the account, and a user
	// deleted at Firebase ([Identity].Gone), who may ask for the erasure of what is left. The handler
	// must refuse such users everything else.
	Leaving
)

// Handler answers a request or returns the error to answer with.
type Handler func(w http.ResponseWriter, r *http.Request) error

// Options configure an API.
type Options struct {
	// Verifier checks ID tokens. It is required if a route needs one.
	Verifier TokenVerifier
	// AppCheck holds the modes of the routes that are neither Open nor Leaving nor for staff. Apps
	// checks the tokens; it is required unless all modes are off.
	AppCheck AppCheck
	Apps     AppVerifier
	// BodyTimeout is how long a body may take to arrive. Zero means 10 seconds.
	BodyTimeout time.Duration
	// Origins are the web origins allowed by CORS, such as "https://app.example.com".
	Origins []string
	// LogKey is for keys.ForLogs and derives the caller's pseudonym in logs. Without
	// it logs do not tell callers apart.
	LogKey keys.Ring
}

// API is an http.Handler that routes requests to handlers.
type API struct {
	mux     *http.ServeMux
	handler http.Handler
	opts    Options
	routes  []Route
}

// New returns an API without routes.
func New(opts Options) *API {
	if opts.BodyTimeout == 0 {
		opts.BodyTimeout = bodyTimeout
	}
	a := &API{mux: http.NewServeMux(), opts: opts}
	a.handler = http.HandlerFunc(a.serve)
	if len(opts.Origins) > 0 {
		rules := crossorigin.API()
		a.handler = cors.New(cors.Options{
			AllowedOrigins: opts.Origins, AllowedMethods: rules.Methods, AllowedHeaders: rules.Headers,
			ExposedHeaders: rules.Exposed, MaxAge: int(rules.MaxAge.Seconds()),
		}).Handler(a.handler)
	}
	return a
}

// Handle adds a route. The pattern is one of http.ServeMux with a method, such as "GET
// /v1/scans/{id}". takes lists what a request may have; a request with more is refused before it
// reaches the handler.
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
			writeProblem(w, r, err, route.Show)
		}
	}))
}

// Routes returns all routes in the order in which they were added.
func (a *API) Routes() []Route { return slices.Clone(a.routes) }

// ServeHTTP calls the handler of the matching route, or answers with problem+json.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r = Begin(w, r)
	defer a.recover(w, r)
	a.handler.ServeHTTP(w, r)
}

const headerRequestID = "X-Request-Id"

// strictTransport has browsers use HTTPS only for two years, which each answer begins anew. It is
// what lists of HTTPS-only sites ask for, and outlasts a certificate, a year without a visit and a
// domain that lapsed. It leaves subdomains out, since the API's host may have some that are another
// service's. Browsers ignore it on plain HTTP, as of the local stack.
const strictTransport = "max-age=63072000"

// Begin gives the request an id and sets the headers that all answers have. A request that has
// begun already is returned as it is: package boot begins it before there is an API, so that its
// refusals have an id too.
func Begin(w http.ResponseWriter, r *http.Request) *http.Request {
	if requestID(r.Context()) != "" {
		return r
	}
	id := rand.Text()
	w.Header().Set(headerRequestID, id)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Strict-Transport-Security", strictTransport)
	ctx := context.WithValue(r.Context(), requestIDKey{}, id)
	ctx = rate.With(ctx, w.Header())
	return r.WithContext(telemetry.With(ctx, slog.String("request_id", id)))
}

// serve answers all requests but CORS preflights, which a browser would fail for any other status.
func (a *API) serve(w http.ResponseWriter, r *http.Request) {
	// ServeMux would redirect to the clean path, which the app did not mean: all operations have clean
	// paths.
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
	telemetry.Route(r.Context(), pattern)
	a.mux.ServeHTTP(w, r)
}

// noRoute answers a request without a route. The mux's own answer shows whether another method
// would match, so that both cases answer with problem+json. It also answers OPTIONS, for which
// there is no route.
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
	stack := telemetry.Stack(fmt.Sprint("panic: ", cause), debug.Stack())
	slog.ErrorContext(r.Context(), "panic", slog.Any("panic", cause), stack)
	WriteProblem(
		w, r, fault.New(fault.CodeInternal, "Something went wrong on our side. The request id helps us find out what."),
	)
}

type requestIDKey struct{}

func requestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}
