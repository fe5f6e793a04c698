package reached_test

import (
	"testing"

	"github.com/facescan/facescan/internal/reached"
)

func TestHostAndURL(t *testing.T) {
	t.Parallel()
	local := []string{"127.0.0.1", "localhost", "10.0.2.2", "192.168.1.20"}
	for name, tt := range map[string]struct {
		admitted []string
		asked    string
		want     string
	}{
		"a phone":                {local, "192.168.1.20:8080", "192.168.1.20"},
		"Android's emulator":     {local, "10.0.2.2:8080", "10.0.2.2"},
		"a name":                 {local, "localhost:8080", "localhost"},
		"without a port":         {local, "10.0.2.2", "10.0.2.2"},
		"an arbitrary host":      {local, "evil.example:8080", "127.0.0.1"},
		"one that ends like one": {local, "evil.localhost:8080", "127.0.0.1"},
		"an address of IPv6":     {local, "[::1]:8080", "127.0.0.1"},
		"no host":                {local, "", "127.0.0.1"},
		"in production":          {nil, "127.0.0.1:8080", "127.0.0.1"},
		"in production, no host": {nil, "", "127.0.0.1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := reached.By(t.Context(), tt.admitted, tt.asked)
			if got := reached.Host(ctx, "127.0.0.1:9199"); got != tt.want+":9199" {
				t.Errorf("host %q", got)
			}
			if got := reached.URL(ctx, "http://127.0.0.1:8080"); got != "http://"+tt.want+":8080" {
				t.Errorf("URL %q", got)
			}
			if got := reached.Host(ctx, ""); got != "" {
				t.Errorf("where the library chooses the host: %q", got)
			}
		})
	}
}
