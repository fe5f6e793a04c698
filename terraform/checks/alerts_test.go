//go:build terraform

package checks

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	tfjson "github.com/hashicorp/terraform-json"
)

// metricTypes are Google's metrics that filters and queries name, with the resource that each is
// written for:
//
//   - run: https://docs.cloud.google.com/monitoring/api/metrics_gcp_p_z#gcp-run
//   - pubsub: https://docs.cloud.google.com/monitoring/api/metrics_gcp_p_z#gcp-pubsub
//   - loadbalancing: https://docs.cloud.google.com/monitoring/api/metrics_gcp_i_o#gcp-loadbalancing
//   - networksecurity: https://docs.cloud.google.com/monitoring/api/metrics_gcp_i_o, by that name
//   - monitoring: https://docs.cloud.google.com/monitoring/api/metrics_gcp_i_o#gcp-monitoring
//   - firestore: https://docs.cloud.google.com/monitoring/api/metrics_gcp_d_h#gcp-firestore
//
// The lists themselves were not at hand: each name was found, with its resource, in several public
// repositories that alert on it.
var metricTypes = map[string]string{
	"run.googleapis.com/container/instance_count":                        "cloud_run_revision",
	"run.googleapis.com/container/memory/utilizations":                   "cloud_run_revision",
	"pubsub.googleapis.com/subscription/num_undelivered_messages":        "pubsub_subscription",
	"pubsub.googleapis.com/subscription/oldest_unacked_message_age":      "pubsub_subscription",
	"pubsub.googleapis.com/topic/send_message_operation_count":           "pubsub_topic",
	"loadbalancing.googleapis.com/https/request_count":                   "https_lb_rule",
	"loadbalancing.googleapis.com/https/backend_latencies":               "https_lb_rule",
	"networksecurity.googleapis.com/https/request_count":                 "network_security_policy",
	"monitoring.googleapis.com/uptime_check/check_passed":                "uptime_url",
	"monitoring.googleapis.com/uptime_check/time_until_ssl_cert_expires": "uptime_url",
	"firestore.googleapis.com/document/read_ops_count":                   "firestore.googleapis.com/Database",
	"firestore.googleapis.com/document/write_ops_count":                  "firestore.googleapis.com/Database",
	"firestore.googleapis.com/document/delete_ops_count":                 "firestore.googleapis.com/Database",
	"firestore.googleapis.com/storage/backups_storage_bytes":             "firestore.googleapis.com/Database",
}

var (
	filteredMetric   = regexp.MustCompile(`metric\.type="([^"]+)"`)
	filteredResource = regexp.MustCompile(`resource\.type="([^"]+)"`)
	queriedMetric    = regexp.MustCompile(`\b([a-z]+_googleapis_com:[a-z_]+)(?:\{monitored_resource="([^"]+)")?`)
	notInPromQL      = regexp.MustCompile(`[^a-zA-Z0-9_:]`)
)

// promName is the metric's name in PromQL, see
// https://docs.cloud.google.com/monitoring/promql/promql-mapping.
func promName(metric string) string {
	return notInPromQL.ReplaceAllString(strings.Replace(metric, "/", ":", 1), "_")
}

// knownMetrics are Google's and the plan's own, each with its resource.
func knownMetrics(plan *tfjson.Plan) map[string]string {
	known := maps.Clone(metricTypes)
	for _, m := range resources(plan, "google_logging_metric") {
		resource := "cloud_run_revision"
		if m.key() == "backup_removed" {
			resource = ""
		}
		known["logging.googleapis.com/user/"+m.text("name")] = resource
	}
	for name, resource := range maps.Clone(known) {
		known[promName(name)] = resource
	}
	return known
}

// texts are all strings in the value.
func texts(value any) (all []string) {
	switch v := value.(type) {
	case string:
		return []string{v}
	case []any:
		for _, item := range v {
			all = append(all, texts(item)...)
		}
	case map[string]any:
		for _, item := range v {
			all = append(all, texts(item)...)
		}
	}
	return all
}

