package rate_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/rate"
)

func TestHeaders(t *testing.T) {
	t.Parallel()
	hourly := rate.Rate{Name: "hourly", Max: 60, Window: time.Hour, Left: 59, Reset: 90*time.Second + 1}
	daily := rate.Rate{Name: "daily", Max: 200, Window: 24 * time.Hour, Left: 0, Reset: time.Hour}
	for name, tt := range map[string]struct {
		rates        []rate.Rate
		policy, left string
	}{
		"none": {nil, "", ""},
		"one":  {[]rate.Rate{hourly}, `"hourly";q=60;w=3600`, `"hourly";r=59;t=91`},
		"two, one of them reported again": {
			[]rate.Rate{{Name: "hourly", Max: 1, Window: time.Second}, daily, hourly},
			`"hourly";q=60;w=3600, "daily";q=200;w=86400`, `"hourly";r=59;t=91, "daily";r=0;t=3600`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			header := http.Header{}
			ctx := rate.With(t.Context(), header)
			for _, one := range tt.rates {
				rate.Of(ctx).Report(one)
			}
			got := []string{header.Get("RateLimit-Policy"), header.Get("RateLimit")}
			if diff := cmp.Diff([]string{tt.policy, tt.left}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("outside of a request", func(t *testing.T) {
		t.Parallel()
		rate.Of(t.Context()).Report(hourly) // must not panic
	})
}
