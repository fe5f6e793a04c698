package iam

import "strings"

// predefinedRoles are Google's roles, as far as grants of this repository and of its reviewers'
// first attempts use them: the permissions that matter here. One that ends in "." or "*" stands for
// all that begin so. https://cloud.google.com/iam/docs/roles-permissions
var predefinedRoles = map[string][]string{
	"roles/owner": {"*"},
	"roles/editor": {
		"artifactregistry.repositories.*", "cloudfunctions.*", "cloudscheduler.*", "compute.*", "datastore.*",
		"iam.serviceAccounts.actAs", "iam.serviceAccounts.get", "iam.serviceAccounts.list", "logging.*", "monitoring.*",
		"pubsub.*", "resourcemanager.projects.get", "run.services.*", "serviceusage.services.*", "storage.buckets.*",
	},
	"roles/viewer": {
		"resourcemanager.projects.get", "iam.serviceAccounts.get", "iam.serviceAccounts.list",
		"monitoring.dashboards.get",
		"serviceusage.services.get", "serviceusage.services.list", "storage.buckets.list",
	},
	"roles/artifactregistry.admin": {"artifactregistry.*"},
	"roles/artifactregistry.reader": {
		"artifactregistry.repositories.downloadArtifacts", "artifactregistry.repositories.get",
	},
	"roles/artifactregistry.writer": {
		"artifactregistry.repositories.downloadArtifacts", "artifactregistry.repositories.get",
		"artifactregistry.repositories.uploadArtifacts",
	},
	"roles/billing.costsManager": {"billing.accounts.get", "billing.budgets.*"},
	"roles/cloudbuild.builds.builder": {
		"artifactregistry.repositories.downloadArtifacts", "artifactregistry.repositories.get",
		"artifactregistry.repositories.uploadArtifacts", "cloudbuild.builds.*", "logging.logEntries.create",
		"storage.buckets.get", "storage.objects.create", "storage.objects.get", "storage.objects.list",
	},
	"roles/cloudfunctions.developer": {"cloudfunctions.*"},
	"roles/cloudkms.cryptoKeyEncrypterDecrypter": {
		"cloudkms.cryptoKeyVersions.useToDecrypt", "cloudkms.cryptoKeyVersions.useToEncrypt",
	},
	"roles/cloudkms.viewer": {
		"cloudkms.cryptoKeys.get", "cloudkms.cryptoKeys.list", "cloudkms.keyRings.get", "cloudkms.keyRings.list",
	},
	"roles/cloudscheduler.admin":      {"cloudscheduler.*"},
	"roles/compute.loadBalancerAdmin": {"compute.*"},
	"roles/compute.securityAdmin": {
		"compute.securityPolicies.*", "compute.sslCertificates.*", "compute.sslPolicies.*",
	},
	"roles/datastore.owner": {"datastore.*", "resourcemanager.projects.get"},
	"roles/datastore.user": {"datastore.databases.get", "datastore.databases.getMetadata",
		"datastore.entities.*"},
	"roles/datastore.viewer":       {"datastore.databases.get", "datastore.entities.get", "datastore.entities.list"},
	"roles/dns.admin":              {"dns.*", "resourcemanager.projects.get"},
	"roles/eventarc.admin":         {"eventarc.*"},
	"roles/eventarc.eventReceiver": {"eventarc.events.receiveEvent"},
	"roles/firebaseappcheck.admin": {"firebaseappcheck.*"},
	"roles/firebaserules.admin":    {"firebaserules.*"},
	"roles/iam.roleAdmin": {
		"iam.roles.*", "resourcemanager.projects.get", "resourcemanager.projects.getIamPolicy",
	},
	"roles/iam.serviceAccountAdmin": {
		"iam.serviceAccounts.create", "iam.serviceAccounts.delete", "iam.serviceAccounts.get",
		"iam.serviceAccounts.getIamPolicy", "iam.serviceAccounts.list", "iam.serviceAccounts.setIamPolicy",
		"iam.serviceAccounts.update",
	},
	"roles/iam.serviceAccountTokenCreator": {
		"iam.serviceAccounts.getAccessToken", "iam.serviceAccounts.getOpenIdToken", "iam.serviceAccounts.signBlob",
	},
	"roles/iam.serviceAccountUser": {
		"iam.serviceAccounts.actAs", "iam.serviceAccounts.get", "iam.serviceAccounts.list",
	},
	"roles/iam.workloadIdentityUser": {"iam.serviceAccounts.getAccessToken", "iam.serviceAccounts.getOpenIdToken"},
	"roles/identityplatform.admin":   {"firebaseauth.*", "identitytoolkit.*"},
	"roles/logging.configWriter":     {"logging.buckets.*", "logging.logMetrics.*", "logging.sinks.*"},
	"roles/logging.logWriter":        {"logging.logEntries.create"},
	"roles/monitoring.editor":        {"monitoring.*"},
	"roles/pubsub.admin":             {"pubsub.*"},
	"roles/pubsub.publisher":         {"pubsub.topics.publish"},
	"roles/pubsub.subscriber":        {"pubsub.subscriptions.consume", "pubsub.topics.attachSubscription"},
	"roles/resourcemanager.projectIamAdmin": {
		"resourcemanager.projects.get", "resourcemanager.projects.getIamPolicy",
		"resourcemanager.projects.setIamPolicy",
	},
	"roles/run.admin":                        {"run.*"},
	"roles/run.invoker":                      {"run.routes.invoke"},
	"roles/secretmanager.admin":              {"secretmanager.*"},
	"roles/secretmanager.secretAccessor":     {"secretmanager.versions.access"},
	"roles/secretmanager.secretVersionAdder": {"secretmanager.versions.add"},
	"roles/secretmanager.viewer": {
		"secretmanager.secrets.get", "secretmanager.secrets.list", "secretmanager.versions.get",
		"secretmanager.versions.list",
	},
	"roles/serviceusage.serviceUsageAdmin": {"serviceusage.*"},
	"roles/serviceusage.serviceUsageConsumer": {
		"serviceusage.services.get", "serviceusage.services.list", "serviceusage.services.use",
	},
	"roles/storage.admin":              {"storage.*"},
	"roles/storage.legacyBucketReader": {"storage.buckets.get", "storage.objects.list"},
	"roles/storage.objectAdmin":        {"storage.objects.*"},
	"roles/storage.objectCreator":      {"storage.objects.create"},
	"roles/storage.objectUser": {
		"storage.objects.create", "storage.objects.delete", "storage.objects.get", "storage.objects.list",
		"storage.objects.update",
	},
	"roles/storage.objectViewer":   {"storage.objects.get", "storage.objects.list"},
	"roles/telemetry.tracesWriter": {"telemetry.traces.write"},
}

// predefined reports whether Google's role holds the permission. Roles that are not in the table
// hold none.
func predefined(role, permission string) bool {
	for _, p := range predefinedRoles[role] {
		if prefix, all := strings.CutSuffix(p, "*"); p == permission || all && strings.HasPrefix(permission, prefix) {
			return true
		}
	}
	return false
}
