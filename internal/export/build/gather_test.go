package build

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/schema"
)

func TestTimesThatAreNotKnownYetAreNull(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	got := map[string]any{
		"settledAt": time.Time{}, "createdAt": now, "photos": int64(2),
		"looks": []any{map[string]any{"finishedAt": time.Time{}}},
	}
	withoutZeroTimes(got)
	want := map[string]any{
		"settledAt": nil, "createdAt": now, "photos": int64(2), "looks": []any{map[string]any{"finishedAt": nil}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestReadme_explainsEveryFile(t *testing.T) {
	t.Parallel()
	readme := explained()
	for _, c := range schema.Collections {
		file := c.Name + ".json"
		if c.Name == "users" {
			file = "profile.json"
		}
		if said := strings.Contains(readme, "\n"+file+" "); said == (c.Withheld != "") {
			t.Errorf("collection %q: README.txt explains %s: %t", c.Name, file, said)
		}
	}
}
