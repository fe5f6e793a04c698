# Who applies terraform/: people by acting as this account, CI by workload identity federation. Its roles are made here, so that it can change
# none of them, grants nothing on the project, and acts as FaceScan's accounts alone. It reads no photo, no secret's value and no document by
# itself. It decides what code the functions run, though, and that code may: see "Who may do what" in terraform/README.md.
resource "google_service_account" "deployer" {
  account_id   = "${var.prefix}-deployer"
  display_name = "FaceScan: applies Terraform"
}

locals {
  # Product by product: what the provider asks for when it creates, reads, changes and deletes the resources of ../facescan, ../edge and
  # ../monitoring, and what `deploy doctor` reads. Each was looked up in https://cloud.google.com/iam/docs/custom-roles-permissions-support on
  # 2026-11-29, since one name that a custom role does not take makes the whole role fail; those of security and SSL policies, labels of
  # addresses and forwarding rules, and notification channels are in its stage TESTING.
  deployer_permissions = {
    artifacts = ["artifactregistry.repositories.get", "artifactregistry.repositories.list"]
    builds    = ["cloudbuild.builds.get", "cloudbuild.builds.list"] # what went wrong
    functions = concat(
      [for action in ["create", "get", "list", "update", "delete"] : "cloudfunctions.functions.${action}"],
      ["cloudfunctions.operations.get", "cloudfunctions.operations.list"],
      [for action in ["get", "list", "update", "getIamPolicy", "setIamPolicy"] : "run.services.${action}"], # who may call, and rollbacks
      ["run.operations.get", "run.revisions.get", "run.revisions.list"],
    )
    # fullView is the job's data, without which each plan would set it again.
    schedule = [for action in ["create", "get", "fullView", "list", "update", "delete", "enable", "pause"] : "cloudscheduler.jobs.${action}"]
    edge = concat(
      flatten([
        for kind in ["backendServices", "globalAddresses", "globalForwardingRules", "regionNetworkEndpointGroups", "securityPolicies",
        "sslCertificates", "sslPolicies", "targetHttpProxies", "targetHttpsProxies", "urlMaps"] :
        [for action in ["create", "get", "list", "delete", "use"] : "compute.${kind}.${action}" if !contains(["globalForwardingRules.use", "sslCertificates.use"], "${kind}.${action}")]
      ]),
      [
        "compute.backendServices.setSecurityPolicy", "compute.backendServices.update", "compute.globalAddresses.setLabels",
        "compute.globalForwardingRules.setLabels", "compute.globalForwardingRules.setTarget", "compute.globalForwardingRules.update",
        "compute.globalOperations.get", "compute.regionOperations.get", "compute.securityPolicies.update",
        "compute.securityPolicies.setLabels", "compute.sslPolicies.update", "compute.targetHttpProxies.setUrlMap",
        "compute.targetHttpProxies.update", "compute.targetHttpsProxies.setSslCertificates", "compute.targetHttpsProxies.setSslPolicy",
        "compute.targetHttpsProxies.setUrlMap", "compute.targetHttpsProxies.update", "compute.urlMaps.update", "compute.urlMaps.invalidateCache",
      ],
    )
    dns = concat(
      ["dns.changes.create", "dns.changes.get", "dns.changes.list", "dns.managedZones.get", "dns.managedZones.list"],
      [for action in ["create", "get", "list", "update", "delete"] : "dns.resourceRecordSets.${action}"],
    )
    # The database and its indexes, never a document: datastore.entities.* is not among them.
    database = concat(
      [for action in ["create", "getMetadata", "list", "update", "delete"] : "datastore.databases.${action}"],
      [for action in ["create", "get", "list", "update", "delete"] : "datastore.indexes.${action}"],
      [for action in ["create", "get", "list", "update", "delete"] : "datastore.backupSchedules.${action}"],
      ["datastore.locations.get", "datastore.locations.list", "datastore.operations.get", "datastore.operations.list"],
      [for action in ["create", "get", "list", "update", "delete"] : "firebaserules.releases.${action}"],
      [for action in ["create", "get", "list", "delete"] : "firebaserules.rulesets.${action}"],
    )
    # How users sign in, and none of the users: firebaseauth.users.* is not among them.
    identity = [
      "firebaseappcheck.services.get", "firebaseappcheck.services.update", "firebaseauth.configs.create", "firebaseauth.configs.get",
      "firebaseauth.configs.update", "firebase.projects.get",
    ]
    monitoring = concat(
      flatten([
        for kind in ["alertPolicies", "dashboards", "notificationChannels", "services", "slos", "uptimeCheckConfigs"] :
        [for action in ["create", "get", "list", "update", "delete"] : "monitoring.${kind}.${action}"]
      ]),
      [for action in ["create", "get", "list", "update", "delete"] : "logging.logMetrics.${action}"],
      ["logging.buckets.get", "logging.buckets.list", "logging.buckets.update", "logging.logEntries.list", "monitoring.timeSeries.list"],
      ["logging.exclusions.get"], # doctor looks whether the requests' lines are excluded
    )
    events = concat(
      flatten([
        for kind in ["topics", "subscriptions"] :
        [for action in ["create", "get", "list", "update", "delete", "getIamPolicy", "setIamPolicy"] : "pubsub.${kind}.${action}"]
      ]),
      ["pubsub.topics.attachSubscription", "pubsub.topics.publish"], # doctor asks for a sweep
    )
    # No bucket's settings and no object: those come below. To switch off that public access is prevented would take setIamPolicy
    # (https://cloud.google.com/storage/docs/access-control/iam-console).
    buckets = [for action in ["create", "get", "list", "getIamPolicy"] : "storage.buckets.${action}"]
    # What is there: secrets without their values, quotas, policies of the organisation, who may do what.
    reading = [
      "cloudquotas.quotas.get", "orgpolicy.policy.get", "resourcemanager.projects.get", "resourcemanager.projects.getIamPolicy",
      "secretmanager.secrets.get", "secretmanager.secrets.list", "secretmanager.versions.get", "secretmanager.versions.list",
      "serviceusage.operations.get", "serviceusage.quotas.get", "serviceusage.services.enable", "serviceusage.services.get",
      "serviceusage.services.list", "serviceusage.services.use", "iam.serviceAccounts.get", "iam.serviceAccounts.list",
    ]
  }

  # What it may do in some buckets only: `within` are those of which it may do it to all objects, and `names` the beginnings of further objects'
  # names. Where data is not protected, it may empty the buckets to destroy them.
  #
  # Of the states' bucket it writes its own state and the records of deployments alone. A state names who may deploy, and even the providers
  # that the next run installs: who writes the bootstrap's state, or that of ../../firebase, is the owner at the next bootstrap. It must not
  # empty and delete that bucket by its settings either, whose name is free for another project then.
  state_bucket = "${var.project_id}-${var.prefix}-state"
  deployer_objects = merge(
    {
      buckets = {
        permissions = ["storage.buckets.update", "storage.buckets.delete"]
        buckets     = values(local.buckets), within = [], names = []
      }
      objects = {
        permissions = [for action in ["create", "get", "list", "update", "delete"] : "storage.objects.${action}"]
        buckets     = [local.buckets.source, local.state_bucket] # to list
        within      = [local.buckets.source]
        names       = ["${local.state_bucket}/objects/facescan/default.", "${local.state_bucket}/objects/${var.prefix}/deployments/"]
      }
    },
    var.protect_data ? {} : {
      emptier = {
        permissions = ["storage.objects.list", "storage.objects.delete"]
        buckets     = [for name in ["uploads", "results", "tombstones"] : local.buckets[name]]
        within      = [for name in ["uploads", "results", "tombstones"] : local.buckets[name]], names = []
      }
    },
  )
}