// named are the metrics that the resource's filters and queries name, with their resources.
func named(p planned) map[string]string {
	all := map[string]string{}
	for _, text := range texts(p.AttributeValues) {
		text = strings.ReplaceAll(text, `\"`, `"`) // a dashboard is JSON in a string
		for _, found := range queriedMetric.FindAllStringSubmatch(text, -1) {
			all[found[1]] = found[2]
		}
		types, of := filteredMetric.FindAllStringSubmatchIndex(text, -1), filteredResource.FindAllStringSubmatch(text, -1)
		for i, at := range types {
			all[text[at[2]:at[3]]] = of[min(i, len(of)-1)][1]
		}
	}
	return all
}

// A metric that is misspelt, or looked for at another resource, has no series: its alert is silent.
func TestAlerts_nameMetricsThatExist(t *testing.T) {
	each(t, func(t *testing.T, plan *tfjson.Plan) {
		known, used := knownMetrics(plan), map[string]bool{}
		watching := resources(
			plan, "google_monitoring_alert_policy", "google_monitoring_slo", "google_monitoring_dashboard",
		)
		for _, p := range watching {
			for metric, resource := range named(p) {
				want, exists := known[metric]
				if !exists || resource != want {
					t.Errorf("%s names %s of %q; known: %v, of %q", p.Address, metric, resource, exists, want)
				}
				used[promName(metric)] = true
			}
		}
		for metric := range known {
			if !used[promName(metric)] {
				t.Errorf("nothing looks at %s", metric)
			}
		}
	})
}

var playbook = regexp.MustCompile(`/terraform/playbooks/([a-z-]+\.md)$`)

func TestAlerts_haveAPlaybookEachAndNoneIsLeft(t *testing.T) {
	plan := plans["prod"](t)
	named := map[string]bool{"audit.md": true} // of bootstrap's data access logs, see modules/access/audit.tf
	for _, a := range resources(plan, "google_monitoring_alert_policy") {
		name := playbook.FindStringSubmatch(a.text("documentation.0.content"))
		if name == nil {
			t.Errorf("%s names no playbook", a.Address)
			continue
		}
		named[name[1]] = true
	}
	files, err := filepath.Glob("../playbooks/*.md")
	if err != nil {
		t.Fatal(err)
	}
	var there []string
	for _, file := range files {
		there = append(there, filepath.Base(file))
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range []string{"## Look", "## Mend", "gcloud "} {
			if !strings.Contains(string(text), part) {
				t.Errorf("%s has no %q", file, part)
			}
		}
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(named)), there); diff != "" {
		t.Errorf("playbooks (-named by alerts +there):\n%s", diff)
	}
}

// alert is what an operator sees of an alert's conditions: thresholds and how long they hold.
func alert(a planned) (all []string) {
	conditions, _ := a.at("conditions").([]any)
	for i := range conditions {
		at := fmt.Sprintf("conditions.%d.condition_threshold.0.", i)
		if a.at(at+"comparison") == nil {
			query := fmt.Sprintf("conditions.%d.condition_prometheus_query_language.0.", i)
			all = append(all, "query, "+a.text(query+"duration"))
			continue
		}
		// https://docs.cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies#MetricThreshold
		if filter := a.text(at + "filter"); len(filter) > 2048 {
			all = append(all, fmt.Sprintf("a filter of %d characters, the API takes 2048", len(filter)))
		}
		all = append(all, fmt.Sprintf("%s %v, %s", strings.TrimPrefix(a.text(at+"comparison"), "COMPARISON_"),
			a.number(at+"threshold_value"), a.text(at+"duration")))
	}
	return all
}

