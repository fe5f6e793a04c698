locals {
  app_check = join(",", concat([var.app_check_mode], [for operation, mode in var.app_check_routes : "${operation}=${mode}"]))

  # What functions are given where their rows of the catalog ask for it.
  settings = {
    FACESCAN_UPLOADS_BUCKET      = google_storage_bucket.uploads.name
    FACESCAN_RESULTS_BUCKET      = google_storage_bucket.results.name
    FACESCAN_TOMBSTONES_BUCKET   = google_storage_bucket.tombstones.name
    FACESCAN_FIREBASE_API_KEY    = var.firebase_api_key
    FACESCAN_MIN_AGE             = tostring(var.minimum_age)
    FACESCAN_SMTP                = var.mail.server
    FACESCAN_SMTP_USER           = var.mail.user
    FACESCAN_MAIL_FROM           = var.mail.from
    FACESCAN_PUBLIC_URL          = "https://${var.domain}"
    FACESCAN_RECEIPT_PUBLIC_KEYS = join(",", var.receipt_public_keys)
    FACESCAN_RELEASE             = var.release
    FACESCAN_OPERATOR_NAME       = var.operator.name
    FACESCAN_OPERATOR_CONTACT    = var.operator.contact
  }

  environment = {
    for name, f in local.functions : name => merge(
      {
        GOOGLE_CLOUD_PROJECT        = var.project_id # second generation functions are not told
        FACESCAN_DATABASE           = local.database
        FACESCAN_TOPIC_PREFIX       = "${var.prefix}-"
        FACESCAN_CORS_ORIGINS       = join(",", var.cors_origins)
        FACESCAN_TRACE_RATIO        = tostring(var.trace_ratio)
        OTEL_EXPORTER_OTLP_ENDPOINT = var.otlp_endpoint
        OTEL_EXPORTER_OTLP_PROTOCOL = var.otlp_protocol
        # Go's collector works harder near the limit instead of letting the heap double past the instance's memory, where
        # the instance is killed with the requests that it serves. A tenth is for what the runtime does not count.
        GOMEMLIMIT = "${floor(f.memoryMiB * 0.9)}MiB"
      },
      { for key in f.environment : key => local.settings[key] },
      f.trigger == "http" ? { FACESCAN_APP_CHECK = local.app_check } : {
        FACESCAN_PUSH_AUDIENCE                   = local.service_urls[name]
        FACESCAN_PUSH_ACCOUNT                    = local.accounts["push"]
      },
      f.access.signs ? { FACESCAN_SIGNING_ACCOUNT = local.accounts[name] } : {},
    )
  }

  # The bootstrap makes the secrets, and `scripts/deploy bootstrap` writes their first versions: no value ever stands in a state.
  secrets = {
    for name, f in local.functions : name => {
      for variable, id in f.access.secrets : variable => {
        secret  = "projects/${var.project_id}/secrets/${var.prefix}-${id}"
        version = lookup(var.secret_versions, id, "1")
      }
    }
  }

  # A function that is not named may have 20 instances, which with a vCPU each is the quota of a new project's region:
  # 20,000 mCPU, 40 GiB (https://cloud.google.com/run/quotas).
  scaling = { for name, f in local.functions : name => lookup(var.scaling, name, { min_instances = 0, max_instances = 20 }) }

  # The hash of its zip is a label of each function: a commit would deploy functions that it did not change.
  function_labels = {
    for name, f in local.functions : name => merge(
      var.labels,
      { source = substr(sha256(var.function_sources[name].object), 0, 16) },
      name == local.catalog.fallback && var.release != "" ? { release = lower(replace(var.release, "/[^a-zA-Z0-9_-]/", "-")) } : {},
    )
  }
}

module "function" {
  source   = "../function"
  for_each = local.functions

  name         = each.key
  service_name = local.service_names[each.key]
  function     = each.value
  location     = var.region
  runtime      = var.runtime
  build = {
    service_account = "projects/${var.project_id}/serviceAccounts/${local.accounts["build"]}"
    repository      = "projects/${var.project_id}/locations/${var.region}/repositories/${var.prefix}"
    bucket          = google_storage_bucket.source.name
    object          = google_storage_bucket_object.source[each.key].name
  }
  service_account_email = local.accounts[each.key]
  environment_variables = local.environment[each.key]
  secrets               = local.secrets[each.key]
  scaling               = local.scaling[each.key]
  labels                = local.function_labels[each.key]
  ingress               = each.value.trigger == "http" ? "ALLOW_INTERNAL_AND_GCLB" : "ALLOW_INTERNAL_ONLY"
  # Where the organisation admits no allUsers, the check of the invoker is switched off by hand; see terraform/README.md.
  invoker = each.value.trigger != "http" ? "serviceAccount:${local.accounts["push"]}" : var.public_invoker ? "allUsers" : null

  # Code that asks by a new index comes once the index is built.
  depends_on = [google_project_service.this, google_firestore_index.this, google_firestore_field.group]
}
