package iam

import (
	"net/http"
	"path"
	"regexp"
	"strings"
	"sync"
)

// Need is a permission that a request takes, and the path of the resource that it is needed on.
type Need struct{ Permission, Path string }

// collections are the regular ones: what is listed and created under the pattern, and read, changed
// and deleted one level below, takes PREFIX.list, .create, .get, .update and .delete, and its
// policy .getIamPolicy and .setIamPolicy. https://cloud.google.com/iam/docs/permissions-reference
var collections = []struct{ service, pattern, prefix string }{
	{"artifactregistry", "projects/*/locations/*/repositories", "artifactregistry.repositories"},
	{"billingbudgets", "billingAccounts/*/budgets", "billing.budgets"},
	{"cloudfunctions", "projects/*/locations/*/functions", "cloudfunctions.functions"},
	{"cloudkms", "projects/*/locations/*/keyRings", "cloudkms.keyRings"},
	{"cloudkms", "projects/*/locations/*/keyRings/*/cryptoKeys", "cloudkms.cryptoKeys"},
	{"cloudscheduler", "projects/*/locations/*/jobs", "cloudscheduler.jobs"},
	{"compute", "projects/*/global/addresses", "compute.globalAddresses"},
	{"compute", "projects/*/global/backendServices", "compute.backendServices"},
	{"compute", "projects/*/global/forwardingRules", "compute.globalForwardingRules"},
	{"compute", "projects/*/global/operations", "compute.globalOperations"},
	{"compute", "projects/*/global/securityPolicies", "compute.securityPolicies"},
	{"compute", "projects/*/global/sslCertificates", "compute.sslCertificates"},
	{"compute", "projects/*/global/sslPolicies", "compute.sslPolicies"},
	{"compute", "projects/*/global/targetHttpProxies", "compute.targetHttpProxies"},
	{"compute", "projects/*/global/targetHttpsProxies", "compute.targetHttpsProxies"},
	{"compute", "projects/*/global/urlMaps", "compute.urlMaps"},
	{"compute", "projects/*/regions/*/networkEndpointGroups", "compute.regionNetworkEndpointGroups"},
	{"compute", "projects/*/regions/*/operations", "compute.regionOperations"},
	{"dns", "projects/*/managedZones", "dns.managedZones"},
	{"firebaseappcheck", "projects/*/services", "firebaseappcheck.services"},
	{"firebaserules", "projects/*/releases", "firebaserules.releases"},
	{"firebaserules", "projects/*/rulesets", "firebaserules.rulesets"},
	{"firestore", "projects/*/databases", "datastore.databases"},
	{"firestore", "projects/*/databases/*/backupSchedules", "datastore.backupSchedules"},
	{"firestore", "projects/*/databases/*/collectionGroups/*/fields", "datastore.indexes"},
	{"firestore", "projects/*/databases/*/collectionGroups/*/indexes", "datastore.indexes"},
	{"iam", "projects/*/locations/*/workloadIdentityPools", "iam.workloadIdentityPools"},
	{"iam", "projects/*/locations/*/workloadIdentityPools/*/providers", "iam.workloadIdentityPoolProviders"},
	{"iam", "projects/*/roles", "iam.roles"},
	{"iam", "projects/*/serviceAccounts", "iam.serviceAccounts"},
	{"logging", "projects/*/exclusions", "logging.exclusions"},
	{"logging", "projects/*/locations/*/buckets", "logging.buckets"},
	{"logging", "projects/*/metrics", "logging.logMetrics"},
	{"logging", "projects/*/sinks", "logging.sinks"},
	{"monitoring", "projects/*/alertPolicies", "monitoring.alertPolicies"},
	{"monitoring", "projects/*/dashboards", "monitoring.dashboards"},
	{"monitoring", "projects/*/notificationChannels", "monitoring.notificationChannels"},
	{"monitoring", "projects/*/services", "monitoring.services"},
	{"monitoring", "projects/*/services/*/serviceLevelObjectives", "monitoring.slos"},
	{"monitoring", "projects/*/uptimeCheckConfigs", "monitoring.uptimeCheckConfigs"},
	{"orgpolicy", "projects/*/policies", "orgpolicy.policies"},
	{"pubsub", "projects/*/subscriptions", "pubsub.subscriptions"},
	{"pubsub", "projects/*/topics", "pubsub.topics"},
	{"run", "projects/*/locations/*/services", "run.services"},
	{"run", "projects/*/locations/*/services/*/revisions", "run.revisions"},
	{"secretmanager", "projects/*/secrets", "secretmanager.secrets"},
	{"secretmanager", "projects/*/secrets/*/versions", "secretmanager.versions"},
	{"storage", "b", "storage.buckets"},
	{"storage", "b/*/o", "storage.objects"},
}