func TestAlerts_thresholds(t *testing.T) {
	fast, slow := []string{"GT 14.4, 0s", "GT 14.4, 0s"}, []string{"GT 6, 0s", "GT 6, 0s"}
	query, line := []string{"query, 0s"}, []string{"GT 0, 0s"}
	want := map[string][]string{
		"availability-fast": fast, "availability-slow": slow, "latency-fast": fast, "latency-slow": slow,
		"freshness-fast": {"query, 0s", "query, 0s"}, "freshness-slow": {"query, 0s", "query, 0s"},
		"analyze-silent": {"query, 120s"}, "scans-missing": {"query, 300s"}, "sweep": {"query, 120s"},
		"instances": {"query, 300s"}, "unserved": query, "notifications": query, "armor": query, "backups": query,
		"parked": line, "notifications-blocked": line, "late": line, "crashes": {"GT 0, 0s", "GT 0, 0s"},
		"dead-letters": line, "unacked": {"GT 600, 300s"}, "uptime": {"GT 1, 120s"}, "certificate": {"LT 14, 600s"},
	}
	each(t, func(t *testing.T, plan *tfjson.Plan) {
		got := map[string][]string{}
		for _, a := range resources(plan, "google_monitoring_alert_policy") {
			got[a.key()] = alert(a)
			burns := strings.HasSuffix(a.key(), "-fast") || strings.HasSuffix(a.key(), "-slow")
			if (a.text("combiner") == "AND") != burns {
				t.Errorf("%s combines its conditions by %s", a.Address, a.text("combiner"))
			}
			if a.at("enabled") != true {
				t.Errorf("%s is not enabled", a.Address)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("conditions (-want +got):\n%s", diff)
		}
	})
}

var full = regexp.MustCompile(`service_name=~"([^"]+)"\}\) > ([0-9.]+)`)

// Each function has a maximum of its own: 18 of 20 say nothing of one that has five.
func TestAlerts_fullIsNineTenthsOfEachFunctionsMost(t *testing.T) {
	each(t, func(t *testing.T, plan *tfjson.Plan) {
		want, got := map[string]float64{}, map[string]float64{}
		for _, f := range resources(plan, "google_cloudfunctions2_function") {
			if most := f.number("service_config.0.max_instance_count"); most > 1 {
				want[f.text("name")] = most * 0.9
			}
		}
		for _, found := range full.FindAllStringSubmatch(queryOf(t, plan, "instances", 0), -1) {
			for service := range strings.SplitSeq(found[1], "|") {
				least, err := strconv.ParseFloat(found[2], 64)
				if err != nil {
					t.Fatal(err)
				}
				got[service] = least
			}
		}
		if diff := cmp.Diff(want, got); diff != "" || len(want) == 0 {
			t.Errorf("instances (-want +got):\n%s", diff)
		}
	})
}

// queryOf is the PromQL of a condition.
func queryOf(t *testing.T, plan *tfjson.Plan, key string, condition int) string {
	t.Helper()
	for _, a := range resources(plan, "google_monitoring_alert_policy") {
		if a.key() == key {
			return a.text(fmt.Sprintf("conditions.%d.condition_prometheus_query_language.0.query", condition))
		}
	}
	t.Fatalf("no alert %s", key)
	return ""
}

// What the queries see, by names of their series. UPLOADS and the like are replaced in the cases.
const (
	published = `pubsub_googleapis_com:topic_send_message_operation_count{monitored_resource="pubsub_topic",topic_id=`
	photos    = published + `"UPLOADS"}`
	completed = published + `"COMPLETED"}`
	age       = `pubsub_googleapis_com:subscription_oldest_unacked_message_age{` +
		`monitored_resource="pubsub_subscription",subscription_id="ANALYZE"}`
	instances = `run_googleapis_com:container_instance_count{monitored_resource="cloud_run_revision",state=`
	looked    = `networksecurity_googleapis_com:https_request_count{` +
		`monitored_resource="network_security_policy",policy_name="POLICY",blocked=`
	refused  = looked + `"true"} `
	admitted = looked + `"false"} `
	lines    = `logging_googleapis_com:user_facescan_`
	ofRun    = `{monitored_resource="cloud_run_revision"`
	ended    = lines + "scan_ended" + ofRun + "}"
	fresh    = lines + "scan_fresh" + ofRun + "}"
	sent     = lines + "notification_sent" + ofRun
	failed   = lines + "notification_failed" + ofRun
)

// situations are what alerts must see, and what they must not take for it. A counter goes up by
// what stands behind the plus each minute.
var situations = map[string]struct {
	alert     string
	condition int
	series    []string
	// want are the labels of what is found; nil means that nothing is.
	want []string
}{
	"analyze is dead": {
		"analyze-silent", 0,
		[]string{age + " 0+60x60", completed + " 90+0x60"},
		[]string{"{}"},
	},
	"analyze is dead from the first day": {"analyze-silent", 0, []string{age + " 0+60x60"}, []string{"{}"}},
	"all is well": {
		"analyze-silent", 0,
		[]string{age + " 2+0x60", completed + " 0+3x60"},
		nil,
	},
	"one photo fails, the rest is done": {
		"analyze-silent", 0,
		[]string{age + " 0+60x60", completed + " 0+3x60"},
		nil,
	},
	"nobody is there": {"analyze-silent", 0, []string{completed + " 90+0x60"}, nil},

	"photos come and no scan ends": {
		"scans-missing", 0,
		[]string{photos + " 0+1x60", ended + " 50+0x60"},
		[]string{"{}"},
	},
	"no scan ever ended":       {"scans-missing", 0, []string{photos + " 0+1x60"}, []string{"{}"}},
	"scans end as photos come": {"scans-missing", 0, []string{photos + " 0+2x60", ended + " 0+2x60"}, nil},
	"a tenth of the photos is gone": {
		"scans-missing", 0,
		[]string{photos + " 0+10x60", ended + " 0+9x60"},
		nil,
	},

	"burn of a dead analyze, an hour": {
		"freshness-fast", 0,
		[]string{photos + " 0+1x60"},
		[]string{"{}"},
	},
	"burn of a dead analyze, five minutes": {
		"freshness-fast", 1,
		[]string{photos + " 0+1x60"},
		[]string{"{}"},
	},
	"burn of one slow photo at night": {"freshness-fast", 0, []string{photos + " 0+0x40 1+0x20"}, nil},
	"half the scans are slow, an hour": {
		"freshness-fast", 0,
		[]string{photos + " 0+2x60", fresh + " 0+1x60"},
		nil,
	},
	"half the scans are slow, six hours": {
		"freshness-slow", 0,
		[]string{photos + " 0+2x360", fresh + " 0+1x360"},
		[]string{"{}"},
	},
	"half the scans are slow, half an hour": {
		"freshness-slow", 1,
		[]string{photos + " 0+2x60", fresh + " 0+1x60"},
		[]string{"{}"},
	},
	"a tenth of the scans is slow, six hours": {
		"freshness-slow", 0,
		[]string{photos + " 0+10x360", fresh + " 0+9x360"},
		nil,
	},

	"a function is full": {
		"instances", 0, []string{instances + `"active",service_name="facescan-scans"} 10+0x60`},
		[]string{`{service_name="facescan-scans"}`},
	},
	"two revisions of a function are full together": {
		"instances", 0, []string{
			instances + `"active",service_name="facescan-scans",revision_name="1"} 5+0x60`,
			instances + `"active",service_name="facescan-scans",revision_name="2"} 5+0x60`,
		},
		[]string{`{service_name="facescan-scans"}`},
	},
	"as many are much to one, and not to another": {
		"instances", 0, []string{instances + `"active",service_name="facescan-upload"} 10+0x60`}, nil,
	},
	"instances that wait are none at work": {
		"instances", 0, []string{instances + `"idle",service_name="facescan-scans"} 10+0x60`}, nil,
	},

	"two in a hundred find no instance": {
		"unserved", 0, []string{
			lines + "request" + ofRun + `,service_name="facescan-scans"} 0+100x60`,
			lines + "request_unserved" + ofRun + `,service_name="facescan-scans"} 0+2x60`,
			lines + "request" + ofRun + `,service_name="facescan-upload"} 0+1000x60`,
			lines + "request_unserved" + ofRun + `,service_name="facescan-upload"} 0+2x60`,
		},
		[]string{`{service_name="facescan-scans"}`},
	},

	"mail is down, one message is tried": {
		"notifications", 0,
		[]string{failed + `,channel="email"} 0+1x60`},
		[]string{`{channel="email"}`},
	},
	"mail is down, push is not": {
		"notifications", 0, []string{failed + `,channel="email"} 0+3x60`, sent + `,channel="push"} 0+30x60`},
		[]string{`{channel="email"}`},
	},
	"a few of many fail": {
		"notifications", 0,
		[]string{failed + `,channel="push"} 0+1x60`, sent + `,channel="push"} 0+30x60`},
		nil,
	},

	"the sweep is silent": {
		"sweep", 0,
		[]string{lines + "swept" + ofRun + "} 0+1x40 40+0x20"},
		[]string{"{}"},
	},
	"it never swept":       {"sweep", 0, nil, []string{"{}"}},
	"it sweeps":            {"sweep", 0, []string{lines + "swept" + ofRun + "} 0+1x60"}, nil},
	"a backup was deleted": {"backups", 0, []string{lines + "backup_removed 0+0x55 1+0x5"}, []string{"{}"}},

	"half of all is refused": {
		"armor", 0,
		[]string{refused + `0+100x60`, admitted + `0+100x60`},
		[]string{"{}"},
	},
	"a tenth is refused":      {"armor", 0, []string{refused + `0+100x60`, admitted + `0+900x60`}, nil},
	"the night has one robot": {"armor", 0, []string{refused + `0+2x60`}, nil},
}

func TestAlerts_seeWhatTheyAreFor(t *testing.T) {
	plan := plans["prod"](t)
	name := strings.NewReplacer(
		"UPLOADS", nameOf(t, plan, "google_pubsub_topic", "upload-finalized"),
		"COMPLETED", nameOf(t, plan, "google_pubsub_topic", "scan-completed-v1"),
		"ANALYZE", nameOf(t, plan, "google_pubsub_subscription", "analyze.upload-finalized"),
		"POLICY", nameOf(t, plan, "google_compute_security_policy", ""),
	)
	type question struct {
		Query   string
		Series  []string
		Minutes int
	}
	keys, asked := slices.Sorted(maps.Keys(situations)), []question{}
	for _, key := range keys {
		s, minutes := situations[key], 60
		var series []string
		for _, one := range s.series {
			series = append(series, name.Replace(one))
			if strings.HasSuffix(one, "x360") {
				minutes = 360
			}
		}
		asked = append(asked, question{queryOf(t, plan, s.alert, s.condition), series, minutes})
	}
	body, err := json.Marshal(asked)
	if err != nil {
		t.Fatal(err)
	}
	var problems bytes.Buffer
	engine := exec.CommandContext(t.Context(), "go", "run", "-C", "promql", ".")
	engine.Stdin, engine.Stderr = bytes.NewReader(body), &problems
	answer, err := engine.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, &problems)
	}
	var found [][]string
	if err := json.Unmarshal(answer, &found); err != nil {
		t.Fatal(err)
	}
	for i, key := range keys {
		t.Run(key, func(t *testing.T) {
			if diff := cmp.Diff(append([]string{}, situations[key].want...), found[i]); diff != "" {
				t.Errorf("found (-want +got):\n%s\nby %s\nof %q", diff, asked[i].Query, asked[i].Series)
			}
		})
	}
}

