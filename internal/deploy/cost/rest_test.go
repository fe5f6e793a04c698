package cost

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	tfjson "github.com/hashicorp/terraform-json"
)

func TestCostAtRest(t *testing.T) {
	t.Parallel()
	const secrets = 7
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
	rows := AtRest(&tfjson.Plan{PlannedValues: &tfjson.StateValues{RootModule: &tfjson.StateModule{
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
	}}}, secrets)
	got := map[string]float64{}
	for _, r := range rows {
		got[r.What] = float64(int(r.Month*100+0.5)) / 100
	}
	want := map[string]float64{
		"load balancer's forwarding rules": 18.25, // 0.025 * 730
		"Cloud Armor policies":             5,
		"Cloud Armor rules":                3,
		"instances kept warm":              19.71, // 2 * 2,628,000 s * 0.0000025 * (1 + 0.5)
		"versions of secrets":              0.06 * secrets,
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
	Print(&out, rows)
	if !strings.Contains(
		out.String(), fmt.Sprintf("%.2f", 48.31+0.06*secrets),
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

func TestRuns(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]bool{
		"google_cloudfunctions2_function": true, "google_service_account": false,
	} {
		plan := &tfjson.Plan{PlannedValues: &tfjson.StateValues{RootModule: &tfjson.StateModule{
			ChildModules: []*tfjson.StateModule{{Resources: []*tfjson.StateResource{{Type: kind}}}},
		}}}
		if got := Runs(plan); got != want {
			t.Errorf("with a %s: %t", kind, got)
		}
	}
}
