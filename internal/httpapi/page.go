package httpapi

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/facescan/facescan/internal/fault"
)

// MaxPage is the longest page of a list, in items.
const MaxPage = 100

// Position is a place in a list that is ordered by time and then by id.
type Position struct {
	// At is UTC in whole microseconds, as Firestore keeps it.
	At time.Time
	ID string
}

// Page is the part of a list that a request asks for.
type Page struct {
	// Limit is the largest number of items in the answer, 1 to MaxPage.
	Limit int
	// After is the last item of the page before, nil for the first page.
	After *Position

	scope string
}

// lazyPattern returns the expression, compiled at its first use: at the start it would take longer
// than the rest of this package.
func lazyPattern(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}

// positionID matches the ids of lists: event ids and scan ids are base32 in lower case.
var positionID = lazyPattern(`^[0-9a-z]{1,64}$`)

// Paged adds the query parameters of [PageParams].
func Paged(route *Route) { Query("limit", "cursor")(route) }

// PageParams returns the page in the query parameters "limit" and "cursor". A cursor is valid only
// for the list that it came from: the caller's own, with the same scope (the list's name, filters
// and order). A cursor of another list, a modified cursor and a limit out of range are
// invalid_parameter.
func PageParams(r *http.Request, fallback int, scope ...string) (Page, error) {
	limit, err := IntParam(r, "limit", fallback, 1, MaxPage)
	if err != nil {
		return Page{}, err
	}
	p := Page{Limit: limit, scope: strings.Join(append([]string{Caller(r.Context()).UID}, scope...), "\x00")}
	text := r.URL.Query().Get("cursor")
	if text == "" {
		return p, nil
	}
	at, ok := p.parse(text)
	if !ok {
		return Page{}, fault.New(fault.CodeInvalidParameter, "The cursor is not one of this list.").
			WithParameter(fault.InQuery, "cursor", "must be a nextCursor of an answer to the same query")
	}
	p.After = &at
	return p, nil
}

// Next returns the cursor of the page after the item.
func (p Page) Next(last Position) string {
	text := strconv.FormatInt(last.At.UnixMicro(), 10) + "." + last.ID
	return base64.RawURLEncoding.EncodeToString([]byte(text + "." + p.seal(text)))
}

// List is the answer with one page of a list.
type List[V any] struct {
	Items []V `json:"items"`
	// NextCursor is the "cursor" of the next page, "" on the last page.
	NextCursor string `json:"nextCursor,omitempty"`
}

// Collect returns the page of the items that were read. read has one item more than p.Limit if
// there is a next page. at returns an item's position and view its form in the answer.
func Collect[T, V any](p Page, read []T, at func(T) Position, view func(T) V) List[V] {
	l := List[V]{Items: []V{}}
	if len(read) > p.Limit {
		read = read[:p.Limit]
		l.NextCursor = p.Next(at(read[p.Limit-1]))
	}
	for _, one := range read {
		l.Items = append(l.Items, view(one))
	}
	return l
}

func (p Page) parse(cursor string) (Position, bool) {
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	parts := strings.Split(string(raw), ".")
	if err != nil || len(parts) != 3 || !positionID().MatchString(parts[1]) {
		return Position{}, false
	}
	micros, err := strconv.ParseInt(parts[0], 10, 64)
	at := Position{At: time.UnixMicro(micros).UTC(), ID: parts[1]}
	// A forged cursor may hold any time. Of the ways to write one position only one is accepted.
	if err != nil || !storable(at.At) || p.Next(at) != cursor {
		return Position{}, false
	}
	return at, true
}

// seal ties a cursor to its list, so that an app's mistake is an error instead of the wrong items.
// It protects no secret and needs no key: whatever a cursor holds, the query is limited to the
// caller's own items.
func (p Page) seal(text string) string {
	sum := sha256.Sum256([]byte(p.scope + "\x00" + text))
	return base64.RawURLEncoding.EncodeToString(sum[:9])
}

// firstTime and lastTime bound a timestamp of Firestore
// (https://protobuf.dev/reference/protobuf/google.protobuf/#timestamp).
var (
	firstTime = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
	lastTime  = time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC)
)

func storable(at time.Time) bool { return !at.Before(firstTime) && !at.After(lastTime) }

// rfc3339 matches the parts of RFC 3339 that time.Parse does not check: two digits for the hour, a
// point before the fraction and an offset of less than a day. It allows at most nanoseconds.
var rfc3339 = lazyPattern(`^.{10}T\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$`)

// TimeParam returns the time in the query parameter, in UTC, or nil if it is absent. A time that is
// not RFC 3339, or outside of the years 1 to 9999 in UTC, is invalid_parameter.
func TimeParam(r *http.Request, name string) (*time.Time, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return nil, nil //nolint:nilnil // absent, for which no time stands
	}
	at, why := parseTime(text)
	if why != "" {
		return nil, fault.New(fault.CodeInvalidParameter, "A query parameter is not a time.").
			WithParameter(fault.InQuery, name, "%s", why)
	}
	return &at, nil
}

// TimeMember is like [TimeParam] for a member of a body, which is nil if it is absent. Its error is
// invalid_field with the member's pointer.
func TimeMember(pointer string, text *string) (*time.Time, error) {
	if text == nil {
		return nil, nil //nolint:nilnil // absent, for which no time stands
	}
	at, why := parseTime(*text)
	if why != "" {
		return nil, fault.New(fault.CodeInvalidField, "A member of the body is not a time.").
			WithField(pointer, "%s", why)
	}
	return &at, nil
}

// parseTime returns the time in UTC, or why the text is none.
func parseTime(text string) (at time.Time, why string) {
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || !rfc3339().MatchString(text) {
		return time.Time{}, "must be a time as RFC 3339, such as 2026-11-20T08:16:00Z"
	}
	at = at.UTC()
	if !storable(at) {
		return time.Time{}, "must be in the years 0001 to 9999, in UTC"
	}
	return at, ""
}

// EnumParam returns the query parameter, which must be one of the values, or the first value if it
// is absent.
func EnumParam(r *http.Request, name string, values ...string) (string, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return values[0], nil
	}
	for _, v := range values {
		if text == v {
			return v, nil
		}
	}
	return "", fault.New(fault.CodeInvalidParameter, "A query parameter is out of range.").
		WithParameter(fault.InQuery, name, "must be one of %s", strings.Trim(strings.Join(values, ", "), ", "))
}
