# Who applies terraform/: people by acting as this account, CI by workload identity or the like. It has the role for each product that is made
# there, and none of the basic roles. It is powerful for all that: who makes functions decides what code runs.
resource "google_service_account" "deployer" {
  account_id   = "facescan-deployer"
  display_name = "FaceScan: applies Terraform"

  depends_on = [google_project_service.this]
}

locals {
  deployer_roles = toset([
    "roles/artifactregistry.admin",
    "roles/cloudfunctions.developer",
    "roles/cloudscheduler.admin",
    "roles/compute.loadBalancerAdmin",
    "roles/compute.securityAdmin",
    "roles/datastore.owner", # databases, indexes, backups
    "roles/eventarc.admin",  # with trigger_mode "eventarc"
    "roles/firebaseappcheck.admin",
    "roles/firebaserules.admin",
    "roles/iam.roleAdmin",
    "roles/iam.serviceAccountAdmin",
    "roles/iam.serviceAccountUser",
    "roles/identityplatform.admin",
    "roles/logging.configWriter",
    "roles/monitoring.editor",
    "roles/pubsub.admin",
    "roles/run.admin", # who may call the functions
    "roles/secretmanager.admin",
    "roles/serviceusage.serviceUsageAdmin",
    "roles/storage.admin",
  ])

  # The project-wide roles that terraform/ grants, the only ones that the deployer can grant: it cannot make itself owner.
  granted_roles = [
    "projects/${var.project_id}/roles/facescan_auth_eraser",
    "projects/${var.project_id}/roles/facescan_auth_reader",
    "projects/${var.project_id}/roles/facescan_push_sender",
    "roles/datastore.user",
    "roles/eventarc.eventReceiver",
    "roles/logging.logWriter",
    "roles/pubsub.publisher",
    "roles/telemetry.tracesWriter",
  ]
}

resource "google_project_iam_member" "deployer" {
  for_each = local.deployer_roles

  project = var.project_id
  role    = each.value
  member  = google_service_account.deployer.member
}

resource "google_project_iam_member" "deployer_grants" {
  project = var.project_id
  role    = "roles/resourcemanager.projectIamAdmin"
  member  = google_service_account.deployer.member

  condition {
    title       = "only FaceScan's roles"
    description = "Grants and takes the roles that terraform/ grants, and no others."
    expression = format(
      "api.getAttribute('iam.googleapis.com/modifiedGrantsByRole', []).hasOnly([%s])",
      join(", ", formatlist("'%s'", local.granted_roles)),
    )
  }
}

resource "google_service_account_iam_member" "deployers" {
  for_each = var.deployers

  service_account_id = google_service_account.deployer.name
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = each.value
}
