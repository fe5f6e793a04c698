package deploy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-exec/tfexec"

	"github.com/facescan/facescan/internal/deploy/gcp"
	"github.com/facescan/facescan/internal/deploy/settings"
)

func of(kind, name string) change { return change{address: kind + "." + name, kind: kind} }

func TestWithin(t *testing.T) {
	t.Parallel()
	topic, function, alert := of("google_pubsub_topic", "a"), of("google_cloudfunctions2_function", "f"), of("alert", "x")
	unfinished := function
	unfinished.tainted = true
	agreed := summary{creates: []change{topic, function}, updates: []change{alert}}
	for name, tt := range map[string]struct {
		agreed, plan summary
		want         string
	}{
		"the rest":                      {agreed, summary{creates: []change{topic}}, ""},
		"nothing":                       {agreed, summary{}, ""},
		"all of it again":               {agreed, agreed, ""},
		"what was made and not quite":   {agreed, summary{updates: []change{topic}}, ""},
		"what was made and not built":   {agreed, summary{replaces: []change{unfinished}}, ""},
		"one more":                      {agreed, summary{creates: []change{of("google_pubsub_topic", "b")}}, "also changes"},
		"a change that was not asked":   {agreed, summary{updates: []change{of("bucket", "b")}}, "also changes"},
		"a replacement, not unfinished": {agreed, summary{replaces: []change{function}}, "replaces"},
		"an unfinished one of before": {
			summary{updates: []change{function}}, summary{replaces: []change{unfinished}}, "replaces",
		},
		"a loss":                    {agreed, summary{destroys: []change{topic}}, "destroys"},
		"a loss that was agreed to": {summary{destroys: []change{topic}}, summary{destroys: []change{topic}}, ""},
		"half a replacement":        {summary{replaces: []change{topic}}, summary{creates: []change{topic}}, ""},
		"what is there and was not": {agreed, summary{imports: []change{of("bucket", "b")}}, "also changes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := tt.plan.within(tt.agreed)
			if (err == nil) != (tt.want == "") || err != nil &&
				(!errors.Is(err, errBeyond) || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("err = %v, want %q in it", err, tt.want)
			}
		})
	}
}

// scripted is a terraform whose plans and applies a folder scripts: plan N is what `show` tells
// after the Nth `plan`, and apply N what the Nth `apply` says. It notes the variables of plans.
const scripted = `#!/bin/sh
next() { n=$(cat "$SCRIPT/$1.n" 2>/dev/null || echo 0); n=$((n+1)); echo $n > "$SCRIPT/$1.n"; }
case "$1" in
version) echo '{"terraform_version":"1.11.4","provider_selections":{}}' ;;
output) cat "$SCRIPT/output" ;;
init) ;;
plan)
	next plan
	for word in "$@"; do case "$word" in
		-out=*) cp "$SCRIPT/plan.$n" "${word#-out=}" ;;
		*alerts_enabled=*|existing=*) echo "plan $n $word" >> "$SCRIPT/note" ;;
	esac; done
	echo '{}' ;;
show) for last; do :; done; if [ -f "$last" ]; then cat "$last"; else cat "$SCRIPT/state"; fi ;;
state) echo "$@" >> "$SCRIPT/note"; for last; do :; done; echo "state push $last" >> "$SCRIPT/note" ;;
apply)
	next apply
	echo "apply $n" >> "$SCRIPT/note"
	cat "$SCRIPT/apply.$n"
	grep -q '"severity":"error"' "$SCRIPT/apply.$n" && exit 1
	exit 0 ;;
esac
`

// planOf is a plan in Terraform's JSON, which does the action to each address.
func planOf(action string, addresses ...string) string {
	var changes []any
	for _, address := range addresses {
		kind, _, _ := strings.Cut(address, ".")
		c := map[string]any{"address": address, "mode": "managed", "type": kind, "change": map[string]any{
			"actions": strings.Split(action, "+"),
		}}
		if action == "delete+create" {
			c["action_reason"] = "replace_because_tainted"
		}
		changes = append(changes, c)
	}
	text, _ := json.Marshal(map[string]any{"format_version": "1.2", "resource_changes": changes})
	return string(text)
}