// nameOf is the name of the resource with the key.
func nameOf(t *testing.T, plan *tfjson.Plan, kind, key string) string {
	t.Helper()
	for _, r := range resources(plan, kind) {
		if r.key() == key {
			return r.text("name")
		}
	}
	t.Fatalf("no %s %q", kind, key)
	return ""
}

// monitoring are the types of what only watches.
var monitoring = []string{
	"google_logging_metric", "google_monitoring_alert_policy", "google_monitoring_custom_service",
	"google_monitoring_dashboard", "google_monitoring_notification_channel", "google_monitoring_slo",
	"google_monitoring_uptime_check_config",
}

// A first deployment: its metrics are too young for alerts, and its domain points nowhere yet.
func TestAlerts_ofAFirstDeployment(t *testing.T) {
	t.Parallel()
	const own = "projects/pagers/notificationChannels/1"
	plan := planOnce("dev", map[string]string{
		"log_alerts_enabled": "false", "alerts_enabled": "false", "prefix": "second",
		"alert_emails": "[]", "notification_channels": `["` + own + `"]`,
		"playbooks_url": "https://wiki.example.com/playbooks",
	})(t)
	var keys []string
	for _, a := range resources(plan, "google_monitoring_alert_policy", "google_monitoring_slo") {
		keys = append(keys, a.key())
		for metric := range named(a) {
			if strings.HasPrefix(metric, "logging") {
				t.Errorf("%s names the young metric %s", a.Address, metric)
			}
		}
		if a.Type == "google_monitoring_slo" {
			continue
		}
		if a.at("enabled") != false {
			t.Errorf("%s tells of a domain that points nowhere", a.Address)
		}
		if channels, _ := a.at("notification_channels").([]any); !slices.Contains(channels, any(own)) {
			t.Errorf("%s goes to %v", a.Address, channels)
		}
		text := a.text("documentation.0.content")
		if !strings.HasPrefix(text, "Playbook: https://wiki.example.com/playbooks/") {
			t.Errorf("%s says %q", a.Address, text)
		}
	}
	slices.Sort(keys)
	want := []string{
		"analyze-silent", "armor", "certificate", "dead-letters", "instances", "latency", "latency-fast", "latency-slow",
		"unacked", "uptime",
	}
	if diff := cmp.Diff(want, keys); diff != "" {
		t.Errorf("alerts and SLOs (-want +got):\n%s", diff)
	}
	for _, r := range resources(plan, monitoring...) {
		for _, attribute := range []string{"name", "display_name", "service_id", "dashboard_json"} {
			text, is := r.at(attribute).(string)
			mine := strings.HasPrefix(text, "second") || strings.HasPrefix(text, `{"displayName":"second`)
			if is && r.Type != "google_monitoring_notification_channel" && r.Type != "google_monitoring_slo" && !mine {
				t.Errorf("%s has the %s %q", r.Address, attribute, text)
			}
		}
	}
}

