package web_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/web"
)

func TestProblemRoutes(t *testing.T) {
	t.Parallel()
	api := httpapi.New(httpapi.Options{})
	new(web.Pages).ProblemRoutes(api)
	open := func(t *testing.T, path string) *httptest.ResponseRecorder {
		t.Helper()
		answer := httptest.NewRecorder()
		api.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		return answer
	}
	for _, e := range fault.Entries() {
		t.Run(string(e.Code), func(t *testing.T) {
			t.Parallel()
			answer := open(t, "/problems/"+string(e.Code)+"?utm_source=log")
			page := answer.Body.String()
			code, status := "<code>"+string(e.Code)+"</code>", strconv.Itoa(e.Kind.Status())
			for _, part := range []string{code, status, string(e.Repeat)} {
				if answer.Code != http.StatusOK || !strings.Contains(page, part) {
					t.Errorf("%d without %q: %s", answer.Code, part, page)
				}
			}
			if strings.Contains(page, "`") {
				t.Errorf("the page shows a backquote: %s", page)
			}
		})
	}
	for _, none := range []fault.Code{"nothing", fault.CodeEventMalformed} {
		if answer := open(t, "/problems/"+string(none)); answer.Code != http.StatusNotFound {
			t.Errorf("%s: %d, want 404", none, answer.Code)
		}
	}
}
