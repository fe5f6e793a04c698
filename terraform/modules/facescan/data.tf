# Photos. Nothing public, nothing kept after deletion, nothing linked to Firebase: the only doors are signed URLs and the functions.
resource "google_storage_bucket" "uploads" {
  name     = "${var.project_id}-${var.prefix}-uploads"
  location = var.region

  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = !var.protect_data

  dynamic "encryption" {
    for_each = var.kms_key[*]
    content {
      default_kms_key_name = encryption.value
    }
  }

  # A deleted photo is gone.
  soft_delete_policy {
    retention_duration_seconds = 0
  }

  lifecycle_rule {
    condition {
      age = var.photo_lifecycle_days
    }
    action {
      type = "Delete"
    }
  }
  lifecycle_rule {
    condition {
      age = 1
    }
    action {
      type = "AbortIncompleteMultipartUpload"
    }
  }

  dynamic "cors" {
    for_each = length(var.cors_origins) == 0 ? [] : [var.cors_origins]
    content {
      origin          = cors.value
      method          = local.catalog.cors.uploads.methods
      response_header = local.catalog.cors.uploads.headers
      max_age_seconds = local.catalog.cors.uploads.maxAgeSeconds
    }
  }

  depends_on = [google_project_service.this]
}

# What is made of the photos, and exports.
resource "google_storage_bucket" "results" {
  name     = "${var.project_id}-${var.prefix}-results"
  location = var.region

  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = !var.protect_data

  dynamic "encryption" {
    for_each = var.kms_key[*]
    content {
      default_kms_key_name = encryption.value
    }
  }

  soft_delete_policy {
    retention_duration_seconds = 0
  }

  # Exports live for 24 hours; the sweep deletes them, this is its backstop.
  lifecycle_rule {
    condition {
      age            = 2
      matches_prefix = ["exports/"]
    }
    action {
      type = "Delete"
    }
  }

  dynamic "cors" {
    for_each = length(var.cors_origins) == 0 ? [] : [var.cors_origins]
    content {
      origin          = cors.value
      method          = local.catalog.cors.results.methods
      response_header = local.catalog.cors.results.headers
      max_age_seconds = local.catalog.cors.results.maxAgeSeconds
    }
  }

  depends_on = [google_project_service.this]
}

# A note of each erasure and withdrawal, which no restore of the database takes back: scripts/replay erases again by them what a restore has
# brought back. Names are keyed hashes. They are kept for longer than anything can be restored from, and not a day longer than the receipts
# say: a soft deletion would add a week. Until then the bucket itself refuses to delete them.
resource "google_storage_bucket" "tombstones" {
  name     = "${var.project_id}-${var.prefix}-tombstones"
  location = var.region

  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = !var.protect_data

  dynamic "encryption" {
    for_each = var.kms_key[*]
    content {
      default_kms_key_name = encryption.value
    }
  }

  soft_delete_policy {
    retention_duration_seconds = 0
  }

  dynamic "retention_policy" {
    for_each = var.protect_data ? [local.catalog.tombstoneDays * 86400] : []
    content {
      retention_period = retention_policy.value
    }
  }

  lifecycle_rule {
    condition {
      age = local.catalog.tombstoneDays
    }
    action {
      type = "Delete"
    }
  }

  depends_on = [google_project_service.this]
}

resource "google_firestore_database" "this" {
  count = var.create_database ? 1 : 0

  name        = var.database
  location_id = local.firestore_location
  type        = "FIRESTORE_NATIVE"

  point_in_time_recovery_enablement = "POINT_IN_TIME_RECOVERY_ENABLED"
  delete_protection_state           = var.protect_data ? "DELETE_PROTECTION_ENABLED" : "DELETE_PROTECTION_DISABLED"
  deletion_policy                   = var.protect_data ? "ABANDON" : "DELETE"

  dynamic "cmek_config" {
    for_each = var.kms_key[*]
    content {
      kms_key_name = cmek_config.value
    }
  }

  depends_on = [google_project_service.this]
}

# The list stands beside the queries, in internal/store. The local Firestore refuses a query that has no index there, as this one does.
resource "google_firestore_index" "this" {
  for_each = { for i in local.catalog.indexes : i.name => i }

  database    = local.database
  collection  = each.value.collection
  query_scope = each.value.group ? "COLLECTION_GROUP" : "COLLECTION"

  dynamic "fields" {
    for_each = each.value.fields
    content {
      field_path = fields.value.path
      order      = fields.value.order
    }
  }
}

resource "google_firestore_field" "ttl" {
  for_each = toset(local.catalog.expiring)

  database   = local.database
  collection = each.value
  field      = "expireAt"

  ttl_config {}
  # Nobody queries by it but the sweep, one collection at a time; ever-growing values in an index are a hot spot.
  index_config {
    indexes {
      order       = "ASCENDING"
      query_scope = "COLLECTION_GROUP"
    }
    indexes {
      order       = "ASCENDING"
      query_scope = "COLLECTION"
    }
  }
}

# What a query over all collections of a name asks by; an index within one collection Firestore keeps by itself, unless told otherwise.
resource "google_firestore_field" "group" {
  for_each = { for f in local.catalog.groupFields : "${f.collection}.${f.field}" => f }

  database   = local.database
  collection = each.value.collection
  field      = each.value.field

  index_config {
    indexes {
      order       = "ASCENDING"
      query_scope = "COLLECTION"
    }
    indexes {
      order       = "ASCENDING"
      query_scope = "COLLECTION_GROUP"
    }
  }
}

# Maps, arrays and long texts that no query asks by, each value of which would be two entries of an index. The composite indexes stand
# beside this. It comes after the functions: what is exempted now, the version before may still ask by.
resource "google_firestore_field" "unindexed" {
  for_each = { for f in local.catalog.unindexed : "${f.collection}.${f.field}" => f }

  database   = local.database
  collection = each.value.collection
  field      = each.value.field

  index_config {}

  depends_on = [module.function]
}

resource "google_firestore_backup_schedule" "daily" {
  count = var.create_database ? 1 : 0

  database  = local.database
  retention = "${local.catalog.restorableDays * 86400}s" # the receipt of an erasure names it as the residual window

  daily_recurrence {}
}

# Clients are denied everything: there is one door, the HTTP API.
resource "google_firebaserules_ruleset" "firestore" {
  source {
    files {
      name    = "firestore.rules"
      content = file("${path.module}/firestore.rules")
    }
  }

  lifecycle {
    create_before_destroy = true # a release never points at nothing
  }

  depends_on = [google_firestore_database.this]
}

resource "google_firebaserules_release" "firestore" {
  # https://firebase.google.com/docs/reference/rules/rest/v1/projects.releases: a database other than the default has its id behind.
  name         = var.database == "(default)" ? "cloud.firestore" : "cloud.firestore/${var.database}"
  ruleset_name = google_firebaserules_ruleset.firestore.name

  lifecycle {
    replace_triggered_by = [google_firebaserules_ruleset.firestore]
  }
}