func refusal(text string) string {
	return fmt.Sprintf(`{"type":"diagnostic","diagnostic":{"severity":"error","summary":%q,"address":"a.b"}}`, text)
}

const (
	tooNew    = "Error 404: Cannot find metric(s) that match type"
	noGrant   = "Access to bucket gcf-v2-sources-1-europe-west1 denied."
	forbidden = "One or more users named in the policy do not belong to a permitted customer"
	metric    = "google_logging_metric.a"
	alertA    = "google_monitoring_alert_policy.a"
	function  = "google_cloudfunctions2_function.f"
)

func TestApplyPhases(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		plans, applies []string
		want           []string // what Terraform was called with
		slept          time.Duration
		err            string
	}{
		"at once, where no metric is new": {
			[]string{planOf("create", function)}, []string{"{}"}, []string{"plan 1 existing", "apply 1"}, 0, "",
		},
		"in two phases, where alerts read new metrics": {
			[]string{
				planOf("create", metric, alertA, function), planOf("create", metric, function), planOf("create", alertA),
			},
			[]string{"{}", "{}"},
			[]string{
				"plan 1 existing", "plan 2 existing", "plan 2 log_alerts_enabled=false", "apply 1", "plan 3 existing", "apply 2",
			},
			10 * time.Minute, "",
		},
		"at once, where older alerts would go with the first phase": {
			[]string{planOf("create", metric, alertA), planOf("delete", alertA), planOf("create", alertA)},
			[]string{refusal(tooNew), "{}"},
			[]string{
				"plan 1 existing", "plan 2 existing", "plan 2 log_alerts_enabled=false", "apply 1", "plan 3 existing", "apply 2",
			},
			10 * time.Minute, "",
		},
		"again after growing waits, with a function replaced that was not built": {
			[]string{planOf("create", function), planOf("delete+create", function), planOf("delete+create", function)},
			[]string{refusal(noGrant), refusal(noGrant), "{}"},
			[]string{"plan 1 existing", "apply 1", "plan 2 existing", "apply 2", "plan 3 existing", "apply 3"},
			3 * time.Minute, "",
		},
		"never again, for what waiting does not mend": {
			[]string{planOf("create", function)}, []string{refusal(forbidden)}, []string{"plan 1 existing", "apply 1"}, 0,
			"permitted customer",
		},
		"no further than was agreed": {
			[]string{planOf("create", function), planOf("create", "google_storage_bucket.other")},
			[]string{refusal(noGrant)}, []string{"plan 1 existing", "apply 1", "plan 2 existing"}, time.Minute,
			"beyond what you agreed to",
		},
		"no more often than it says": {
			[]string{
				planOf("create", function), planOf("create", function), planOf("create", function), planOf("create", function),
				planOf("create", function),
			},
			[]string{refusal(noGrant), refusal(noGrant), refusal(noGrant), refusal(noGrant), refusal(noGrant)},
			[]string{
				"plan 1 existing", "apply 1", "plan 2 existing", "apply 2", "plan 3 existing", "apply 3",
				"plan 4 existing", "apply 4", "plan 5 existing", "apply 5",
			},
			10 * time.Minute, "gcf-v2-sources",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, tf, script := scriptedCloud(t, tt.plans, tt.applies)
			clock := new(gcp.Leaps)
			c.clock = clock
			whole, err := c.planAs(t.Context(), tf, "")
			if err != nil {
				t.Fatal(err)
			}
			err = c.applyPhases(t.Context(), whole)
			if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("err = %v, want %q in it", err, tt.err)
			}
			if diff := cmp.Diff(tt.want, notes(t, script)); diff != "" {
				t.Error(diff)
			}
			if got := clock.Leaped(); got != tt.slept {
				t.Errorf("slept %s, want %s", got, tt.slept)
			}
		})
	}
}

