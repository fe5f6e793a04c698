package deploy

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/event"
)

func TestGenerated_isWhatIsWritten(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	files, err := generated(root)
	if err != nil {
		t.Fatal(err)
	}
	for file, want := range files {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			written, err := os.ReadFile(filepath.Join(root, file))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(written)); diff != "" {
				t.Errorf("it is stale; go generate ./internal/catalog writes it anew:\n%s", diff)
			}
		})
	}
}

func TestWithPart(t *testing.T) {
	t.Parallel()
	const begin, end = "<!-- The x is written by go generate ./internal/catalog. -->\n", "<!-- End of the x. -->\n"
	for name, tt := range map[string]struct {
		old, want string
	}{
		"between the marks":     {"a\n" + begin + "old\n" + end + "b\n", "a\n" + begin + "new\n" + end + "b\n"},
		"without an end":        {"a\n" + begin + "old\n", ""},
		"without marks":         {"a\n", ""},
		"with another's marks":  {strings.ReplaceAll(begin+end, " x ", " y "), ""},
		"with its marks turned": {end + begin, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			if err := os.WriteFile(filepath.Join(root, "f.md"), []byte(tt.old), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := withParts(root, "f.md", part{"x", "new\n"})
			if string(got) != tt.want || (err == nil) != (tt.want != "") {
				t.Errorf("withPart = %q, %v, want %q", got, err, tt.want)
			}
		})
	}
}

func TestDiagram(t *testing.T) {
	t.Parallel()
	drawn := diagram()
	for _, f := range catalog.Functions() {
		if !strings.Contains(drawn, "--> "+node(f)+"\n") {
			t.Errorf("nothing leads to %s", f.Name)
		}
	}
	for _, topic := range catalog.Topics() {
		if topic != catalog.DeadLetterTopic && !strings.Contains(drawn, "--> "+topicNode(topic)+"\n") {
			t.Errorf("nothing leads to the topic %s", topic)
		}
	}
}

func TestCatalogJSON(t *testing.T) {
	t.Parallel()
	text, err := catalogJSON()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "null") {
		t.Error("there is a null in it, over which Terraform cannot loop")
	}
	var d document
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	if len(d.Functions) != len(catalog.Functions()) {
		t.Errorf("%d functions of %d", len(d.Functions), len(catalog.Functions()))
	}
	if d.Fallback != "health" || d.Sweep.Schedule != "* * * * *" || d.Sweep.Topic != "sweep-requested-v1" {
		t.Errorf("fallback %q, sweep %+v", d.Fallback, d.Sweep)
	}
	for _, s := range d.Subscriptions {
		if f, ok := d.Functions[s.Function]; !ok || f.TimeoutSeconds > s.AckDeadlineSeconds || s.MaxAttempts < 5 {
			t.Errorf("subscription %+v of %+v", s, f)
		}
	}
	e, err := event.Decode([]byte(d.Sweep.Message))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := event.As[event.SweepRequestedV1](e); err != nil {
		t.Error(err)
	}
}

func TestEveryMinutes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		period time.Duration
		want   string
	}{
		{time.Minute, "* * * * *"}, {15 * time.Minute, "*/15 * * * *"},
		{30 * time.Second, ""}, {7 * time.Minute, ""}, {0, ""}, {2 * time.Hour, ""},
	} {
		t.Run(tt.period.String(), func(t *testing.T) {
			t.Parallel()
			got, err := everyMinutes(tt.period)
			if got != tt.want || (err == nil) != (tt.want != "") {
				t.Errorf("everyMinutes = %q, %v, want %q", got, err, tt.want)
			}
		})
	}
}
