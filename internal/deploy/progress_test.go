package deploy

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/deploy/gcp"
)

// hook is a line of Terraform's about a resource.
func hook(event, kind, name, action string, elapsed int) string {
	const line = `{"type":%q,"hook":{"resource":{"addr":"%s.%s","resource_type":%q},"action":%q,"elapsed_seconds":%d}}`
	return fmt.Sprintf(line, event, kind, name, kind, action, elapsed)
}

func TestProgress(t *testing.T) {
	t.Parallel()
	const function, topic, grant = "google_cloudfunctions2_function", "google_pubsub_topic", "google_project_iam_member"
	plan := summary{
		creates: []change{{kind: function}, {kind: function}, {kind: topic}}, replaces: []change{{kind: topic}},
		destroys: []change{{kind: grant}},
	}
	said := []string{
		`{"type":"version","@message":"Terraform 1.11.4"}`,
		hook("apply_start", function, "a", "create", 0),
		hook("apply_start", function, "b", "create", 0),
		hook("apply_start", topic, "c", "create", 0),
		hook("apply_progress", function, "a", "create", 10),
		"+40",
		hook("apply_progress", function, "a", "create", 40),
		hook("apply_progress", function, "b", "create", 40),
		hook("apply_complete", function, "a", "create", 41),
		hook("apply_complete", topic, "c", "create", 41),
		hook("apply_complete", topic, "d", "delete", 1),
		hook("apply_complete", topic, "d", "create", 1),
		hook("apply_complete", "google_project", "data", "read", 0),
		`{"type":"diagnostic","diagnostic":{"severity":"warning","summary":"Old","address":"e.f"}}`,
		hook("apply_errored", function, "b", "create", 50),
		`{"type":"diagnostic","diagnostic":{"severity":"error","summary":"No","detail":"Quota.","address":"d.e"}}`,
		`{"type":"diagnostic","diagnostic":{"severity":"error","summary":"No","detail":"Quota.","address":"d.e"}}`,
		`not JSON`,
	}
	for name, tt := range map[string]struct {
		verbose bool
		want    string
	}{
		"by groups": {false, `  [  0/6] still running: 2 of functions for 40 s, 1 of topics for 40 s
  [  4/6] topics      2 created, 1 destroyed (40 s)
  warning: e.f Old
  [  4/6] FAILED google_cloudfunctions2_function.b
  [  4/6] functions   1 created, 1 not (40 s)
`},
		"each resource": {true, `  [  0/6] still running: 2 of functions for 40 s, 1 of topics for 40 s
  [  1/6] created   google_cloudfunctions2_function.a (41 s)
  [  2/6] created   google_pubsub_topic.c (41 s)
  [  3/6] destroyed google_pubsub_topic.d (1 s)
  [  4/6] created   google_pubsub_topic.d (1 s)
  warning: e.f Old
  [  4/6] FAILED google_cloudfunctions2_function.b
`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			clock := new(gcp.Leaps)
			c := &cloud{progress: &out, clock: clock, options: options{verbose: tt.verbose}}
			p := c.newProgress(plan)
			w := p.writer()
			for _, line := range said {
				if line == "+40" {
					_ = clock.Sleep(t.Context(), 40*time.Second)
					continue
				}
				for line += "\n"; line != ""; { // pipes cut where they like
					n := min(7, len(line))
					fmt.Fprint(w, line[:n])
					line = line[n:]
				}
			}
			p.end()
			if diff := cmp.Diff(tt.want, out.String()); diff != "" {
				t.Error(diff)
			}
			cause := errors.New("exit status 1")
			if err := p.wrap("apply", cause); !errors.Is(err, cause) || strings.Count(err.Error(), "No\nQuota.\n  at d.e") != 1 {
				t.Errorf("err = %v", err)
			}
			if err := p.wrap("apply", nil); err != nil {
				t.Errorf("err = %v where all went well", err)
			}
		})
	}
}

func TestFailure_tellsNoAddressWhereThereIsNone(t *testing.T) {
	t.Parallel()
	p := &progress{faults: []trouble{{text: "Invalid value for variable"}}}
	const want = "terraform plan: exit status 1\n\nInvalid value for variable"
	if got := p.wrap("terraform plan", errors.New("exit status 1")).Error(); got != want {
		t.Errorf("%q", got)
	}
}

func TestGroupOf(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]string{
		"google_cloudfunctions2_function":       "functions",
		"google_cloud_run_service_iam_member":   "grants",
		"google_pubsub_subscription":            "topics",
		"google_firestore_index":                "indexes",
		"google_firestore_database":             "database",
		"google_storage_bucket_object":          "sources",
		"google_storage_bucket":                 "buckets",
		"google_monitoring_alert_policy":        "monitoring",
		"google_billing_budget":                 "the rest",
		"google_compute_global_forwarding_rule": "edge",
	} {
		if got := groupOf(kind); got != want {
			t.Errorf("%s is told with %q, want %q", kind, got, want)
		}
	}
}
