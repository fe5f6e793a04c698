package cost

import (
	"strings"
	"testing"
)

func TestPrintScans(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if _, err := printScans(&out); err != nil {
		t.Fatal(err)
	}
	uses, err := uses()
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range uses {
		if u.number <= 0 || u.price <= 0 || u.why == "" || !strings.Contains(u.page, "google.com/") {
			t.Errorf("%+v lacks something", u)
		}
		if !strings.Contains(out.String(), u.what) {
			t.Errorf("%s is not told", u.what)
		}
	}
	if !strings.Contains(out.String(), "vCPU seconds                         3100.0    0.0000240000    0.0744") {
		t.Error(out.String())
	}
}
