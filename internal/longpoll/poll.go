package longpoll

import (
	"net/http"
	"strconv"
	"time"

	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
)

const (
	// maxWait is the longest long poll, in seconds.
	maxWait = 25
	// brief is the longest wait after which the account is not looked at again: as long as it may take
	// to answer any other request that was under way when the sign-in ended.
	brief = time.Second
	// pause is when a client that does not wait asks again, of seconds or more.
	pause = time.Second
)

// Query adds the query parameters of [Poll.Answer].
func Query(route *httpapi.Route) { httpapi.Query("wait", "since")(route) }

// ComeAgain sets Retry-After unless the document is settled, so that a client knows that there is
// more to come. One that waits by long poll needs no pause.
func ComeAgain[T Document](w http.ResponseWriter, known T) {
	if !known.Settled() {
		httpapi.ComeAgain(w, pause)
	}
}

// Seconds returns the query parameter "wait": how long the client is willing to wait.
func Seconds(r *http.Request) (int, error) { return httpapi.IntParam(r, "wait", 0, 0, maxWait) }

// Poll answers the long polls of a route.
type Poll[T Document] struct {
	Watcher *Watcher[T]
	// Owned reads the document that the request is for, which must be the caller's, and the caller's
	// account, which must be in use.
	Owned func(*http.Request) (T, error)
	// Admit refuses a caller whose account is not in use.
	Admit func(*http.Request) error
	// Now is the clock.
	Now func() time.Time
}

// Answer returns the document as soon as its version is above "since" (by default the present one)
// or it is settled, at the latest after "wait" seconds and then as it is. The path has its "id".
//
// A wait is long enough for the sign-in to be ended meanwhile, or the account. So the account is
// looked at again before the answer of a request that did not wait briefly. If the wait has brought
// nothing the document is read as well: a listener whose connection is dead reports nothing, and
// serves one request after the other.
func (p *Poll[T]) Answer(r *http.Request) (T, error) {
	var none T
	wait, err := Seconds(r)
	if err != nil {
		return none, err
	}
	since, err := sinceParam(r)
	if err != nil {
		return none, err
	}
	current, err := p.present(r, wait, since)
	if err != nil {
		return none, err
	}
	began, seen := p.Now(), orElse(since, current.CurrentVersion())
	latest, waited, err := p.Watcher.WaitFor(r.Context(), current, seen, wait)
	if err != nil || !waited || p.Now().Sub(began) < brief {
		return latest, err
	}
	if latest.CurrentVersion() > seen {
		return latest, p.Admit(r)
	}
	read, err := p.Owned(r)
	if err != nil || read.CurrentVersion() < latest.CurrentVersion() {
		return latest, err
	}
	return read, nil
}

// present returns the document as it is. What the listener last reported serves a client that waits
// for what comes after that, or before.
func (p *Poll[T]) present(r *http.Request, wait int, since *int64) (T, error) {
	current, known := p.Watcher.Known(r.PathValue("id"))
	mine := known && current.Owner() == httpapi.Caller(r.Context()).UID
	if mine && wait > 0 && since != nil && *since <= current.CurrentVersion() {
		return current, p.Admit(r)
	}
	return p.Owned(r)
}

func orElse(since *int64, present int64) int64 {
	if since == nil {
		return present
	}
	return *since
}

// sinceParam returns the revision that the client knows, nil if it names none.
func sinceParam(r *http.Request) (*int64, error) {
	text := r.URL.Query().Get("since")
	if text == "" {
		return nil, nil
	}
	since, err := strconv.ParseInt(text, 10, 64)
	if err != nil || text[0] == '+' || since < 0 {
		return nil, fault.New(fault.CodeInvalidParameter, "A query parameter is out of range.").
			WithParameter(fault.InQuery, "since", "must be a revision")
	}
	return &since, nil
}