func TestMonitoring_inParts(t *testing.T) {
	for name, tt := range map[string]struct {
		variable string
		without  []string
	}{
		"without monitoring": {"monitoring_enabled", monitoring},
		"without an edge":    {"edge_enabled", []string{"google_monitoring_uptime_check_config"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			plan := planOnce("dev", map[string]string{tt.variable: "false"})(t)
			if left := resources(plan, tt.without...); len(left) > 0 {
				t.Errorf("%d are left, such as %s", len(left), left[0].Address)
			}
			for _, p := range resources(plan, monitoring...) {
				for metric, resource := range named(p) {
					if slices.Contains([]string{"https_lb_rule", "network_security_policy", "uptime_url"}, resource) {
						t.Errorf("%s names %s", p.Address, metric)
					}
				}
			}
		})
	}
}

// nothings are the paths of zeros, empty texts and falses in the value.
func nothings(path string, value any) (all []string) {
	switch v := value.(type) {
	case map[string]any:
		for name, item := range v {
			all = append(all, nothings(path+"."+name, item)...)
		}
	case []any:
		for i, item := range v {
			all = append(all, nothings(path+"."+strconv.Itoa(i), item)...)
		}
	case nil:
		all = append(all, path)
	case string, float64, bool:
		if v == "" || v == 0.0 || v == false {
			all = append(all, path)
		}
	}
	return all
}

