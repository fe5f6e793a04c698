# What terraform/ plans to use, beside what it uses today.
terraform {
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 7.39.0, < 8.0.0"
    }
  }
}

provider "google" {
  project               = "check-1"
  region                = "europe-west1"
  user_project_override = true
  billing_project       = "check-1"
}

resource "google_project_service" "this" {
  for_each           = toset(["cloudresourcemanager.googleapis.com", "fcm.googleapis.com"])
  service            = each.value
  disable_on_destroy = false
}

resource "google_service_account" "this" {
  for_each   = toset(["deployer", "runtime"])
  account_id = each.value
}

resource "google_project_iam_custom_role" "this" {
  role_id     = "facescan_reader"
  title       = "Reads"
  permissions = ["storage.objects.get"]
}

resource "google_project_iam_member" "custom" {
  project = "check-1"
  role    = google_project_iam_custom_role.this.name
  member  = google_service_account.this["runtime"].member
}

resource "google_project_iam_member" "conditional" {
  project = "check-1"
  role    = "roles/storage.objectViewer"
  member  = google_service_account.this["runtime"].member
  condition {
    title      = "sources"
    expression = "resource.name.startsWith('projects/_/buckets/gcf-v2-sources-123456789012-')"
  }
}

resource "google_project_iam_audit_config" "this" {
  project = "check-1"
  service = "storage.googleapis.com"
  audit_log_config {
    log_type = "DATA_READ"
  }
}

resource "google_service_account_iam_member" "acts" {
  service_account_id = google_service_account.this["runtime"].name
  role               = "roles/iam.serviceAccountUser"
  member             = google_service_account.this["deployer"].member
}

resource "google_storage_bucket" "this" {
  name                        = "check-1-facescan-tombstones"
  location                    = "europe-west1"
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
}

resource "google_storage_bucket_iam_member" "conditional" {
  bucket = google_storage_bucket.this.name
  role   = "roles/storage.objectUser"
  member = google_service_account.this["runtime"].member
  condition {
    title      = "only one folder"
    expression = "resource.name.startsWith('projects/_/buckets/check-1-facescan-tombstones/objects/in/')"
  }
}

resource "google_secret_manager_secret" "this" {
  secret_id = "facescan-key"
  replication {
    auto {}
  }
}

resource "google_secret_manager_secret_iam_member" "this" {
  secret_id = google_secret_manager_secret.this.id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.this["runtime"].member
}

resource "google_dns_managed_zone" "this" {
  name     = "zone"
  dns_name = "example.com."
}

resource "google_dns_record_set" "this" {
  name         = "api.${google_dns_managed_zone.this.dns_name}"
  managed_zone = google_dns_managed_zone.this.name
  type         = "A"
  ttl          = 300
  rrdatas      = ["203.0.113.10"]
}

resource "google_iam_workload_identity_pool" "this" {
  workload_identity_pool_id = "facescan-ci"
}

resource "google_iam_workload_identity_pool_provider" "this" {
  workload_identity_pool_id          = google_iam_workload_identity_pool.this.workload_identity_pool_id
  workload_identity_pool_provider_id = "github"
  attribute_mapping                  = { "google.subject" = "assertion.sub" }
  attribute_condition                = "assertion.repository == 'facescan/facescan'"
  oidc {
    issuer_uri = "https://token.actions.githubusercontent.com"
  }
}

resource "google_service_account_iam_member" "ci" {
  service_account_id = google_service_account.this["deployer"].name
  role               = "roles/iam.workloadIdentityUser"
  member             = "principalSet://iam.googleapis.com/${google_iam_workload_identity_pool.this.name}/*"
}

resource "google_logging_project_exclusion" "this" {
  name   = "facescan-requests"
  filter = "resource.type=\"http_load_balancer\""
}

resource "google_monitoring_notification_channel" "this" {
  display_name = "ops"
  type         = "email"
  labels       = { email_address = "ops@example.com" }
}

resource "google_monitoring_alert_policy" "this" {
  display_name          = "off"
  combiner              = "OR"
  enabled               = false
  notification_channels = [google_monitoring_notification_channel.this.id]
  conditions {
    display_name = "any"
    condition_threshold {
      filter          = "metric.type=\"run.googleapis.com/request_count\" AND resource.type=\"cloud_run_revision\""
      comparison      = "COMPARISON_GT"
      threshold_value = 0
      duration        = "0s"
      aggregations {
        alignment_period   = "60s"
        per_series_aligner = "ALIGN_RATE"
      }
    }
  }
}

resource "google_monitoring_dashboard" "this" {
  dashboard_json = jsonencode({
    displayName  = "FaceScan"
    mosaicLayout = { columns = 48, tiles = [{ yPos = 16, width = 24, height = 16, widget = { title = "Text", text = { content = "x" } } }] }
  })
}
