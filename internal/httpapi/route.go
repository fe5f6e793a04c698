package httpapi

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/facescan/facescan/internal/fault"
)

// Route is one route of an API with everything that a request may have. A request with a query
// parameter or body that is not listed is refused, and so is one with a condition that the route
// would ignore. A test compares the routes with the contract.
type Route struct {
	// Pattern is a pattern of http.ServeMux with a method, such as "GET /v1/scans/{id}".
	Pattern string
	Access  Access
	// Query are the names of the query parameters. Each may be given once, and must not be empty.
	Query []string
	// AnyQuery admits any query beside the listed parameters. It is for pages, as links to them pick
	// up parameters on their way.
	AnyQuery bool
	// Headers are the names of the headers that the route uses, from those that Header accepts.
	Headers []string
	// Body are the accepted media types of the body, which is required unless BodyOptional is set. If
	// it is empty, the route accepts no body.
	Body         []string
	BodyOptional bool
	// Show shows the route's problems to people, nil if only programs ask.
	Show Show
}

// Show answers with a page about the problem, with its status, if the request is one for a page.
// Otherwise it reports false and writes nothing. The headers Retry-After and X-Request-Id are set.
type Show func(w http.ResponseWriter, r *http.Request, problem *fault.Error) bool

// Shown has problems of the route shown to people.
func Shown(show Show) Takes { return func(route *Route) { route.Show = show } }

// Takes adds to what a route accepts.
type Takes func(*Route)

// Query adds query parameters with these names.
func Query(names ...string) Takes {
	return func(route *Route) { route.Query = append(route.Query, names...) }
}

// AnyQuery makes the route admit any query.
func AnyQuery(route *Route) { route.AnyQuery = true }

// Headers that a route may use.
const (
	// IdempotencyKey identifies what a request creates, so that a repeated request finds it.
	IdempotencyKey = "Idempotency-Key"
	// IfMatch and IfNoneMatch are the conditions of RFC 9110, 13.1.1 and 13.1.2: see [Match] and
	// [NoneMatch].
	IfMatch     = "If-Match"
	IfNoneMatch = "If-None-Match"
)

// Header adds headers with these names: IdempotencyKey, IfMatch or IfNoneMatch.
func Header(names ...string) Takes {
	return func(route *Route) { route.Headers = append(route.Headers, names...) }
}

// Media types of bodies.
const (
	mediaJSON       = "application/json"
	mediaMergePatch = "application/merge-patch+json"
	mediaForm       = "multipart/form-data"
	mediaTexts      = "application/x-www-form-urlencoded"
)

// JSON makes the route accept a body for [Decode].
func JSON(route *Route) { Body(mediaJSON)(route) }

// OptionalJSON is like [JSON] for a body that may be left out, with the meaning of {}.
func OptionalJSON(route *Route) {
	JSON(route)
	route.BodyOptional = true
}

// MergePatch makes the route accept a merge patch (RFC 7396) for [Decode], under its own media type
// or JSON's.
func MergePatch(route *Route) { Body(mediaJSON, mediaMergePatch)(route) }

// Multipart makes the route accept a form for [OpenForm].
func Multipart(route *Route) { Body(mediaForm)(route) }

// Texts makes the route accept a form for [ReadTexts], in either of the media types that browsers
// send.
func Texts(route *Route) { Body(mediaTexts, mediaForm)(route) }

// Body makes the route accept a body of one of the media types.
func Body(media ...string) Takes {
	return func(route *Route) { route.Body = append(route.Body, media...) }
}

// check refuses a request with anything that the route does not accept. The contents of the body
// are checked by the handler.
func (route *Route) check(w http.ResponseWriter, r *http.Request) error {
	if err := route.checkQuery(r.URL.RawQuery); err != nil {
		return err
	}
	if err := route.checkHeaders(r.Header); err != nil {
		return err
	}
	if len(route.Body) > 0 && !route.BodyOptional {
		return route.checkMedia(w, r)
	}
	has, err := hasBody(r)
	if err != nil || !has {
		return err
	}
	if len(route.Body) == 0 {
		return fault.New(fault.CodeMalformedBody, "This takes no body.").WithField("", "must be left out")
	}
	return route.checkMedia(w, r)
}

// Limits of what an answer repeats of a query.
const (
	maxFields = 16
	maxName   = 64 // bytes
)

