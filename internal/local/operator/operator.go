// Package operator serves what the console shows an operator of the local stack: the requests and
// events on their way, logs, what was sent, faults, what was given up, documents and counts.
//
// Its routes belong to the private port, which answers this machine alone. A POST must be JSON, a
// type that no page of another origin can send without asking first, and nothing here allows it.
// Production has no part in it.
//
//   - operator.go has the routes, and how they read and answer.
//   - flow.go has the picture of the system, and watch.go what passes through it.
//   - logs.go keeps the last lines of the functions' logs.
//   - sent.go lists mails and pushes, and faults.go what fails on purpose.
//   - stuck.go has parked events and dead letters, and tools.go what works on them.
//   - documents.go tells of users, of what the stores must not hold, and of counts.
package operator

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/faults"
	"github.com/facescan/facescan/internal/local/waterfall"
)

// Path begins the paths of all routes.
const Path = "/operator/"

// maxBody bounds what is posted, in bytes.
const maxBody = 16 << 10

// Stack is what the desk looks at. What it asks of the emulators, it finds by the environment, as
// all clients do.
type Stack struct {
	// Project, Uploads and Results are the names of the project and of its buckets.
	Project, Uploads, Results string
	// Firestore is the host:port of the emulator itself, where no look is counted.
	Firestore string
	// Now is the clock of the functions.
	Now func() time.Time
	// Traces are nil if the stack keeps none.
	Traces *waterfall.Ring
	Mails  func() []emulator.Mail
	Pushes func() []emulator.Push
	Faults *faults.Injector
	// PIDs are the processes of the functions, this one if there are none.
	PIDs func() []int
}

// Desk is where an operator looks at a stack. It is there before the stack is, which it listens to
// from the beginning. It is safe for concurrent use.
type Desk struct {
	logs  ring[Line]
	moves ring[Move]
	stack Stack
}

// New returns the desk of a stack.
func New() *Desk { return &Desk{logs: ring[Line]{size: keptLines}, moves: ring[Move]{size: keptMoves}} }

// Routes adds the routes to the private port. It is called once, before anything is served.
func (d *Desk) Routes(mux *http.ServeMux, of Stack) {
	d.stack = of
	for pattern, answer := range map[string]func(*http.Request) (any, error){
		"GET " + Path + "picture":       func(*http.Request) (any, error) { return picture(), nil },
		"GET " + Path + "moves":         d.newMoves,
		"GET " + Path + "logs":          d.searchLogs,
		"GET " + Path + "sent":          d.sent,
		"GET " + Path + "faults":        d.faults,
		"POST " + Path + "faults":       d.setFaults,
		"GET " + Path + "parked":        d.parked,
		"POST " + Path + "parked":       d.redriveParked,
		"GET " + Path + "dead":          d.dead,
		"POST " + Path + "dead":         d.settleDead,
		"GET " + Path + "users":         d.users,
		"GET " + Path + "users/{uid}":   d.story,
		"POST " + Path + "verification": d.verify,
		"GET " + Path + "counts":        d.counts,
	} {
		mux.Handle(pattern, handler(answer))
	}
}

// refusal is an error whose text is the caller's to read.
type refusal struct {
	status int
	text   string
}

// Error implements error.
func (r refusal) Error() string { return r.text }

// handler answers with JSON: with what answer returns, or with its error.
func handler(answer func(*http.Request) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); r.Method == http.MethodPost &&
			(err != nil || kind != "application/json") {
			write(w, http.StatusUnsupportedMediaType, problem{"not_json", "Send application/json."})
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		told, err := answer(r)
		var refused refusal
		switch {
		case errors.As(err, &refused):
			write(w, refused.status, problem{"operator_refused", refused.text})
		case err != nil:
			write(w, http.StatusInternalServerError, problem{"operator_failed", err.Error()})
		default:
			write(w, http.StatusOK, told)
		}
	})
}

// problem is an error as the console's calls read it.
type problem struct {
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

func write(w http.ResponseWriter, status int, told any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(told) // a reader who is gone misses nothing
}

// read reads the body into a T.
func read[T any](r *http.Request) (T, error) {
	var in T
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&in)
	if err == nil {
		if _, more := decoder.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("there is more than one value")
		}
	}
	if err != nil {
		return in, refusal{http.StatusBadRequest, fmt.Sprintf("The body cannot be read: %v.", err)}
	}
	return in, nil
}
