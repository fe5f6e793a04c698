# What the account build may do. The owner makes the registry, too: a grant takes a minute to hold, and the first build would come before that if
# the deployment made it.
resource "google_artifact_registry_repository" "functions" {
  repository_id = var.prefix
  description   = "Images of the functions."
  format        = "DOCKER"
  location      = var.region
  project       = var.project_id

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
}

resource "google_artifact_registry_repository_iam_member" "build" {
  project    = var.project_id
  location   = google_artifact_registry_repository.functions.location
  repository = google_artifact_registry_repository.functions.name
  role       = "roles/artifactregistry.writer"
  member     = google_service_account.build.member
}

resource "google_project_iam_member" "build_logs" {
  project = var.project_id
  role    = "roles/logging.logWriter"
  member  = google_service_account.build.member
}

# Cloud Functions copies a zip into a bucket of its own, from which Cloud Build reads it: without this every build fails
# (https://github.com/hashicorp/terraform-provider-google/issues/20571).
resource "google_project_iam_member" "build_sources" {
  project = var.project_id
  role    = "roles/storage.objectViewer"
  member  = google_service_account.build.member

  condition {
    title       = "sources of functions"
    description = "The bucket that zips are uploaded to, and the one that Cloud Functions copies them to."
    expression = join(" || ", [
      local.in_bucket.source,
      "resource.name.startsWith(\"projects/_/buckets/gcf-v2-sources-${data.google_project.this.number}-${var.region}\")",
    ])
  }
}
