package fakegcp

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/facescan/facescan/internal/deploy/fakegcp/iam"
)

// firstAPIs are on in every project that the console or gcloud made.
// https://cloud.google.com/service-usage/docs/enabled-service#default
var firstAPIs = []string{
	"analyticshub.googleapis.com", "bigquery.googleapis.com", "bigqueryconnection.googleapis.com",
	"bigquerydatapolicy.googleapis.com", "bigquerymigration.googleapis.com", "bigqueryreservation.googleapis.com",
	"bigquerystorage.googleapis.com", "cloudapis.googleapis.com", "cloudtrace.googleapis.com",
	"dataform.googleapis.com",
	"dataplex.googleapis.com", "datastore.googleapis.com", "logging.googleapis.com", "monitoring.googleapis.com",
	"servicemanagement.googleapis.com", "serviceusage.googleapis.com", "sql-component.googleapis.com",
	"storage-api.googleapis.com", "storage-component.googleapis.com", "storage.googleapis.com",
}

// titles are the APIs' names in messages, where they are not "NAME.googleapis.com API".
var titles = map[string]string{
	"artifactregistry": "Artifact Registry API", "billingbudgets": "Cloud Billing Budget API",
	"cloudbilling": "Cloud Billing API", "cloudfunctions": "Cloud Functions API",
	"cloudkms": "Cloud Key Management Service (KMS) API", "cloudquotas": "Cloud Quotas API",
	"cloudresourcemanager": "Cloud Resource Manager API", "cloudscheduler": "Cloud Scheduler API",
	"compute": "Compute Engine API", "dns": "Cloud DNS API", "eventarc": "Eventarc API",
	"firebase": "Firebase Management API", "firebaseappcheck": "Firebase App Check API",
	"firebaserules": "Firebase Rules API", "firestore": "Cloud Firestore API",
	"iam": "Identity and Access Management (IAM) API", "identitytoolkit": "Identity Toolkit API",
	"orgpolicy": "Organization Policy API", "pubsub": "Cloud Pub/Sub API", "run": "Cloud Run Admin API",
	"secretmanager": "Secret Manager API",
}

// agentsOf are the accounts that come into being when an API is enabled, without "service-NUMBER"
// or the number before the @. All others have to be asked for, or come with the first use of what
// they serve: Pub/Sub's among them. https://cloud.google.com/iam/docs/service-agents
var agentsOf = map[string][]string{
	"artifactregistry.googleapis.com": {"service-%s@gcp-sa-artifactregistry.iam.gserviceaccount.com"},
	"cloudbuild.googleapis.com": {
		"service-%s@gcp-sa-cloudbuild.iam.gserviceaccount.com", "%s@cloudbuild.gserviceaccount.com",
	},
	"cloudfunctions.googleapis.com": {"service-%s@gcf-admin-robot.iam.gserviceaccount.com"},
	"cloudscheduler.googleapis.com": {"service-%s@gcp-sa-cloudscheduler.iam.gserviceaccount.com"},
	"compute.googleapis.com": {
		"service-%s@compute-system.iam.gserviceaccount.com", "%s-compute@developer.gserviceaccount.com",
		"%s@cloudservices.gserviceaccount.com",
	},
	"run.googleapis.com": {"service-%s@serverless-robot-prod.iam.gserviceaccount.com"},
}

// agentDomains are those of the service agents that generateServiceIdentity makes, where they are
// not gcp-sa-NAME.
var agentDomains = map[string]string{
	"cloudfunctions": "gcf-admin-robot", "compute": "compute-system", "run": "serverless-robot-prod",
	"storage": "gs-project-accounts",
}

func apiPath(api string) string { return "services/" + api }

func (s *Server) enable(api string) {
	s.resources[key("serviceusage", apiPath(api))] = object{
		"name": "projects/" + s.number + "/services/" + api, "state": "ENABLED",
		"parent": "projects/" + s.number, "config": object{"name": api},
	}
	for _, agent := range agentsOf[api] {
		s.newAgent(fmt.Sprintf(agent, s.number), strings.TrimSuffix(api, ".googleapis.com"))
	}
}