resource "google_project_iam_custom_role" "deployer" {
  project     = var.project_id
  role_id     = "${local.role_prefix}_deployer"
  title       = "FaceScan: applies Terraform"
  permissions = sort(distinct(flatten(values(local.deployer_permissions))))
}

resource "google_project_iam_member" "deployer" {
  project = var.project_id
  role    = google_project_iam_custom_role.deployer.name
  member  = google_service_account.deployer.member
}

resource "google_project_iam_custom_role" "deployer_objects" {
  for_each = local.deployer_objects

  project     = var.project_id
  role_id     = "${local.role_prefix}_deployer_${each.key}"
  title       = "FaceScan: objects of the deployer"
  permissions = each.value.permissions
}

resource "google_project_iam_member" "deployer_objects" {
  for_each = local.deployer_objects

  project = var.project_id
  role    = google_project_iam_custom_role.deployer_objects[each.key].name
  member  = google_service_account.deployer.member

  condition {
    title       = "in its buckets"
    description = "Only ${join(", ", each.value.buckets)}."
    expression = join(" || ", concat(
      [for bucket in each.value.buckets : "resource.name == \"projects/_/buckets/${bucket}\""],
      [for bucket in each.value.within : "resource.name.startsWith(\"projects/_/buckets/${bucket}/objects/\")"],
      [for name in each.value.names : "resource.name.startsWith(\"projects/_/buckets/${name}\")"],
    ))
  }
}

# On each account, for a condition cannot tell accounts apart by name.
resource "google_service_account_iam_member" "deployer_acts_as" {
  for_each = merge(google_service_account.function, { build = google_service_account.build, push = google_service_account.push })

  service_account_id = each.value.name
  role               = "roles/iam.serviceAccountUser"
  member             = google_service_account.deployer.member
}

resource "google_service_account_iam_member" "deployers" {
  for_each = var.deployers

  service_account_id = google_service_account.deployer.name
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = each.value
}

# CI's way in, without a key: GitHub vouches for a workflow on the repository's main branch
# (https://cloud.google.com/iam/docs/workload-identity-federation-with-deployment-pipelines). Events by which others have a workflow run on
# that branch, such as pull_request_target, workflow_run and issue_comment, are not admitted
# (https://docs.github.com/actions/reference/workflows-and-actions/events-that-trigger-workflows).
resource "google_iam_workload_identity_pool" "ci" {
  count = var.github_repository == null ? 0 : 1

  project                   = var.project_id
  workload_identity_pool_id = "${var.prefix}-ci"
  display_name              = "FaceScan: CI"
}

resource "google_iam_workload_identity_pool_provider" "github" {
  count = var.github_repository == null ? 0 : 1

  project                            = var.project_id
  workload_identity_pool_id          = google_iam_workload_identity_pool.ci[0].workload_identity_pool_id
  workload_identity_pool_provider_id = "github"
  attribute_mapping = {
    "google.subject"       = "assertion.sub"
    "attribute.repository" = "assertion.repository"
  }
  attribute_condition = join(" && ", [
    "assertion.repository == \"${var.github_repository}\"",
    "assertion.ref == \"refs/heads/main\"",
    "assertion.event_name in [\"push\", \"schedule\", \"workflow_dispatch\"]",
  ])

  oidc {
    issuer_uri = "https://token.actions.githubusercontent.com"
  }
}

resource "google_service_account_iam_member" "ci" {
  count = var.github_repository == null ? 0 : 1

  service_account_id = google_service_account.deployer.name
  role               = "roles/iam.workloadIdentityUser"
  member             = "principalSet://iam.googleapis.com/${google_iam_workload_identity_pool.ci[0].name}/attribute.repository/${var.github_repository}"
}
