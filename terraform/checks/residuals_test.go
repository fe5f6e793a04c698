//go:build terraform

package checks

import (
	"fmt"
	"strings"
	"testing"
	"time"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/facescan/facescan/internal/schema"
)

// keepers compute, from what Terraform plans, the days for which the copies remain that receipts of
// erasures tell of. Those without one are nothing of Terraform's: their days are the schema's own,
// or stated by Google.
var keepers = map[string]func(t *testing.T, root, owner *tfjson.Plan) float64{
	// Google keeps 7 days of a database with it, else an hour:
	// https://cloud.google.com/firestore/docs/pitr
	"point-in-time recovery of the database": func(t *testing.T, root, _ *tfjson.Plan) float64 {
		state := only(t, root, "google_firestore_database", "this").text("point_in_time_recovery_enablement")
		return map[string]float64{
			"POINT_IN_TIME_RECOVERY_ENABLED": 7, "POINT_IN_TIME_RECOVERY_DISABLED": 1. / 24,
		}[state]
	},
	"backups of the database": func(t *testing.T, root, _ *tfjson.Plan) float64 {
		return longest(t, root, "google_firestore_backup_schedule", "", "retention")
	},
	"messages in topics": func(t *testing.T, root, _ *tfjson.Plan) float64 {
		return max(
			longest(t, root, "google_pubsub_topic", "", "message_retention_duration"),
			longest(t, root, "google_pubsub_subscription", "push", "message_retention_duration"),
		)
	},
	"messages that could not be delivered": func(t *testing.T, root, _ *tfjson.Plan) float64 {
		return longest(t, root, "google_pubsub_subscription", "push", "message_retention_duration") +
			longest(t, root, "google_pubsub_subscription", "dead_letter", "message_retention_duration")
	},
	"events kept for an operator": nil,
	"logs, which bear": func(t *testing.T, root, _ *tfjson.Plan) float64 {
		return only(t, root, "google_logging_project_bucket_config", "default").number("retention_days")
	},
	"logs of requests": func(t *testing.T, _, owner *tfjson.Plan) float64 {
		return only(t, owner, "google_logging_project_bucket_config", "requests").number("retention_days")
	},
	"notes under a keyed hash": func(t *testing.T, root, _ *tfjson.Plan) float64 {
		bucket := only(t, root, "google_storage_bucket", "tombstones")
		return bucket.number("lifecycle_rule.0.condition.0.age") + softDeleted(bucket)
	},
	// Beside its own copies, Google keeps what versions and soft deletion have it keep.
	"Google's own copies": func(t *testing.T, root, _ *tfjson.Plan) float64 {
		days := 180.
		for _, name := range []string{"uploads", "results", "tombstones"} {
			bucket := only(t, root, "google_storage_bucket", name)
			days += softDeleted(bucket)
			if bucket.at("versioning.0.enabled") == true {
				t.Errorf("%s keeps versions", bucket.Address)
			}
		}
		return days
	},
	"what was done to the account":   nil, // schema.AuditLife, by expireAt
	"Firebase Authentication's live": nil,
}

// A receipt is signed, and says for how long something remains. It may say no less than Terraform
// keeps, and where users are, no more.
func TestResiduals_areWhatIsKept(t *testing.T) {
	for name, environment := range map[string]struct{ root, owner *tfjson.Plan }{
		"prod": {plans["prod"](t), owners["prod"](t)}, "dev": {plans["dev"](t), owners["dev"](t)},
	} {
		t.Run(name, func(t *testing.T) {
			told := map[string]bool{}
			for _, r := range schema.Residuals {
				what, keeper := keeperOf(r.What)
				if what == "" || told[what] {
					t.Errorf("nothing here, or what is another's, tells for how long %q remains", r.What)
				}
				if told[what] = true; keeper == nil {
					continue
				}
				switch kept := keeper(t, environment.root, environment.owner); {
				case kept > float64(r.Days):
					t.Errorf("%q: receipts say %d days, kept are %v", r.What, r.Days, kept)
				case kept < float64(r.Days) && name == "prod":
					t.Errorf("%q: receipts say %d days, and only %v are kept", r.What, r.Days, kept)
				}
			}
			if len(told) != len(keepers) {
				t.Errorf("%d of %d copies are told of in receipts", len(told), len(keepers))
			}
		})
	}
}

func keeperOf(what string) (string, func(t *testing.T, root, owner *tfjson.Plan) float64) {
	for begins, keeper := range keepers {
		if strings.HasPrefix(what, begins) {
			return begins, keeper
		}
	}
	return "", nil
}

// only returns the one resource of the type and name.
func only(t *testing.T, plan *tfjson.Plan, kind, name string) planned {
	t.Helper()
	var found []planned
	for _, r := range resources(plan, kind) {
		if r.Name == name {
			found = append(found, r)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d resources %s.%s", len(found), kind, name)
	}
	return found[0]
}

// longest returns the longest of the durations, such as "604800s", in days. name is that of the
// resources, "" for any.
func longest(t *testing.T, plan *tfjson.Plan, kind, name, attribute string) float64 {
	t.Helper()
	days := 0.
	for _, r := range resources(plan, kind) {
		if name != "" && r.Name != name {
			continue
		}
		d, err := time.ParseDuration(r.text(attribute))
		if err != nil {
			t.Errorf("%s: %v", r.Address, err)
		}
		days = max(days, d.Hours()/24)
	}
	if days == 0 {
		t.Errorf("no %s has a %s", kind, attribute)
	}
	return days
}

func softDeleted(bucket planned) float64 {
	return bucket.number("soft_delete_policy.0.retention_duration_seconds") / (24 * 60 * 60)
}

// Of requests, no line is kept that is not Cloud Armor's business, and the metrics that count them
// are of the project: those of a bucket would count what the bucket has.
func TestLinesOfRequests_areNotKept(t *testing.T) {
	for _, name := range []string{"prod", "dev"} {
		t.Run(name, func(t *testing.T) {
			owner, root := owners[name](t), plans[name](t)
			exclusion := only(t, owner, "google_logging_project_exclusion", "requests")
			for _, log := range []string{`log_id("run.googleapis.com/requests")`, `log_id("requests")`} {
				if !strings.Contains(exclusion.text("filter"), log) || exclusion.at("disabled") == true {
					t.Errorf("%s is not excluded: %s", log, exclusion.text("filter"))
				}
			}
			for _, f := range resources(root, "google_cloudfunctions2_function") {
				if !strings.Contains(exclusion.text("filter"), strings.TrimPrefix(f.text("name"), "facescan-")) {
					t.Errorf("the requests to %s are kept", f.text("name"))
				}
			}
			for _, m := range resources(root, "google_compute_url_map") {
				if m.Name == "api" && !strings.Contains(exclusion.text("filter"), fmt.Sprintf("%q", m.text("name"))) {
					t.Errorf("the requests to %s are kept", m.text("name"))
				}
			}
			sink := only(t, owner, "google_logging_project_sink", "requests")
			if !strings.Contains(sink.text("filter"), `SecurityPolicy.outcome="DENY"`) {
				t.Errorf("kept are %s", sink.text("filter"))
			}
			bucket := only(t, owner, "google_logging_project_bucket_config", "requests")
			if bucket.text("location") != "europe-west1" {
				t.Errorf("they are kept in %s", bucket.text("location"))
			}
			for _, m := range resources(root, "google_logging_metric") {
				if m.text("bucket_name") != "" {
					t.Errorf("%s counts what is in %s, where no request is", m.Address, m.text("bucket_name"))
				}
			}
		})
	}
}
