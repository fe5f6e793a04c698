package boot

import "net/http"

// answer notes the status of what is answered.
type answer struct {
	http.ResponseWriter
	status int // that of the final answer; 0 if there was none, as after a panic
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
	return a.ResponseWriter.Write(data)
}

// returned notes the answer that net/http gives if the handler has given none.
func (a *answer) returned() {
	if a.status == 0 {
		a.status = http.StatusOK
	}
}

// Unwrap is for http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