// checkQuery returns an error unless r.URL.Query shows the whole query: that method silently drops
// what it cannot parse.
func (route *Route) checkQuery(raw string) error {
	if route.AnyQuery {
		return nil
	}
	values, err := url.ParseQuery(raw)
	if err != nil {
		return fault.New(fault.CodeInvalidParameter, "The query is malformed.").
			WithPart(fault.InQuery, "must be NAME=VALUE, joined by & and percent-encoded")
	}
	bad := fault.New(fault.CodeInvalidParameter, "Some parameters of the query are not valid.")
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if len(bad.Fields) == maxFields {
			break
		}
		given := values[name]
		switch {
		case !slices.Contains(route.Query, name):
			_ = bad.WithParameter(fault.InQuery, shortName(name), "is not known here")
		case len(given) > 1:
			_ = bad.WithParameter(fault.InQuery, shortName(name), "is given twice")
		case given[0] == "":
			_ = bad.WithParameter(fault.InQuery, shortName(name), "must not be empty: leave it out")
		}
	}
	return bad.Err()
}

// shortName returns the name of a query parameter, which may be any text, as answers repeat it.
func shortName(name string) string {
	if len(name) > maxName {
		name = name[:maxName] + "..."
	}
	return strings.ToValidUTF8(name, "\uFFFD")
}

func (route *Route) checkHeaders(header http.Header) error {
	for _, name := range []string{IfMatch, IfNoneMatch} {
		given := header.Values(name)
		if len(given) == 0 {
			continue
		}
		if !slices.Contains(route.Headers, name) {
			// If the condition were ignored, the client would take it for met.
			return badHeader(name, "is not accepted here: leave it out")
		}
		if _, ok := parseTags(given); !ok {
			return badHeader(name, `must be a list of entity tags such as "7" in double quotes, or *`)
		}
	}
	if key := header.Values(IdempotencyKey); len(key) > 0 && slices.Contains(route.Headers, IdempotencyKey) {
		return checkKey(key)
	}
	return nil
}

// maxKey is the longest Idempotency-Key, in bytes.
const maxKey = 128

func checkKey(given []string) error {
	switch {
	case len(given) > 1:
		return badHeader(IdempotencyKey, "is given twice")
	case strings.TrimSpace(given[0]) == "":
		// An app that lost its key would open another scan with each repetition.
		return badHeader(IdempotencyKey, "must not be blank: leave it out")
	case len(given[0]) > maxKey:
		return badHeader(IdempotencyKey, "must have at most %d bytes", maxKey)
	}
	return nil
}

func badHeader(name, format string, args ...any) error {
	return fault.New(fault.CodeInvalidParameter, "A header is not valid.").
		WithParameter(fault.InHeader, name, format, args...)
}

// hasBody reports whether the request has a body. It reads the first byte of a body of unknown
// length, and leaves a request whose body turns out to be empty with the length 0.
func hasBody(r *http.Request) (bool, error) {
	if r.Body == nil || r.ContentLength >= 0 {
		return r.ContentLength > 0, nil
	}
	var first [1]byte
	_, err := io.ReadFull(r.Body, first[:])
	switch {
	case errors.Is(err, io.EOF):
		r.ContentLength = 0
		return false, nil
	case err != nil:
		return false, readFault(err)
	}
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(first[:]), r.Body), r.Body}
	return true, nil
}

// checkMedia refuses other content codings and media types, and lists those that are accepted: RFC
// 9110, 15.5.16, and for PATCH RFC 5789, 3.1. Nothing is decompressed: no body is worth
// compressing, and none can grow in memory.
func (route *Route) checkMedia(w http.ResponseWriter, r *http.Request) error {
	for _, coding := range r.Header.Values("Content-Encoding") {
		if !strings.EqualFold(strings.TrimSpace(coding), "identity") {
			w.Header().Set("Accept-Encoding", "identity")
			return fault.New(fault.CodeUnsupportedMediaType, "Send the body as it is, without a content coding.").
				WithParameter(fault.InHeader, "Content-Encoding", "must be left out")
		}
	}
	if given := r.Header.Values("Content-Type"); len(given) == 1 && route.takesMedia(given[0]) {
		return nil
	}
	taken := strings.Join(route.Body, ", ")
	w.Header().Set("Accept", taken)
	if r.Method == http.MethodPatch {
		w.Header().Set("Accept-Patch", taken)
	}
	return fault.New(fault.CodeUnsupportedMediaType, "Send the body as %s.", strings.Join(route.Body, " or ")).
		WithParameter(fault.InHeader, "Content-Type", "must be one of %s", taken)
}

// takesMedia reports whether the media type is one of the route's. JSON is UTF-8 (RFC 8259, 8.1),
// so a charset may only be that.
func (route *Route) takesMedia(contentType string) bool {
	media, params, err := mime.ParseMediaType(contentType)
	if err != nil || !slices.Contains(route.Body, media) {
		return false
	}
	charset, ok := params["charset"]
	return !ok || strings.EqualFold(charset, "utf-8")
}