// newAgent makes an account of Google's own, which has the product's role on the project from the
// start: https://cloud.google.com/iam/docs/service-agents
func (s *Server) newAgent(email, product string) {
	if s.agents[email] {
		return
	}
	s.agents[email] = true
	k := key("cloudresourcemanager", s.root())
	policy := object{}
	maps.Copy(policy, s.policies[k])
	bindings, _ := policy["bindings"].([]any)
	policy["bindings"] = append(slices.Clone(bindings), object{
		"role": "roles/" + product + ".serviceAgent", "members": []any{"serviceAccount:" + email},
	})
	s.policies[k] = policy
	grants := iam.Parse(policy, s.options.Now())
	grants.Since(s.grants[k])
	s.grants[k] = grants
}

// off refuses a call of a service whose API is not enabled.
// https://cloud.google.com/apis/docs/troubleshooting, with the details of google.rpc.ErrorInfo's
// example in https://github.com/googleapis/googleapis/blob/master/google/rpc/error_details.proto
func (s *Server) off(service string) reply {
	api := service + ".googleapis.com"
	if _, on := s.resources[key("serviceusage", apiPath(api))]; on {
		return reply{}
	}
	title := cmp.Or(titles[service], api+" API")
	r := failure(http.StatusForbidden, "PERMISSION_DENIED", fmt.Sprintf(
		"%s has not been used in project %s before or it is disabled. Enable it by visiting "+
			"https://console.developers.google.com/apis/api/%s/overview?project=%s then retry. If you enabled this API "+
			"recently, wait a few minutes for the action to propagate to our systems and retry.",
		title, s.number, api, s.number),
		errorInfo("SERVICE_DISABLED", object{"service": api, "consumer": "projects/" + s.number, "serviceTitle": title}))
	fault, _ := r.body["error"].(object)
	fault["errors"] = []any{object{"message": fault["message"], "domain": "usageLimits",
		"reason": "accessNotConfigured"}}
	return r
}

// mostAPIs is how many one request may enable.
// https://cloud.google.com/service-usage/docs/reference/rest/v1/services/batchEnable
const mostAPIs = 20

// serviceUsage enables APIs and makes service agents. The provider reads APIs by project id or
// number.
func (s *Server) serviceUsage(c call) (reply, bool) {
	name, verb, _ := strings.Cut(path.Base(c.Path), ":")
	switch {
	case verb == "batchEnable":
		ids := texts(c.Body["serviceIds"])
		if len(ids) > mostAPIs {
			return invalid("The number of services to enable exceeds the limit of 20."), true
		}
		for _, id := range ids {
			s.enable(id)
		}
		return s.operation(c, object{}), true
	case verb == "enable":
		s.enable(name)
		return s.operation(c, object{}), true
	case verb == "disable":
		delete(s.resources, key(c.Service, apiPath(name)))
		return s.operation(c, object{}), true
	case verb == "generateServiceIdentity" && strings.Contains(c.http.URL.Path, "/v1beta1/"): // v1 has no such method
		product := strings.TrimSuffix(name, ".googleapis.com")
		email := "service-" + s.number + "@" + cmp.Or(agentDomains[product], "gcp-sa-"+product) +
			".iam.gserviceaccount.com"
		s.newAgent(email, product)
		return s.operation(c, object{"email": email, "uniqueId": "1" + s.number}), true
	case c.Method == http.MethodGet && name == "services":
		var all []any
		for k, r := range s.resources {
			if strings.HasPrefix(k, key(c.Service, apiPath(""))) {
				all = append(all, r)
			}
		}
		slices.SortFunc(all, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		return ok(object{"services": all}), true
	case c.Method == http.MethodGet && path.Base(path.Dir(c.Path)) == "services":
		if r, on := s.resources[key(c.Service, apiPath(name))]; on {
			return ok(r), true
		}
		return ok(object{
			"name": "projects/" + s.number + "/services/" + name, "state": "DISABLED", "parent": "projects/" + s.number,
			"config": object{"name": name},
		}), true
	}
	return reply{}, false
}
