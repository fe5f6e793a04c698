# The sources of the functions. Cloud Build runs as the account build, which ../access lets read them here and in the bucket that Cloud Functions
# copies them to, and write images.
resource "google_storage_bucket" "source" {
  name     = "${var.project_id}-${var.prefix}-source"
  location = var.region

  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = true # sources are made again by `make package`

  # No name is written twice, so no version has newer ones: what a deployment no longer names is a version without a live one.
  lifecycle_rule {
    condition {
      days_since_noncurrent_time = 90
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
