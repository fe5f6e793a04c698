# Google's logs of requests, Cloud Run's and the load balancer's, have the client's address and the whole path: ids, usernames, a receipt's secret
# and the token of a link in a mail. FaceScan's own logs have none of that, and receipts of erasures say so. So the project keeps none of them, but
# what Cloud Armor refused or would have refused, which is read to tell an attack from a rule that is wrong: a week, in the region and not in the
# global _Default. Metrics of log lines count excluded lines, too, so the alerts on requests that fail see all of them
# (https://cloud.google.com/logging/docs/logs-based-metrics). An owner makes this, since who changes sinks decides what is logged at all.
locals {
  of_functions = "log_id(\"run.googleapis.com/requests\") AND resource.type=\"cloud_run_revision\" AND resource.labels.service_name=~\"^${var.prefix}-(${join("|", sort(keys(local.functions)))})$\""
  of_balancer  = "log_id(\"requests\") AND resource.type=\"http_load_balancer\" AND resource.labels.url_map_name=\"${var.prefix}-api\""
}

resource "google_logging_project_exclusion" "requests" {
  project     = var.project_id
  name        = "${var.prefix}-requests"
  description = "Requests to FaceScan, which have addresses, names and secrets of users in them."
  filter      = "(${local.of_functions}) OR (${local.of_balancer})"
}

resource "google_logging_project_bucket_config" "requests" {
  project        = var.project_id
  location       = var.region
  bucket_id      = "${var.prefix}-requests"
  description    = "Requests that Cloud Armor refused, or would have."
  retention_days = local.catalog.requestLogDays
}

resource "google_logging_project_sink" "requests" {
  project     = var.project_id
  name        = "${var.prefix}-requests"
  description = "Requests that Cloud Armor refused, or would have."
  destination = "logging.googleapis.com/${google_logging_project_bucket_config.requests.id}"
  # https://cloud.google.com/armor/docs/request-logging
  filter = "${local.of_balancer} AND (jsonPayload.enforcedSecurityPolicy.outcome=\"DENY\" OR jsonPayload.previewSecurityPolicy.outcome=\"DENY\")"

  # A bucket of the same project needs no grant: https://cloud.google.com/logging/docs/export/configure_export_v2#dest-auth
  unique_writer_identity = true
}
