// Package cost knows Google's list prices: what FaceScan costs at rest, and by scan.
package cost

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"
)

// List prices in USD, without the free tiers, of regions of the first tier such as europe-west1, as
// of November 2026. They change; each has the page to check it on. terraform/README.md says which
// of them were looked up, and which are from memory.
const (
	hoursAMonth   = 730
	minutesAMonth = hoursAMonth * 60
	secondsAMonth = minutesAMonth * 60

	million = 1e6

	// A second of 1 vCPU and of 1 GiB while a request is served, and a request:
	// https://cloud.google.com/run/pricing
	busyCPU    = 0.000024
	busyMemory = 0.0000025
	perRequest = 0.40 / million
	// A document read, written, deleted: https://cloud.google.com/firestore/pricing
	documentRead    = 0.03 / 100e3
	documentWritten = 0.09 / 100e3
	documentDeleted = 0.01 / 100e3
	// A request that Cloud Armor looks at: https://cloud.google.com/armor/pricing
	armorRequest = 0.75 / million

	// Up to five forwarding rules together, an hour: https://cloud.google.com/vpc/network-pricing#lb
	fiveRulesHour = 0.025
	// Cloud Armor Standard, a policy and a rule, a month: https://cloud.google.com/armor/pricing
	armorPolicy = 5.0
	armorRule   = 1.0
	// An idle minimum instance, a second of 1 vCPU and of 1 GiB: https://cloud.google.com/run/pricing
	idleCPU    = 0.0000025
	idleMemory = 0.0000025
	// A version of a secret in one location, a month: https://cloud.google.com/secret-manager/pricing
	secretVersion = 0.06
	// A job, a month: https://cloud.google.com/scheduler/pricing
	schedulerJob = 0.10
	// A condition of an alert, a month: https://cloud.google.com/stackdriver/pricing
	alertCondition = 0.10
	// A time series that a condition reads, every 30 seconds or as PromQL's interval says: the same
	// page.
	alertSeries = 0.35 / million
	// A MiB of metrics made of log lines, 8 bytes for a point a minute: the same page.
	metricMiB = 0.258

	// A sweep with nothing to do: the lease is read and written twice, twelve queries find nothing,
	// and the search for missing users reads that it is not due. Its time is assumed. Each account
	// costs a read a day beside that.
	sweepCost = perRequest + 0.3*(busyCPU+busyMemory/4) + 15*documentRead + 2*documentWritten
	// A request of the uptime check, which comes from six places: /ready reads a document, in the
	// least time that is billed.
	probeCost   = perRequest + armorRequest + 0.1*(busyCPU+busyMemory/4) + documentRead
	probePlaces = 6
	// seriesOfAlerts are the time series of a condition, on average: one or two of most, one for each
	// function or subscription of three.
	seriesOfAlerts = 3.1
	// seriesAtRest are those of log lines that are written while the system is idle: the sweep's, and
	// the requests of sweep and health.
	seriesAtRest = 3
)

const notCounted = `Not counted, for it goes with use: users' requests and their CPU, stored photos, documents, backups and point-in-time
recovery (by GiB), traffic to the internet, what the load balancer and Cloud Armor handle, logs above 50 GiB, builds and
images. Free tiers are not taken off. "deploy cost" does the sum for 1,000 scans.
`

// Row is one line of what is paid while the system is idle.
type Row struct {
	What   string
	Number float64
	Month  float64 // USD
}

