# What has to be there before terraform/ can be applied, and what only an owner of the project may decide: the bucket of the states, the accounts,
# roles and grants, and the secrets whose values scripts/deploy writes. `make bootstrap` applies it, again whenever the catalog has a new
# function, secret or grant; after that a deployment needs no owner.

# The APIs that Terraform itself needs; the rest terraform/ switches on.
resource "google_project_service" "this" {
  for_each = toset(concat(var.kms_key == null ? [] : ["cloudkms.googleapis.com"], [
    "artifactregistry.googleapis.com",
    "cloudbilling.googleapis.com", # for doctor
    "cloudquotas.googleapis.com",  # for doctor
    "cloudresourcemanager.googleapis.com",
    "iam.googleapis.com",
    "iamcredentials.googleapis.com",
    "orgpolicy.googleapis.com", # for doctor
    "pubsub.googleapis.com",    # for its service agent
    "secretmanager.googleapis.com",
    "serviceusage.googleapis.com",
    "storage.googleapis.com",
    "sts.googleapis.com", # for CI's workload identity
  ]))

  project            = var.project_id
  service            = each.value
  disable_on_destroy = false
}

# scripts/deploy makes it when it is not there, since this root's own state stands in it, and this takes it over.
import {
  to = google_storage_bucket.state
  id = "${var.project_id}/${var.project_id}-${var.prefix}-state"
}

resource "google_storage_bucket" "state" {
  name     = "${var.project_id}-${var.prefix}-state"
  location = var.region

  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  # A state that was written wrongly is the one before it.
  versioning {
    enabled = true
  }
  lifecycle_rule {
    condition {
      num_newer_versions = 50
    }
    action {
      type = "Delete"
    }
  }

  lifecycle {
    prevent_destroy = true
  }

  depends_on = [google_project_service.this]
}

module "access" {
  source = "../modules/access"

  project_id        = var.project_id
  prefix            = var.prefix
  region            = var.region
  database          = var.database
  kept_secrets      = var.kept_secrets
  protect_data      = var.protect_data
  kms_key           = var.kms_key
  deployers         = var.deployers
  github_repository = var.github_repository
  photo_audit       = var.photo_audit

  depends_on = [google_project_service.this]
}
