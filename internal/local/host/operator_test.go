package host

import (
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"
)

// A shell that evaluates the answer has the values, whatever is in them.
func TestOperator(t *testing.T) {
	for i, name := range operatorVariables() {
		t.Setenv(name, strings.Repeat("it's $(false) ", i+1))
	}
	w := httptest.NewRecorder()
	new(Host).getOperator(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, operatorPath, nil))
	for i, name := range operatorVariables() {
		cmd := exec.CommandContext(t.Context(), "sh", "-c", w.Body.String()+`printf %s "$`+name+`"`)
		cmd.Env = []string{}
		got, err := cmd.Output()
		if want := strings.Repeat("it's $(false) ", i+1); err != nil || string(got) != want {
			t.Errorf("%s is %q, want %q: %v", name, got, want, err)
		}
	}
}
