package host

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/local/address"
)

func TestAdmittedOrigins(t *testing.T) {
	fixed := address.Place{Ports: address.PortsFrom(8080)}
	for name, tt := range map[string]struct {
		place address.Place
		set   string
		want  []string
	}{
		"none are set": {address.Place{}, "", address.Place{}.Origins()},
		"two are set":  {address.Place{}, "http://a.test,http://b.test", []string{"http://a.test", "http://b.test"}},
		"one is set, and the console has its port": {
			fixed, "http://a.test", []string{"http://a.test", "http://127.0.0.1:8095"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, admittedOrigins(tt.place, tt.set)); diff != "" {
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