// AtRest returns what the planned resources cost a month at rest, and as many secrets, which no
// plan of terraform/ has: bootstrap makes them.
func AtRest(plan *tfjson.Plan, secretCount int) []Row {
	secrets := float64(secretCount)
	var forwarding, policies, rules, jobs, probes, conditions, reads, metrics, instances, idle float64
	for _, r := range Planned(plan) {
		v := r.AttributeValues
		switch r.Type {
		case "google_compute_global_forwarding_rule":
			forwarding++
		case "google_compute_security_policy":
			policies++
			rules += float64(len(blocks(v["rule"])))
		case "google_cloud_scheduler_job":
			jobs++
		case "google_monitoring_uptime_check_config":
			probes += minutesAMonth * probePlaces
		case "google_monitoring_alert_policy":
			for _, condition := range blocks(v["conditions"]) {
				conditions++
				reads += seriesOfAlerts * minutesAMonth * evaluations(condition)
			}
		case "google_logging_metric":
			metrics = seriesAtRest * minutesAMonth * 8.0 / (1 << 20)
		case "google_cloudfunctions2_function":
			number, month := minimum(v)
			instances += number
			idle += month
		}
	}
	sweeps := jobs * minutesAMonth
	return []Row{
		{"load balancer's forwarding rules", forwarding, balancer(forwarding)},
		{"Cloud Armor policies", policies, policies * armorPolicy},
		{"Cloud Armor rules", rules, rules * armorRule},
		{"instances kept warm", instances, idle},
		{"versions of secrets", secrets, secrets * secretVersion},
		{"scheduled jobs", jobs, jobs * schedulerJob},
		{"sweeps", sweeps, sweeps * sweepCost},
		{"requests of the uptime check", probes, probes * probeCost},
		{"conditions of alerts", conditions, conditions * alertCondition},
		{"time series that these read", reads, reads * alertSeries},
		{"MiB of metrics of log lines", metrics, metrics * metricMiB},
	}
}

// Runs reports whether anything runs under the plan: the small roots have no functions, and cost
// nothing.
func Runs(plan *tfjson.Plan) bool {
	return slices.ContainsFunc(Planned(plan), func(r *tfjson.StateResource) bool {
		return r.Type == "google_cloudfunctions2_function"
	})
}

// evaluations returns how often the condition is looked at a minute: twice, unless it is a query
// with an interval.
func evaluations(condition map[string]any) float64 {
	for _, query := range blocks(condition["condition_prometheus_query_language"]) {
		if seconds := numeric(strings.TrimSuffix(fmt.Sprint(query["evaluation_interval"]), "s")); seconds > 0 {
			return 60 / seconds
		}
	}
	return 2
}

// balancer returns the price of the rules: the first five go together, each further one costs two
// fifths of that.
func balancer(rules float64) float64 {
	if rules == 0 {
		return 0
	}
	return hoursAMonth * (fiveRulesHour + 0.01*max(0, rules-5))
}

// minimum returns the instances of the function that are kept warm, and what they cost idle.
func minimum(values map[string]any) (number, month float64) {
	for _, config := range blocks(values["service_config"]) {
		number = numeric(config["min_instance_count"])
		gib := numeric(strings.TrimSuffix(fmt.Sprint(config["available_memory"]), "Mi")) / 1024
		month = number * secondsAMonth * (idleCPU*numeric(config["available_cpu"]) + idleMemory*gib)
	}
	return number, month
}

// Planned returns every resource that is there once the plan is applied.
func Planned(plan *tfjson.Plan) []*tfjson.StateResource {
	if plan.PlannedValues == nil {
		return nil
	}
	var all []*tfjson.StateResource
	var add func(m *tfjson.StateModule)
	add = func(m *tfjson.StateModule) {
		if m == nil {
			return
		}
		all = append(all, m.Resources...)
		for _, child := range m.ChildModules {
			add(child)
		}
	}
	add(plan.PlannedValues.RootModule)
	return all
}

func blocks(v any) []map[string]any {
	list, _ := v.([]any)
	var all []map[string]any
	for _, item := range list {
		if block, ok := item.(map[string]any); ok {
			all = append(all, block)
		}
	}
	return all
}

// numeric returns the number that a plan holds, as a number or as text; what is none counts
// nothing.
func numeric(v any) float64 {
	n, err := strconv.ParseFloat(fmt.Sprint(v), 64)
	if err != nil {
		return 0
	}
	return n
}

// Print writes the rows and their sum.
func Print(w io.Writer, rows []Row) {
	fmt.Fprintln(w, "\nWhat it costs while nobody uses it, list prices in USD a month:")
	var sum float64
	for _, r := range rows {
		if r.Number == 0 {
			continue
		}
		fmt.Fprintf(w, "  %-34s %7.0f  %8.2f\n", r.What, r.Number, r.Month)
		sum += r.Month
	}
	fmt.Fprintf(w, "  %-34s          %8.2f\n%s", "together", sum, notCounted)
}
