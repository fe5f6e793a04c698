# What each function may touch, by its row of the catalog. Who may publish to which topic stands with the topics, in ../facescan.
locals {
  bucket_roles = {
    read   = "roles/storage.objectViewer"
    create = "roles/storage.objectCreator"
    write  = "roles/storage.objectUser"
  }
  database_roles = {
    read  = "roles/datastore.viewer"
    write = "roles/datastore.user"
  }
  bucket_grants = merge([
    for bucket in ["uploads", "results", "tombstones"] : {
      for name, f in local.functions : "${name}-${bucket}" => {
        function = name, bucket = bucket, role = local.bucket_roles[f.access[bucket]]
      } if f.access[bucket] != ""
    }
  ]...)

  # Google's own roles for these are `*.admin` or grant far more than is used.
  custom_roles = {
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
    url_signer = {
      title       = "FaceScan: signs URLs"
      permissions = ["iam.serviceAccounts.signBlob"]
    }
  }

  role_prefix = replace(var.prefix, "-", "_") # a role's id has no hyphens
}

resource "google_project_iam_custom_role" "this" {
  for_each = local.custom_roles

  project     = var.project_id
  role_id     = "${local.role_prefix}_${each.key}"
  title       = each.value.title
  permissions = each.value.permissions
}

resource "google_project_iam_member" "bucket" {
  for_each = local.bucket_grants

  project = var.project_id
  role    = each.value.role
  member  = google_service_account.function[each.value.function].member

  condition {
    title       = "in the bucket ${each.value.bucket}"
    description = "FaceScan's bucket ${local.buckets[each.value.bucket]}."
    expression  = local.in_bucket[each.value.bucket]
  }
}

# Firestore has no smaller roles than those for a whole database: a function that may write documents may write all of them. The condition
# keeps it to this environment's (https://cloud.google.com/firestore/docs/manage-databases#per-database_access_permissions).
resource "google_project_iam_member" "firestore" {
  for_each = { for name, f in local.functions : name => f if f.access.firestore != "" }

  project = var.project_id
  role    = local.database_roles[each.value.access.firestore]
  member  = google_service_account.function[each.key].member

  condition {
    title       = "${var.prefix}'s database"
    description = "The database ${var.database}."
    expression  = "resource.name == \"projects/${var.project_id}/databases/${var.database}\""
  }

  lifecycle {
    create_before_destroy = true # another role takes minutes to hold
  }
}

# Signing a URL without a key is IAM's signBlob in the function's own name. Google's role for it would make tokens as well.
resource "google_service_account_iam_member" "signs" {
  for_each = { for name, f in local.functions : name => f if f.access.signs }

  service_account_id = google_service_account.function[each.key].name
  role               = google_project_iam_custom_role.this["url_signer"].name
  member             = google_service_account.function[each.key].member

  # A grant takes minutes to hold, and without one no upload begins.
  lifecycle {
    create_before_destroy = true
  }
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
  for_each = { for name, f in local.functions : name => f if f.access.traces }

  project = var.project_id
  role    = "roles/telemetry.tracesWriter"
  member  = google_service_account.function[each.key].member
}
