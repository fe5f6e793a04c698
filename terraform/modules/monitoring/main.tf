# Four signals page somebody: the API's error budget burns, scans get stale, events die or wait, the bill grows. All else is on the dashboard.
locals {
  playbooks = "https://github.com/facescan/facescan/blob/main/terraform/playbooks"

  # Counters and distributions made of the functions' own log lines: name to filter and, for a distribution, the value's field.
  log_metrics = {
    event_parked = {
      description = "Events that no retry can heal, written to parked/."
      filter      = "jsonPayload.message=\"event parked\""
      value       = null
      unit        = "1"
    }
    event_left = {
      description = "Events that could not be published at once and wait for the sweep."
      filter      = "jsonPayload.message=\"event left to the sweep\""
      value       = null
      unit        = "1"
    }
    notification_failed = {
      description = "Deliveries of notify that failed and will be tried again, or were refused."
      filter      = "jsonPayload.message=\"push refused\" OR jsonPayload.message=\"a message could not be sent\""
      value       = null
      unit        = "1"
    }
    notification_blocked = {
      description = "Errors of notify that no repetition heals before operators act: credentials, a push that FCM refuses, a text, a zone."
      filter = "severity=\"ERROR\" AND (${join(" OR ", [
        "jsonPayload.message=\"a message could not be sent\"",
        "jsonPayload.message=\"a text fails in one language: the English one is used\"",
        "jsonPayload.message=\"a user's zone is not known: UTC is used\"",
        "jsonPayload.message=\"a delivery cannot be read, and is not sent\"",
        "jsonPayload.message=\"what was put off cannot be read\"",
        "jsonPayload.message=\"the inbox item of what was put off cannot be read\"",
      ])})"
      value = null
      unit  = "1"
    }
    scan_freshness = {
      description = "Seconds from a photo's finalize to its scan's end."
      filter      = "jsonPayload.message=\"scan finished\""
      value       = "EXTRACT(jsonPayload.fresh_s)"
      unit        = "s"
    }
  }

  # Fast and slow burn of a 30-day budget, https://sre.google/workbook/alerting-on-slos/ table 5-8: 2 % within an hour, 5 % within six.
  burn_rates = {
    fast = { rate = 14.4, window = "3600s", severity = "CRITICAL" }
    slow = { rate = 6, window = "21600s", severity = "WARNING" }
  }

  slos = {
    availability = google_monitoring_slo.availability
    latency      = google_monitoring_slo.latency
    freshness    = google_monitoring_slo.freshness
  }
  burns = merge([for slo in keys(local.slos) : { for speed, burn in local.burn_rates : "${slo}-${speed}" => merge(burn, { slo = slo, speed = speed }) }]...)
}

resource "google_logging_metric" "this" {
  for_each = local.log_metrics

  name            = "facescan/${each.key}"
  description     = each.value.description
  filter          = "resource.type=\"cloud_run_revision\" AND resource.labels.service_name=~\"^facescan-\" AND (${each.value.filter})"
  value_extractor = each.value.value

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = each.value.value == null ? "INT64" : "DISTRIBUTION"
    unit        = each.value.unit
  }

  dynamic "bucket_options" {
    for_each = each.value.value[*]
    content {
      explicit_buckets {
        bounds = [0.5, 1, 2, 5, 10, 15, 20, 30, 45, 60, 120, 300, 600, 3600]
      }
    }
  }
}

resource "google_monitoring_notification_channel" "email" {
  for_each = var.alert_emails

  display_name = each.value
  type         = "email"
  labels       = { email_address = each.value }
}

locals {
  channels = [for c in google_monitoring_notification_channel.email : c.id]
}

resource "google_monitoring_uptime_check_config" "api" {
  display_name = "FaceScan API"
  timeout      = "10s"
  period       = "60s"

  http_check {
    path         = "/readyz"
    port         = 443
    use_ssl      = true
    validate_ssl = true
  }

  monitored_resource {
    type = "uptime_url"
    labels = {
      project_id = var.project_id
      host       = var.domain
    }
  }
}

resource "google_monitoring_custom_service" "api" {
  service_id   = "facescan-api"
  display_name = "FaceScan API"
}

locals {
  lb_filter = "resource.type=\"https_lb_rule\" AND resource.labels.url_map_name=\"${var.url_map}\""
}

resource "google_monitoring_slo" "availability" {
  service             = google_monitoring_custom_service.api.service_id
  slo_id              = "availability"
  display_name        = "99.9 % of requests are answered without a 5xx"
  goal                = 0.999
  rolling_period_days = 30

  request_based_sli {
    good_total_ratio {
      total_service_filter = "metric.type=\"loadbalancing.googleapis.com/https/request_count\" AND ${local.lb_filter}"
      bad_service_filter   = "metric.type=\"loadbalancing.googleapis.com/https/request_count\" AND ${local.lb_filter} AND metric.labels.response_code_class=\"500\""
    }
  }
}

resource "google_monitoring_slo" "latency" {
  service             = google_monitoring_custom_service.api.service_id
  slo_id              = "latency"
  display_name        = "99 % of requests, long polls aside, are answered within a second"
  goal                = 0.99
  rolling_period_days = 30

  request_based_sli {
    distribution_cut {
      # Backend latency without the function scans, whose long polls last as long as they are asked to.
      distribution_filter = "metric.type=\"loadbalancing.googleapis.com/https/backend_latencies\" AND ${local.lb_filter} AND resource.labels.backend_target_name!=\"${var.backends["scans"]}\""
      range {
        min = 0
        max = 1000
      }
    }
  }
}