// irregular are the requests that no collection covers, or otherwise than its rule says. They are
// looked at first. One without permissions is open to every caller.
var irregular = []struct{ service, method, pattern, permissions string }{
	{"*", "POST", "**:testIamPermissions", ""},
	{"artifactregistry", "GET", "projects/*/**/operations/*", ""},
	{"cloudbilling", "GET", "billingAccounts/*", "billing.accounts.get"},
	{"cloudbilling", "GET", "projects/*/billingInfo", "resourcemanager.projects.get"},
	{"cloudfunctions", "GET", "projects/*/**/operations/*", "cloudfunctions.operations.get"},
	{"cloudquotas", "GET", "projects/*/locations/*/services/*/quotaInfos", "cloudquotas.quotas.get"},
	{"cloudquotas", "GET", "projects/*/locations/*/services/*/quotaInfos/*", "cloudquotas.quotas.get"},
	{"cloudresourcemanager", "GET", "projects/*", "resourcemanager.projects.get"},
	{"cloudresourcemanager", "POST", "projects/*:getIamPolicy", "resourcemanager.projects.getIamPolicy"},
	{"cloudresourcemanager", "POST", "projects/*:setIamPolicy", "resourcemanager.projects.setIamPolicy"},
	{"cloudscheduler", "POST", "projects/*/locations/*/jobs/*:pause", "cloudscheduler.jobs.pause"},
	{"cloudscheduler", "POST", "projects/*/locations/*/jobs/*:resume", "cloudscheduler.jobs.enable"},
	{"compute", "POST", "projects/*/global/addresses/*/setLabels", "compute.globalAddresses.setLabels"},
	{"compute", "POST", "projects/*/global/backendServices/*/setSecurityPolicy",
		"compute.backendServices.setSecurityPolicy"},
	{"compute", "POST", "projects/*/global/forwardingRules/*/setLabels", "compute.globalForwardingRules.setLabels"},
	{"compute", "POST", "projects/*/global/securityPolicies/*/setLabels", "compute.securityPolicies.setLabels"},
	{"dns", "GET", "projects/*/managedZones/*/changes/*", "dns.changes.get"},
	{"dns", "GET", "projects/*/managedZones/*/rrsets", "dns.resourceRecordSets.list"},
	{"dns", "POST", "projects/*/managedZones/*/changes", "dns.changes.create"},
	{"firebase", "GET", "projects/*", "firebase.projects.get"},
	{"firebase", "POST", "projects/*:addFirebase", "firebase.projects.update"},
	{"firestore", "GET", "projects/*/databases/*", "datastore.databases.getMetadata"},
	{"firestore", "GET", "projects/*/**/operations/*", "datastore.operations.get"},
	{"iam", "GET", "projects/*/**/operations/*", "iam.workloadIdentityPools.get"},
	{"iam", "GET", "projects/*/locations/*/workloadIdentityPools/*:listAttestationRules",
		"iam.workloadIdentityPools.get"},
	{"iam", "POST", "projects/*/roles/*:undelete", "iam.roles.undelete"},
	{"identitytoolkit", "GET", "projects/*/config", "firebaseauth.configs.get"},
	{"identitytoolkit", "PATCH", "projects/*/config", "firebaseauth.configs.update"},
	{"identitytoolkit", "POST", "projects/*/identityPlatform:initializeAuth", "firebaseauth.configs.create"},
	{"logging", "POST", "projects/*/locations/*/buckets/*:updateAsync", "logging.buckets.update"},
	{"orgpolicy", "GET", "projects/*/policies/*:getEffectivePolicy", "orgpolicy.policy.get"},
	{"pubsub", "PUT", "projects/*/subscriptions/*", "pubsub.subscriptions.create"},
	{"pubsub", "PUT", "projects/*/topics/*", "pubsub.topics.create"},
	{"run", "GET", "projects/*/locations/*/operations/*", "run.operations.get"},
	{"secretmanager", "GET", "projects/*/secrets/*/versions/*:access", "secretmanager.versions.access"},
	{"secretmanager", "POST", "projects/*/secrets/*/versions/*:destroy", "secretmanager.versions.destroy"},
	{"secretmanager", "POST", "projects/*/secrets/*:addVersion", "secretmanager.versions.add"},
	{"serviceusage", "GET", "operations/*", "serviceusage.operations.get"},
	{"serviceusage", "GET", "projects/*/services", "serviceusage.services.list"},
	{"serviceusage", "GET", "projects/*/services/*", "serviceusage.services.get"},
	{"serviceusage", "POST", "projects/*/services/*:disable", "serviceusage.services.disable"},
	{"serviceusage", "POST", "projects/*/services/*:enable", "serviceusage.services.enable"},
	{"serviceusage", "POST", "projects/*/services/*:generateServiceIdentity", ""},
	{"serviceusage", "POST", "projects/*/services:batchEnable", "serviceusage.services.enable"},
	{"storage", "GET", "b/*/anywhereCaches/", "storage.anywhereCaches.list"}, // before a deletion
	{"storage", "GET", "b/*/iam", "storage.buckets.getIamPolicy"},
	{"storage", "GET", "b/*/iam/testPermissions", ""},
	{"storage", "GET", "b/*/notificationConfigs/*", "storage.buckets.get"},
	{"storage", "POST", "b/*/notificationConfigs", "storage.buckets.update"},
	{"storage", "DELETE", "b/*/notificationConfigs/*", "storage.buckets.update"},
	{"storage", "GET", "projects/*/serviceAccount", "resourcemanager.projects.get"},
	{"storage", "PUT", "b/*/iam", "storage.buckets.setIamPolicy"},
	{"storage", "PUT", "b/*/o", "storage.objects.create"}, // a part of an upload
}

