# Every function runs as an account of its own, which iam.tf gives what the catalog says that the function touches.
resource "google_service_account" "function" {
  for_each = local.functions

  account_id   = "fs-${each.key}"
  display_name = "FaceScan function ${each.key}"
  description  = each.value.purpose

  depends_on = [google_project_service.this]
}

locals {
  app_check = join(",", concat([var.app_check_mode], [for operation, mode in var.app_check_routes : "${operation}=${mode}"]))

  # What an environment variable says is given only to the functions that need it.
  environment = {
    for name, f in local.functions : name => merge(
      {
        GOOGLE_CLOUD_PROJECT        = var.project_id # second generation functions are not told
        FACESCAN_CORS_ORIGINS       = join(",", var.cors_origins)
        FACESCAN_TRACE_RATIO        = tostring(var.trace_ratio)
        OTEL_EXPORTER_OTLP_ENDPOINT = var.otlp_endpoint
        # Go's collector works harder near the limit instead of letting the heap double past the instance's memory, where
        # the instance is killed with the requests that it serves. A tenth is for what the runtime does not count.
        GOMEMLIMIT = "${floor(f.memoryMiB * 0.9)}MiB"
      },
      { for key in f.environment : key => local.settings[key] },
      f.trigger == "http" ? { FACESCAN_APP_CHECK = local.app_check } : {
        FACESCAN_PUSH_AUDIENCE                   = local.service_urls[name]
        FACESCAN_PUSH_ACCOUNT                    = google_service_account.push.email
      },
      f.access.signs ? { FACESCAN_SIGNING_ACCOUNT = google_service_account.function[name].email } : {},
    )
  }

  secrets = {
    for name, f in local.functions : name => {
      for variable, id in f.access.secrets : variable => {
        secret  = local.secret_ids[id]
        version = try(var.secret_versions[id], "1")
      }
    }
  }

  scaling = { for name, f in local.functions : name => try(var.scaling[name], { min_instances = 0, max_instances = 20 }) }

  build = {
    for name, f in local.functions : name => {
      service_account = google_service_account.build.id
      repository      = google_artifact_registry_repository.functions.id
      bucket          = google_storage_bucket.source.name
      object          = google_storage_bucket_object.source[name].name
    }
  }
}

module "http_function" {
  source   = "./modules/http_function"
  for_each = local.http_functions

  name                  = each.key
  service_name          = local.service_names[each.key]
  function              = each.value
  location              = var.region
  runtime               = var.runtime
  build                 = local.build[each.key]
  service_account_email = google_service_account.function[each.key].email
  environment_variables = local.environment[each.key]
  secrets               = local.secrets[each.key]
  scaling               = local.scaling[each.key]

  # Code that asks by a new index comes once the index is built.
  depends_on = [
    google_secret_manager_secret_iam_binding.readers, google_project_iam_member.build_logs,
    google_firestore_index.this, google_firestore_field.group,
  ]
}

module "event_function" {
  source   = "./modules/event_function"
  for_each = local.event_functions

  name                  = each.key
  service_name          = local.service_names[each.key]
  function              = each.value
  location              = var.region
  runtime               = var.runtime
  build                 = local.build[each.key]
  service_account_email = google_service_account.function[each.key].email
  environment_variables = local.environment[each.key]
  secrets               = local.secrets[each.key]
  scaling               = local.scaling[each.key]
  invoker               = google_service_account.push.member
  storage_trigger = contains(local.eventarc_functions, each.key) ? {
    bucket                = google_storage_bucket.uploads.name
    service_account_email = google_service_account.push.email
  } : null

  # Code that asks by a new index comes once the index is built.
  depends_on = [
    google_secret_manager_secret_iam_binding.readers, google_project_iam_member.build_logs,
    google_firestore_index.this, google_firestore_field.group,
  ]
}
