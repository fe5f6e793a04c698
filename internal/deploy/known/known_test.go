package known_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/facescan/facescan/internal/deploy/known"
)

// The texts are those of the reports and documents that the rows name.
var texts = map[string]string{
	"nobody is signed in":   "google: could not find default credentials. See https://cloud.google.com",
	"no state bucket":       "Failed to get existing workspaces: storage: bucket doesn't exist",
	"the state is locked":   "Error acquiring the state lock\nError message: writing failed: conditionNotMet",
	"billing is off":        "googleapi: Error 403: This API method requires billing to be enabled.",
	"an API is not enabled": "Error 403: Cloud Scheduler API has not been used in project 1 before or it is disabled.",
	"the build lacks a grant": "Error waiting to create function: Error code 13, message: Build failed: failed " +
		"to download archive gs://gcf-v2-sources-59-us-central1/f/function-source.zip: Access to bucket " +
		"gcf-v2-sources-59-us-central1 denied. You must grant Storage Object Viewer permission to x",
	"an alert on a metric that is too new": `Error creating AlertPolicy: googleapi: Error 404: Cannot find metric(s) ` +
		`that match type = "logging.googleapis.com/user/error_total". If a metric was created recently`,
	"a service agent is not there": "Error setting IAM policy: googleapi: Error 400: Service account " +
		"service-1@gcp-sa-pubsub.iam.gserviceaccount.com does not exist.",
	"an account or grant that does not hold yet": "Error 400: Service account facescan-push@p.iam.gserviceaccount.com " +
		"does not exist.",
	"instances above the quota": "Max instances must be set to 28 or fewer to set the requested total CPU.",
	"too many calls at once":    "Error 429: Quota exceeded for quota metric 'Write requests' of service 'run'",
	"a database's name is not free yet": "Error creating Database: googleapi: Error 400: Database ID '(default)' is not " +
		"available in project 'p'. Please retry in 222 seconds.",
	"Google is unavailable": "Error 503: The service is currently unavailable.",
	"allUsers is forbidden": "Error 400: One or more users named in the policy do not belong to a permitted customer,  " +
		"perhaps due to an organization policy.",
	"a location is forbidden": "Error 412: 'us' violates constraint 'constraints/gcp.resourceLocations'",
	"it exists already": "Error creating Config: googleapi: Error 400: INVALID_PROJECT_ID : Identity Platform has " +
		"already been enabled for this project.",
	"Firebase's terms": "google_firebase_project.this: Error 403: The caller does not have permission",
	"a key that may not be used": "googleapi: Error 403: Permission denied on Cloud KMS key. Please ensure that your " +
		"Cloud Storage service account has been authorized to use this key., forbidden",
	"a budget is refused":     "google_billing_budget.this[0]: Error 400: Request contains an invalid argument.",
	"protected from deletion": "cannot destroy google_firestore_database: deletion_protection is set",
	"a permission lacks":      "Error 403: Permission 'pubsub.topics.create' denied on resource",
}

func TestFind(t *testing.T) {
	t.Parallel()
	for _, e := range known.Errors {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			text, has := texts[e.Name]
			if !has {
				t.Fatal("no text shows it")
			}
			if got, found := known.Find(text); !found || got.Name != e.Name {
				t.Errorf("%q is explained as %q", text, got.Name)
			}
			if address, err := url.Parse(e.Source); err != nil || address.Scheme != "https" {
				t.Errorf("source %q: %v", e.Source, err)
			}
			if e.Cause == "" || e.Mend == "" {
				t.Error("it has no cause or no remedy")
			}
		})
	}
	if len(texts) != len(known.Errors) {
		t.Errorf("%d texts for %d rows", len(texts), len(known.Errors))
	}
	if e, found := known.Find("anything else"); found {
		t.Errorf("anything else is explained as %s", e.Name)
	}
}

func TestTransient(t *testing.T) {
	t.Parallel()
	build, metric := texts["the build lacks a grant"], texts["an alert on a metric that is too new"]
	for name, tt := range map[string]struct {
		faults []string
		rows   int
		wait   time.Duration
		is     bool
	}{
		"one that passes":            {[]string{build}, 1, time.Minute, true},
		"the longest wait of two":    {[]string{build, metric, build}, 2, 10 * time.Minute, true},
		"one among them that stays":  {[]string{build, texts["allUsers is forbidden"]}, 0, 0, false},
		"one that is not known":      {[]string{build, "anything else"}, 0, 0, false},
		"a fault without diagnostic": {nil, 0, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rows, wait, is := known.Transient(tt.faults)
			if len(rows) != tt.rows || wait != tt.wait || is != tt.is {
				t.Errorf("%d rows, %s, %t", len(rows), wait, is)
			}
		})
	}
}

func TestTables(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	known.Print(&out)
	table := known.Markdown()
	for _, e := range known.Errors {
		if !strings.Contains(out.String(), e.Mend) || !strings.Contains(table, e.Mend) {
			t.Errorf("%s is not in both tables", e.Name)
		}
	}
	if got := strings.Count(table, "\n"); got != len(known.Errors)+2 {
		t.Errorf("%d lines of Markdown", got)
	}
}