// nested are the items whose names may hold slashes.
var nested = map[string]bool{"projects/*/metrics": true, "b/*/o": true, "projects/*/releases": true}

var verbs = map[string]string{
	http.MethodGet: "get", http.MethodPost: "create", http.MethodPut: "update", http.MethodPatch: "update",
	http.MethodDelete: "delete",
}

type row struct {
	service, method string
	path            *regexp.Regexp
	permission      string
	// parent tells that the permission is needed on what the collection is in.
	parent bool
}

func pattern(text string) *regexp.Regexp {
	text = regexp.QuoteMeta(text)
	text = strings.ReplaceAll(text, `\*\*`, `.+`)
	return regexp.MustCompile("^" + strings.ReplaceAll(text, `\*`, `[^/:]+`) + "$")
}

var rows = sync.OnceValue(func() []row {
	all := make([]row, 0, len(irregular)+len(collections)*9)
	for _, i := range irregular {
		all = append(all, row{service: i.service, method: i.method, path: pattern(i.pattern), permission: i.permissions})
	}
	for _, c := range collections {
		list, item := pattern(c.pattern), pattern(c.pattern+"/*")
		if nested[c.pattern] {
			item = pattern(c.pattern + "/**")
		}
		all = append(all, row{c.service, http.MethodGet, list, c.prefix + ".list", true})
		all = append(all, row{c.service, http.MethodPost, list, c.prefix + ".create", true})
		for _, change := range []string{"getIamPolicy", "setIamPolicy"} {
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				all = append(all, row{c.service, method, pattern(c.pattern + "/*:" + change), c.prefix + "." + change, false})
			}
		}
		for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodPatch, http.MethodDelete} {
			all = append(all, row{c.service, method, item, c.prefix + "." + verbs[method], false})
		}
	}
	return all
})

// Needs returns the permission that the request takes. None is needed for one that is open to every
// caller; known is false for a request that the table does not cover.
func Needs(service, method, p string) (need Need, known bool) {
	for _, r := range rows() {
		if r.service != "*" && r.service != service || r.method != method || !r.path.MatchString(p) {
			continue
		}
		on, _, _ := strings.Cut(p, ":")
		if service == "storage" {
			on = strings.TrimSuffix(p, "/iam")
		}
		if r.parent {
			on = path.Dir(on)
		}
		return Need{Permission: r.permission, Path: on}, true
	}
	return Need{}, false
}

// Describe returns the resource as conditions name it. The number is the project's.
// https://cloud.google.com/iam/docs/conditions-resource-attributes#resource-name
func Describe(service, p, number string) Resource {
	parts := strings.Split(p, "/")
	switch {
	case service == "storage" && len(parts) >= 4 && parts[2] == "o":
		object := strings.Join(parts[3:], "/")
		return Resource{
			"storage.googleapis.com", "storage.googleapis.com/Object", "projects/_/buckets/" + parts[1] + "/objects/" +
				object,
		}
	case service == "storage" && len(parts) >= 2 && parts[0] == "b":
		return Resource{"storage.googleapis.com", "storage.googleapis.com/Bucket", "projects/_/buckets/" + parts[1]}
	case service == "secretmanager" && len(parts) >= 4:
		kind := "secretmanager.googleapis.com/Secret"
		if len(parts) > 5 {
			kind = "secretmanager.googleapis.com/SecretVersion"
		}
		return Resource{"secretmanager.googleapis.com", kind, "projects/" + number + "/" + strings.Join(parts[2:], "/")}
	case service == "firestore" && len(parts) >= 4:
		return Resource{"firestore.googleapis.com", "firestore.googleapis.com/Database", strings.Join(parts[:4], "/")}
	case service == "logging" && len(parts) == 6 && parts[4] == "buckets":
		return Resource{"logging.googleapis.com", "logging.googleapis.com/LogBucket", p}
	case service == "cloudresourcemanager", len(parts) == 2 && parts[0] == "projects":
		return Resource{
			"cloudresourcemanager.googleapis.com", "cloudresourcemanager.googleapis.com/Project", "projects/" + number,
		}
	}
	return Resource{}
}
