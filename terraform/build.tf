# What builds the functions: the bucket of their sources, the registry of their images and the account that Cloud Build runs as.
resource "google_storage_bucket" "source" {
  name     = "${var.project_id}-facescan-source"
  location = var.region

  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = true # sources are made again by `make package`

  lifecycle_rule {
    condition {
      age                = 90
      num_newer_versions = 1
    }
    action {
      type = "Delete"
    }
  }
  versioning {
    enabled = true
  }

  depends_on = [google_project_service.this]
}

resource "google_storage_bucket_object" "source" {
  for_each = local.functions

  bucket = google_storage_bucket.source.name
  # The name holds the content's hash: another name is another build, the same name is none.
  name   = var.function_sources[each.key].object
  source = var.function_sources[each.key].path
}

resource "google_artifact_registry_repository" "functions" {
  repository_id = "facescan"
  description   = "Images of the functions."
  format        = "DOCKER"
  location      = var.region

  cleanup_policies {
    id     = "delete-old"
    action = "DELETE"
    condition {
      older_than = "604800s"
    }
  }
  cleanup_policies {
    id     = "keep-latest"
    action = "KEEP"
    most_recent_versions {
      keep_count = 5
    }
  }

  depends_on = [google_project_service.this]
}

resource "google_service_account" "build" {
  account_id   = "facescan-build"
  display_name = "FaceScan: builds the functions"

  depends_on = [google_project_service.this]
}

resource "google_project_iam_member" "build_logs" {
  project = var.project_id
  role    = "roles/logging.logWriter"
  member  = google_service_account.build.member
}

resource "google_artifact_registry_repository_iam_member" "build" {
  location   = google_artifact_registry_repository.functions.location
  repository = google_artifact_registry_repository.functions.name
  role       = "roles/artifactregistry.writer"
  member     = google_service_account.build.member
}

resource "google_storage_bucket_iam_member" "build" {
  bucket = google_storage_bucket.source.name
  role   = "roles/storage.objectViewer"
  member = google_service_account.build.member
}
