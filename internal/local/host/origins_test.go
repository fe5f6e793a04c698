package host

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/local/address"
)

func TestAdmittedOrigins(t *testing.T) {
	place := address.Place{}
	for name, tt := range map[string]struct {
		set  string
		want []string
	}{
		"none are set": {"", place.Origins()},
		"two are set":  {"http://a.test,http://b.test", []string{"http://a.test", "http://b.test"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, admittedOrigins(place, tt.set)); diff != "" {
				t.Errorf("origins (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("what a stack sets is not the user's", func(t *testing.T) {
		before := userOrigins()
		t.Setenv(variableOrigins, os.Getenv(variableOrigins)+",http://stack.test")
		if got := userOrigins(); got != before {
			t.Errorf("%q, and then %q", before, got)
		}
	})
}
