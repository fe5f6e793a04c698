# Who there is and what they may do: all that only an owner of the project may decide. terraform/bootstrap applies it; after that the deployer,
# which can grant nothing on the project, applies the rest. Each grant is on the resource where that exists already, and on the project with a
# condition on the resource's name where it is made later.
locals {
  catalog   = jsondecode(file("${path.module}/../facescan/catalog.json"))
  functions = local.catalog.functions
  secrets   = toset(flatten([for f in local.functions : values(f.access.secrets)]))

  buckets = { for name in ["uploads", "results", "tombstones", "source"] : name => "${var.project_id}-${var.prefix}-${name}" }
  # Names by https://cloud.google.com/iam/docs/conditions-resource-attributes: a list asks for the bucket, the rest for objects.
  in_bucket = {
    for name, bucket in local.buckets : name =>
    "resource.name == \"projects/_/buckets/${bucket}\" || resource.name.startsWith(\"projects/_/buckets/${bucket}/objects/\")"
  }
}

data "google_project" "this" {
  project_id = var.project_id
}

# Every function runs as an account of its own. A grant to an account that was made a moment ago may not find it: the provider tries again.
resource "google_service_account" "function" {
  for_each = local.functions

  account_id   = "${var.prefix}-${each.key}"
  display_name = "FaceScan function ${each.key}"
  description  = each.value.purpose
}

resource "google_service_account" "build" {
  account_id   = "${var.prefix}-build"
  display_name = "FaceScan: builds the functions"
}

# Whom the subscriptions push as: the only one that the event functions admit.
resource "google_service_account" "push" {
  account_id   = "${var.prefix}-push"
  display_name = "FaceScan: pushes events to functions"
}

# Projects from before April 2021 need it for the OIDC tokens; it does no harm in others. Pub/Sub's agent is there once `gcloud beta
# services identity create --service=pubsub.googleapis.com` or `scripts/deploy bootstrap` had it made.
resource "google_service_account_iam_member" "push_token" {
  service_account_id = google_service_account.push.name
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-pubsub.iam.gserviceaccount.com"
}

# The secrets that the functions read. Terraform makes them and not their values, which would stand in its state.
resource "google_secret_manager_secret" "this" {
  for_each = setunion(local.secrets, var.kept_secrets)

  project   = var.project_id
  secret_id = "${var.prefix}-${each.value}"

  replication {
    user_managed {
      replicas {
        location = var.region
      }
    }
  }

  # A destroyed version can be brought back for a day.
  version_destroy_ttl = "86400s"

  # Ids of uploads and erased accounts, receipts and links hang on their values, which are nowhere else.
  lifecycle {
    prevent_destroy = true
  }
}

# The only grants that are set and not added: no other account is to read a secret.
resource "google_secret_manager_secret_iam_binding" "readers" {
  for_each = local.secrets

  project   = var.project_id
  secret_id = google_secret_manager_secret.this[each.value].secret_id
  role      = "roles/secretmanager.secretAccessor"
  members   = [for name, f in local.functions : google_service_account.function[name].member if contains(values(f.access.secrets), each.value)]
}