resource "google_monitoring_slo" "freshness" {
  service             = google_monitoring_custom_service.api.service_id
  slo_id              = "freshness"
  display_name        = "95 % of scans end within 30 s of their upload"
  goal                = 0.95
  rolling_period_days = 30

  request_based_sli {
    distribution_cut {
      distribution_filter = "metric.type=\"logging.googleapis.com/user/${google_logging_metric.this["scan_freshness"].name}\" AND resource.type=\"cloud_run_revision\""
      range {
        min = 0
        max = 30
      }
    }
  }
}

resource "google_monitoring_alert_policy" "burn" {
  for_each = local.burns

  display_name          = "FaceScan ${var.environment}: ${each.value.slo} budget burns ${each.value.rate} times too fast"
  combiner              = "OR"
  severity              = each.value.severity
  notification_channels = local.channels

  conditions {
    display_name = "burn rate over ${each.value.window}"
    condition_threshold {
      filter          = "select_slo_burn_rate(\"${local.slos[each.value.slo].id}\", \"${each.value.window}\")"
      comparison      = "COMPARISON_GT"
      threshold_value = each.value.rate
      duration        = "0s"
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "Playbook: ${local.playbooks}/${each.value.slo}.md"
  }
}

locals {
  # Alerts on one metric each: name to filter, aligner, threshold and how long it has to hold.
  threshold_alerts = {
    dead-letters = {
      title     = "events are in the dead-letter topic"
      filter    = "metric.type=\"pubsub.googleapis.com/subscription/num_undelivered_messages\" AND resource.type=\"pubsub_subscription\" AND resource.labels.subscription_id=\"${var.dead_letter_subscription}\""
      aligner   = "ALIGN_MAX"
      threshold = 0
      duration  = "0s"
      severity  = "CRITICAL"
    }
    unacked = {
      title     = "an event has waited for ten minutes"
      filter    = "metric.type=\"pubsub.googleapis.com/subscription/oldest_unacked_message_age\" AND resource.type=\"pubsub_subscription\" AND resource.labels.subscription_id!=\"${var.dead_letter_subscription}\""
      aligner   = "ALIGN_MAX"
      threshold = 600
      duration  = "300s"
      severity  = "ERROR"
    }
    parked = {
      title     = "an event was parked"
      filter    = "metric.type=\"logging.googleapis.com/user/${google_logging_metric.this["event_parked"].name}\" AND resource.type=\"cloud_run_revision\""
      aligner   = "ALIGN_SUM"
      threshold = 0
      duration  = "0s"
      severity  = "ERROR"
    }
    notifications = {
      title     = "notifications fail"
      filter    = "metric.type=\"logging.googleapis.com/user/${google_logging_metric.this["notification_failed"].name}\" AND resource.type=\"cloud_run_revision\""
      aligner   = "ALIGN_SUM"
      threshold = 20
      duration  = "600s"
      severity  = "WARNING"
    }
    notifications-blocked = {
      title     = "notifications cannot be sent until somebody acts"
      filter    = "metric.type=\"logging.googleapis.com/user/${google_logging_metric.this["notification_blocked"].name}\" AND resource.type=\"cloud_run_revision\""
      aligner   = "ALIGN_SUM"
      threshold = 0
      duration  = "0s"
      severity  = "ERROR"
    }
    instances = {
      title     = "a function is at its most instances"
      filter    = "metric.type=\"run.googleapis.com/container/instance_count\" AND resource.type=\"cloud_run_revision\" AND resource.labels.service_name=starts_with(\"facescan-\")"
      aligner   = "ALIGN_MAX"
      threshold = 18
      duration  = "600s"
      severity  = "WARNING"
    }
  }
}

resource "google_monitoring_alert_policy" "threshold" {
  for_each = local.threshold_alerts

  display_name          = "FaceScan ${var.environment}: ${each.value.title}"
  combiner              = "OR"
  severity              = each.value.severity
  notification_channels = local.channels

  conditions {
    display_name = each.value.title
    condition_threshold {
      filter          = each.value.filter
      comparison      = "COMPARISON_GT"
      threshold_value = each.value.threshold
      duration        = each.value.duration
      aggregations {
        alignment_period   = "60s"
        per_series_aligner = each.value.aligner
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "Playbook: ${local.playbooks}/${each.key}.md"
  }
}

resource "google_monitoring_alert_policy" "uptime" {
  display_name          = "FaceScan ${var.environment}: the API does not answer"
  combiner              = "OR"
  severity              = "CRITICAL"
  notification_channels = local.channels

  conditions {
    display_name = "two of the checkers fail"
    condition_threshold {
      filter          = "metric.type=\"monitoring.googleapis.com/uptime_check/check_passed\" AND resource.type=\"uptime_url\" AND metric.labels.check_id=\"${google_monitoring_uptime_check_config.api.uptime_check_id}\""
      comparison      = "COMPARISON_GT"
      threshold_value = 1
      duration        = "120s"
      aggregations {
        alignment_period     = "120s"
        per_series_aligner   = "ALIGN_NEXT_OLDER"
        cross_series_reducer = "REDUCE_COUNT_FALSE"
        group_by_fields      = ["resource.label.host"]
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "Playbook: ${local.playbooks}/availability.md"
  }
}

resource "google_monitoring_dashboard" "this" {
  dashboard_json = templatefile("${path.module}/dashboard.json.tftpl", {
    environment       = var.environment
    url_map           = var.url_map
    freshness         = google_logging_metric.this["scan_freshness"].name
    parked            = google_logging_metric.this["event_parked"].name
    dead_letter       = var.dead_letter_subscription
    notification_fail = google_logging_metric.this["notification_failed"].name
  })
}
