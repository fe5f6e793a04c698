# What has to be there before terraform/ can be applied: the bucket of its state, the account that applies it, and the secrets whose values
# scripts/deploy writes. An owner of the project applies this once; after that nobody needs to be owner.

# The APIs that Terraform itself needs; the rest terraform/ switches on.
resource "google_project_service" "this" {
  for_each = toset([
    "cloudbilling.googleapis.com", # for doctor
    "cloudresourcemanager.googleapis.com",
    "iam.googleapis.com",
    "iamcredentials.googleapis.com",
    "secretmanager.googleapis.com",
    "serviceusage.googleapis.com",
    "storage.googleapis.com",
  ])

  service            = each.value
  disable_on_destroy = false
}

resource "google_storage_bucket" "state" {
  name     = "${var.project_id}-facescan-state"
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

# The secrets that the functions read. Terraform makes them and not their values, which would stand in its state.
resource "google_secret_manager_secret" "this" {
  for_each = toset(flatten([for f in jsondecode(file("${path.module}/../catalog.json")).functions : values(f.access.secrets)]))

  secret_id = "facescan-${each.value}"

  replication {
    user_managed {
      replicas {
        location = var.region
      }
    }
  }

  # A destroyed version can be brought back for a day.
  version_destroy_ttl = "86400s"

  depends_on = [google_project_service.this]
}
