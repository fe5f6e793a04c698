# What each function may touch, by its row of the catalog. Grants are on the resource, but for Firestore's, whose smallest role is the
# project's: every function that may use the database may use all of it. Splitting the database would be the only cure.
locals {
  # {function, bucket, role} of every function that touches a bucket.
  bucket_roles = {
    read   = "roles/storage.objectViewer"
    create = "roles/storage.objectCreator"
    write  = "roles/storage.objectUser"
  }
  bucket_grants = merge(
    { for name, f in local.functions : "${name}-uploads" => { function = name, bucket = google_storage_bucket.uploads.name, role = local.bucket_roles[f.access.uploads] } if f.access.uploads != "" },
    { for name, f in local.functions : "${name}-results" => { function = name, bucket = google_storage_bucket.results.name, role = local.bucket_roles[f.access.results] } if f.access.results != "" },
  )
  publish_grants = merge([
    for name, f in local.functions : { for topic in f.access.publishes : "${name}-${topic}" => { function = name, topic = topic } }
  ]...)
  secret_readers = {
    for secret in keys(local.secret_ids) : secret => [for name, f in local.functions : name if contains(values(f.access.secrets), secret)]
  }
}

resource "google_project_iam_member" "firestore" {
  for_each = { for name, f in local.functions : name => f if f.access.firestore }

  project = var.project_id
  role    = "roles/datastore.user"
  member  = google_service_account.function[each.key].member
}

resource "google_storage_bucket_iam_member" "function" {
  for_each = local.bucket_grants

  bucket = each.value.bucket
  role   = each.value.role
  member = google_service_account.function[each.value.function].member
}

resource "google_pubsub_topic_iam_member" "function" {
  for_each = local.publish_grants

  topic  = google_pubsub_topic.this[each.value.topic].id
  role   = "roles/pubsub.publisher"
  member = google_service_account.function[each.value.function].member
}

# The only grants that are set and not added, so that nobody else reads a secret of ours. It is quicker, too: the provider adds members one
# after the other, three seconds each, and every function waits for its secrets.
resource "google_secret_manager_secret_iam_binding" "readers" {
  for_each = local.secret_readers

  secret_id = local.secret_ids[each.key]
  role      = "roles/secretmanager.secretAccessor"
  members   = [for name in each.value : google_service_account.function[name].member]
}

# Signing a URL without a key is IAM's signBlob in the function's own name.
resource "google_service_account_iam_member" "signs" {
  for_each = { for name, f in local.functions : name => f if f.access.signs }

  service_account_id = google_service_account.function[each.key].name
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = google_service_account.function[each.key].member
}

# Google's own roles for these are `*.admin` or grant far more than is used.
resource "google_project_iam_custom_role" "this" {
  for_each = {
    auth_reader = {
      title       = "FaceScan: reads Firebase users"
      permissions = ["firebaseauth.users.get"]
    }
    auth_eraser = {
      title       = "FaceScan: disables and deletes Firebase users"
      permissions = ["firebaseauth.users.get", "firebaseauth.users.update", "firebaseauth.users.delete"]
    }
    push_sender = {
      title       = "FaceScan: sends pushes"
      permissions = ["cloudmessaging.messages.create"]
    }
  }

  role_id     = "facescan_${each.key}"
  title       = each.value.title
  permissions = each.value.permissions

  depends_on = [google_project_service.this]
}

resource "google_project_iam_member" "auth" {
  for_each = { for name, f in local.functions : name => f if f.access.auth != "" }

  project = var.project_id
  role    = google_project_iam_custom_role.this["auth_${each.value.access.auth}"].name
  member  = google_service_account.function[each.key].member
}

resource "google_project_iam_member" "push" {
  for_each = { for name, f in local.functions : name => f if f.access.push }

  project = var.project_id
  role    = google_project_iam_custom_role.this["push_sender"].name
  member  = google_service_account.function[each.key].member
}

resource "google_project_iam_member" "traces" {
  for_each = var.otlp_endpoint == "" ? {} : local.functions

  project = var.project_id
  role    = "roles/telemetry.tracesWriter"
  member  = google_service_account.function[each.key].member
}
