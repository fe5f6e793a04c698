package boot

import (
	"cmp"
	"io"
	"net/http"

	"github.com/facescan/facescan/internal/telemetry"
)

// answer notes the status and size of what is answered, and the size of what was asked.
type answer struct {
	http.ResponseWriter
	status int // that of the final answer; 0 if there was none, as after a panic
	out    int64
	body   *counted // nil if the request has none
}

// counted counts the bytes that are read of a body.
type counted struct {
	io.ReadCloser
	n int64
}

// Read implements io.Reader.
func (c *counted) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.n += int64(n)
	return n, err
}

// newAnswer returns an answer to the request, whose body it counts from now on.
func newAnswer(w http.ResponseWriter, r *http.Request) *answer {
	a := &answer{ResponseWriter: w}
	if r.Body != nil && r.Body != http.NoBody {
		a.body = &counted{ReadCloser: r.Body}
		r.Body = a.body
	}
	return a
}

// end returns what came of the request.
func (a *answer) end() telemetry.Answer {
	end := telemetry.Answer{Status: cmp.Or(a.status, http.StatusInternalServerError), Out: a.out}
	if a.body != nil {
		end.In = a.body.n
	}
	return end
}

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 && status >= http.StatusOK {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (a *answer) Write(data []byte) (int, error) {
	a.returned()
	n, err := a.ResponseWriter.Write(data)
	a.out += int64(n)
	return n, err
}

// returned notes the answer that net/http gives if the handler has given none.
func (a *answer) returned() {
	if a.status == 0 {
		a.status = http.StatusOK
	}
}

// Unwrap is for http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
