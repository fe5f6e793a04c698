package deploy

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	tfjson "github.com/hashicorp/terraform-json"
)

func resource(address string, c *tfjson.Change) *tfjson.ResourceChange {
	kind, _, _ := strings.Cut(address, ".")
	return &tfjson.ResourceChange{Address: address, Type: kind, Mode: tfjson.ManagedResourceMode, Change: c}
}

func acts(actions ...tfjson.Action) *tfjson.Change { return &tfjson.Change{Actions: actions} }

func TestSummary(t *testing.T) {
	t.Parallel()
	changed := acts(tfjson.ActionUpdate)
	changed.Before = map[string]any{"memory": "256Mi", "name": "a", "token": "secret-before"}
	changed.After = map[string]any{"memory": "512Mi", "name": "a", "token": "secret-after"}
	changed.AfterUnknown = map[string]any{"uri": true, "name": false}
	moved := acts(tfjson.ActionDelete, tfjson.ActionCreate)
	moved.ReplacePaths = []any{[]any{"location"}, []any{"fields", 0, "order"}}
	read := resource("google_project.this", acts(tfjson.ActionRead))
	read.Mode = tfjson.DataResourceMode

	s := summarise(&tfjson.Plan{ResourceChanges: []*tfjson.ResourceChange{
		resource("google_pubsub_topic.a", acts(tfjson.ActionCreate)),
		resource("google_pubsub_topic.b", acts(tfjson.ActionCreate)),
		resource("google_cloudfunctions2_function.scan", changed),
		resource("google_storage_bucket.uploads", moved),
		resource("google_storage_bucket.source", acts(tfjson.ActionCreate, tfjson.ActionDelete)),
		resource("google_firestore_database.this", acts(tfjson.ActionDelete)),
		resource("google_monitoring_dashboard.this", acts(tfjson.ActionDelete)),
		resource("google_compute_url_map.api", acts(tfjson.ActionNoop)),
		read,
	}})
	if got := s.actions(); got != 2+1+2*2+2 {
		t.Errorf("actions = %d", got)
	}
	var lost []string
	for _, c := range s.losses() {
		lost = append(lost, c.address)
	}
	if diff := cmp.Diff([]string{"google_storage_bucket.uploads", "google_firestore_database.this"}, lost); diff != "" {
		t.Errorf("losses (-want +got):\n%s", diff)
	}
	var out strings.Builder
	s.print(&out)
	for _, want := range []string{
		"2 to create, 1 to change, 2 to replace, 2 to destroy",
		"create     2 google_pubsub_topic",
		"change   google_cloudfunctions2_function.scan: memory, token, uri",
		"REPLACE  google_storage_bucket.uploads, for a change of fields.0.order, location",
		"DESTROY  google_firestore_database.this",
		"!!!  google_firestore_database.this: every document",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, &out)
		}
	}
	if strings.Contains(out.String(), "secret-") {
		t.Errorf("it tells values:\n%s", &out)
	}
}

func TestSummaryOfTheEndCountsByKind(t *testing.T) {
	t.Parallel()
	s := summary{destroys: make([]change, manyDestroys+1)}
	for i := range s.destroys {
		s.destroys[i] = change{address: fmt.Sprintf("google_pubsub_topic.t%d", i), kind: "google_pubsub_topic"}
	}
	var out strings.Builder
	s.print(&out)
	if !strings.Contains(out.String(), "DESTROY   51 google_pubsub_topic") || strings.Count(out.String(), "DESTROY") != 1 {
		t.Error(out.String())
	}
	if strings.Count(out.String(), "!!!  ") != len(s.destroys) {
		t.Error("not every loss is told")
	}
}

func TestSummaryOfNothing(t *testing.T) {
	t.Parallel()
	s := summarise(
		&tfjson.Plan{ResourceChanges: []*tfjson.ResourceChange{resource("google_pubsub_topic.a", acts(tfjson.ActionNoop))}},
	)
	var out strings.Builder
	s.print(&out)
	if !s.empty() || !strings.Contains(out.String(), "Nothing to do") {
		t.Errorf("%+v: %s", s, &out)
	}
}

func TestCostAtRest(t *testing.T) {
	t.Parallel()
	function := func(min float64) *tfjson.StateResource {
		return &tfjson.StateResource{Type: "google_cloudfunctions2_function", AttributeValues: map[string]any{
			"service_config": []any{
				map[string]any{"min_instance_count": min, "available_memory": "512Mi", "available_cpu": "1"},
			},
		}}
	}
	of := func(kind string, values map[string]any) *tfjson.StateResource {
		return &tfjson.StateResource{Type: kind, AttributeValues: values}
	}
	rows := atRest(&tfjson.Plan{PlannedValues: &tfjson.StateValues{RootModule: &tfjson.StateModule{
		Resources: []*tfjson.StateResource{
			of("google_compute_global_forwarding_rule", nil), of("google_compute_global_forwarding_rule", nil),
			of(
				"google_compute_security_policy",
				map[string]any{"rule": []any{map[string]any{}, map[string]any{}, map[string]any{}}},
			),
			of("google_cloud_scheduler_job", nil), of("google_monitoring_uptime_check_config", nil),
			of("google_monitoring_alert_policy", map[string]any{"conditions": []any{
				map[string]any{}, map[string]any{"condition_prometheus_query_language": []any{
					map[string]any{"evaluation_interval": "60s"},
				}},
			}}),
			of("google_logging_metric", nil), of("google_logging_metric", nil),
		},
		ChildModules: []*tfjson.StateModule{{Resources: []*tfjson.StateResource{function(2), function(0)}}},
	}}})
	got := map[string]float64{}
	for _, r := range rows {
		got[r.what] = float64(int(r.month*100+0.5)) / 100
	}
	want := map[string]float64{
		"load balancer's forwarding rules": 18.25, // 0.025 * 730
		"Cloud Armor policies":             5,
		"Cloud Armor rules":                3,
		"instances kept warm":              19.71, // 2 * 2,628,000 s * 0.0000025 * (1 + 0.5)
		"versions of secrets":              0.06 * float64(len(secretNames())),
		"scheduled jobs":                   0.10,
		"conditions of alerts":             0.20,
		"sweeps":                           0.62, // 43,800 * (0.0000004 + 0.3 * 0.000024625 + 15 * 0.0000003 + 2 * 0.0000009)
		"requests of the uptime check":     1.03, // 262,800 * (0.00000115 + 0.1 * 0.000024625 + 0.0000003)
		"time series that these read":      0.14, // 3.1 * (87,600 + 43,800) * 0.00000035
		"MiB of metrics of log lines":      0.26, // 3 * 43,800 * 8 / 1,048,576 * 0.258
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	var out strings.Builder
	printCost(&out, rows)
	if !strings.Contains(
		out.String(), fmt.Sprintf("%.2f", 48.31+0.06*float64(len(secretNames()))),
	) || !strings.Contains(out.String(), "Not counted") {
		t.Error(out.String())
	}
}

func TestBalancer(t *testing.T) {
	t.Parallel()
	for rules, want := range map[float64]float64{0: 0, 1: 18.25, 5: 18.25, 7: 32.85} {
		if got := balancer(rules); got < want-0.001 || got > want+0.001 {
			t.Errorf("%v rules cost %v, want %v", rules, got, want)
		}
	}
}