// The API drops what is nothing, and every plan would write it again:
// https://github.com/hashicorp/terraform-provider-google/issues/24650
func TestDashboard_holdsNothingThatTheAPIDrops(t *testing.T) {
	each(t, func(t *testing.T, plan *tfjson.Plan) {
		boards := resources(plan, "google_monitoring_dashboard")
		if len(boards) != 1 {
			t.Fatalf("%d dashboards", len(boards))
		}
		var board struct {
			MosaicLayout struct {
				Columns int
				Tiles   []struct {
					XPos, YPos, Width, Height int
					Widget                    struct {
						Title   string
						XYChart struct{ DataSets []any }
					}
				}
			}
		}
		text := boards[0].text("dashboard_json")
		var value any
		for _, into := range []any{&value, &board} {
			if err := json.Unmarshal([]byte(text), into); err != nil {
				t.Fatalf("%v (known after the apply: %v)", err, boards[0].unknown["dashboard_json"])
			}
		}
		if dropped := nothings("", value); len(dropped) > 0 {
			t.Errorf("the API drops %q", dropped)
		}
		places, sets := map[[2]int]string{}, map[string]int{}
		for _, tile := range board.MosaicLayout.Tiles {
			at := [2]int{tile.XPos, tile.YPos}
			if other := places[at]; other != "" || tile.XPos+tile.Width > board.MosaicLayout.Columns {
				t.Errorf("%q is at %v, where %q is", tile.Widget.Title, at, other)
			}
			places[at] = tile.Widget.Title
			sets[tile.Widget.Title] = len(tile.Widget.XYChart.DataSets)
		}
		if sets["Firestore reads, writes and deletes"] != 3 {
			t.Errorf("data sets: %v", sets)
		}
	})
}