// notes are what the scripted terraform noted, without what does not differ.
func notes(t *testing.T, script string) []string {
	t.Helper()
	var all []string
	for line := range strings.Lines(string(read(t, filepath.Join(script, "note")))) {
		line = strings.TrimSpace(line)
		if before, _, is := strings.Cut(line, "="); is && strings.HasSuffix(before, "existing") {
			line = before
		}
		all = append(all, line)
	}
	return all
}

// scriptedCloud is a cloud that has nothing yet, whose Terraform does as it is told.
func scriptedCloud(t *testing.T, plans, applies []string) (c *cloud, tf *tfexec.Terraform, script string) {
	t.Helper()
	c, _, _ = cloudOf(t, answers{})
	script = t.TempDir()
	files := map[string]string{"terraform": scripted, "output": "{}"}
	for i, plan := range plans {
		files[fmt.Sprintf("plan.%d", i+1)] = plan
	}
	for i, apply := range applies {
		files[fmt.Sprintf("apply.%d", i+1)] = apply + "\n"
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(script, name), []byte(content), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	tf, err := tfexec.NewTerraform(script, filepath.Join(script, "terraform"))
	if err != nil {
		t.Fatal(err)
	}
	if err := tf.SetEnv(map[string]string{"SCRIPT": script, "PATH": os.Getenv("PATH")}); err != nil {
		t.Fatal(err)
	}
	c.yes = true
	c.declared = settings.Variables{existingVariable: {}, logAlertsVariable: {}}
	return c, tf, script
}

func TestExisting(t *testing.T) {
	t.Parallel()
	const (
		identity = "GET /identity/projects/facescan-dev/config"
		rules    = "GET /rules/projects/facescan-dev/releases/cloud.firestore"
		database = "GET /firestore/projects/facescan-dev/databases/(default)"
	)
	there := map[string]any{}
	for name, tt := range map[string]struct {
		all  answers
		want []string
		err  bool
	}{
		"a new project": {answers{}, nil, false},
		"all of it": {
			answers{identity: there, rules: there, database: there}, []string{"identity", "rules", "database"}, false,
		},
		"what a destroy leaves":                         {answers{identity: there}, []string{"identity"}, false},
		"one that may not be asked, which is no answer": {answers{rules: 403}, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _, _ := cloudOf(t, tt.all)
			got, err := c.existing(t.Context())
			if diff := cmp.Diff(tt.want, got); diff != "" || (err != nil) != tt.err {
				t.Errorf("%v\n%s", err, diff)
			}
		})
	}
}

// It replaces the package's resolver, so it does not run beside others.
func TestAlertsWanted(t *testing.T) {
	before := lookup
	t.Cleanup(func() { lookup = before })
	for name, tt := range map[string]struct {
		outputs map[string]string
		points  bool
		files   string
		want    bool
	}{
		"nothing was applied yet":       {nil, false, "", false},
		"the domain points nowhere yet": {map[string]string{"api_address": "192.0.2.1"}, false, "", false},
		"the domain points at us":       {map[string]string{"api_address": "192.0.2.1"}, true, "", true},
		"they were on, and the domain is gone": {
			map[string]string{"api_address": "192.0.2.1", "alerts_enabled": "true"}, false, "", true,
		},
		"they were off": {
			map[string]string{"api_address": "192.0.2.1", "alerts_enabled": "false"}, false, "", false,
		},
		"Terraform sets the record": {nil, false, `dns_zone = "zone"`, true},
		"there is no edge":          {nil, false, `edge_enabled = false`, true},
	} {
		t.Run(name, func(t *testing.T) {
			lookup = func(context.Context, string) ([]string, error) {
				if tt.points {
					return []string{"192.0.2.1"}, nil
				}
				return nil, errors.New("no such host")
			}
			file := filepath.Join(t.TempDir(), "a.tfvars")
			if err := os.WriteFile(file, []byte(tt.files), 0o600); err != nil {
				t.Fatal(err)
			}
			values, err := settings.Read(file)
			if err != nil {
				t.Fatal(err)
			}
			c := &cloud{values: values}
			if got := c.alertsWanted(t.Context(), tt.outputs); got != tt.want {
				t.Errorf("alerts are wanted: %t", got)
			}
		})
	}
}
