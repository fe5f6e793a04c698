# What is watched, and who is told. Alerts that page are CRITICAL: users are harmed now. ERROR wants hands today, WARNING within the week.
# Each alert has its page in playbooks/, and each filter's metric is in the list of checks/alerts_test.go with its source.
locals {
  watched = var.edge != null # what the load balancer and Cloud Armor tell

  # By name and not by prefix: another environment's prefix may begin with ours.
  service_filter = "resource.labels.service_name=one_of(${join(",", [for s in var.services : jsonencode(s)])})"
  api_filter     = "resource.labels.service_name=one_of(${join(",", [for name in var.http_functions : jsonencode(var.services[name])])})"
  job_filter     = "resource.labels.subscription_id=one_of(${join(",", [for s in var.subscriptions : jsonencode(s)])})"
  service_regexp = join("|", values(var.services))
  lb_filter      = "resource.type=\"https_lb_rule\" AND resource.labels.url_map_name=\"${try(var.edge.url_map, "none")}\""
}

# Counters and distributions made of log lines: name to filter, the labels that are taken of the line and, for a distribution, the value's
# field. `ours` are the functions' own lines, the others are Google's: https://docs.cloud.google.com/run/docs/logging (requests and
# varlog/system), https://docs.cloud.google.com/run/docs/troubleshooting (their texts),
# https://docs.cloud.google.com/firestore/native/docs/audit-logging (admin activity, which is always logged).
locals {
  ours = "resource.type=\"cloud_run_revision\" AND resource.labels.service_name=~\"^(${local.service_regexp})$\" AND "
  log_lines = {
    event_parked = {
      description = "Events that no retry can heal, written to parked/."
      filter      = "${local.ours}jsonPayload.message=\"event parked\""
    }
    event_left = {
      description = "Events that could not be published at once and wait for the sweep."
      filter      = "${local.ours}jsonPayload.message=\"event left to the sweep\""
    }
    notification_sent = {
      description = "Messages that a provider took, by channel."
      filter      = "${local.ours}jsonPayload.message=\"a message was sent\""
      labels      = ["channel"]
    }
    notification_failed = {
      description = "Attempts to send a message that failed, by channel. A mail server that wants to know us first is none."
      filter      = "${local.ours}jsonPayload.message=\"a message could not be sent\" AND NOT jsonPayload.class=\"greylisted\""
      labels      = ["channel"]
    }
    notification_blocked = {
      description = "Errors of notify that no repetition heals before operators act: credentials, a push that FCM refuses, a text, a zone."
      filter = "${local.ours}severity=\"ERROR\" AND (${join(" OR ", [
        "jsonPayload.message=\"a message could not be sent\"",
        "jsonPayload.message=\"a text fails in one language: the English one is used\"",
        "jsonPayload.message=\"a user's zone is not known: UTC is used\"",
        "jsonPayload.message=\"a delivery cannot be read, and is not sent\"",
        "jsonPayload.message=\"what was put off cannot be read\"",
        "jsonPayload.message=\"the inbox item of what was put off cannot be read\"",
        "jsonPayload.message=\"send the reset mail\"",
      ])})"
    }
    scan_freshness = {
      description = "Seconds from a photo's finalize to its scan's end."
      filter      = "${local.ours}jsonPayload.message=\"scan finished\""
      value       = "EXTRACT(jsonPayload.fresh_s)"
      unit        = "s"
    }
    scan_ended = {
      description = "Scans that ended, whether in a result or not."
      filter      = "${local.ours}jsonPayload.message=\"scan finished\""
    }
    scan_fresh = {
      description = "Scans that ended within 30 s of their photo's finalize."
      filter      = "${local.ours}jsonPayload.message=\"scan finished\" AND jsonPayload.fresh_s<=30"
    }
    swept = {
      description = "Sweeps that ran."
      filter      = "${local.ours}jsonPayload.message=\"swept\""
    }
    late = {
      description = "Looks of the sweep at an erasure or an export that should have been over, and exports that were given up."
      filter      = "${local.ours}(jsonPayload.message=\"erasure is late\" OR jsonPayload.message=\"export is late\" OR jsonPayload.message=\"export failed\")"
    }
    panic = {
      description = "Panics, and processes that ended a computation that never would."
      filter = "${local.ours}(${join(" OR ", [
        "jsonPayload.message=\"panic\"",
        "jsonPayload.message=\"analysis panicked\"",
        "jsonPayload.message=\"rendition panicked\"",
        "jsonPayload.message=\"computation outlived its time, the process ends\"",
        "textPayload=~\"^(panic|fatal error): \"", # Go's own, of what no code of ours recovers
      ])})"
    }
    memory_exceeded = {
      description = "Instances that were ended since they took more memory than they have."
      filter      = "${local.ours}log_id(\"run.googleapis.com/varlog/system\") AND textPayload:\"Memory limit of\""
    }
    # Cloud Run's own log of requests. Its metric run.googleapis.com/request_count leaves out the requests that no instance took
    # (https://docs.cloud.google.com/monitoring/api/metrics_gcp_p_z#gcp-run), and the load balancer's 429 may be a user's quota or
    # Cloud Armor's throttle.
    request = {
      description = "Requests to the functions, those that no instance took included."
      filter      = "${local.ours}log_id(\"run.googleapis.com/requests\")"
    }
    request_failed = {
      description = "Requests answered with a 5xx, or not taken by any instance, which is a 429 or a 500."
      filter      = "${local.ours}log_id(\"run.googleapis.com/requests\") AND (httpRequest.status>=500 OR textPayload:\"no available instance\")"
    }
    request_unserved = {
      description = "Requests that no instance took."
      filter      = "${local.ours}log_id(\"run.googleapis.com/requests\") AND textPayload:\"no available instance\""
    }
    backup_removed = {
      description = "Backups of the database that were deleted, and schedules of them that were changed or deleted."
      filter      = "protoPayload.methodName=~\"^google.firestore.admin.v1.FirestoreAdmin.(DeleteBackup|DeleteBackupSchedule|UpdateBackupSchedule)$\""
    }
  }
  log_metrics = { for name, m in local.log_lines : name => merge({ labels = [], value = null, unit = "1" }, m) }

  # As filters and as PromQL name a metric: https://docs.cloud.google.com/monitoring/promql/promql-mapping. A metric that has never been
  # written has no series, so a query that is to see that says "or vector(0)".
  metric_names  = { for name in keys(local.log_lines) : name => try(google_logging_metric.this[name].name, "") }
  metric_series = { for name, m in local.metric_names : name => "logging_googleapis_com:user_${replace(m, "/[^a-zA-Z0-9_]/", "_")}" }
  # ... of a function's lines, of which each metric but backup_removed is.
  run_series  = { for name, series in local.metric_series : name => "${series}{monitored_resource=\"cloud_run_revision\"}" }
  run_filters = { for name, m in local.metric_names : name => "metric.type=\"logging.googleapis.com/user/${m}\" AND resource.type=\"cloud_run_revision\"" }
}

resource "google_logging_metric" "this" {
  for_each = local.log_metrics

  name            = "${var.prefix}/${each.key}"
  description     = each.value.description
  filter          = each.value.filter
  value_extractor = each.value.value

  label_extractors = { for l in each.value.labels : l => "EXTRACT(jsonPayload.${l})" }

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = each.value.value == null ? "INT64" : "DISTRIBUTION"
    unit        = each.value.unit

    dynamic "labels" {
      for_each = each.value.labels
      content {
        key        = labels.value
        value_type = "STRING"
      }
    }
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
  channels = concat([for c in google_monitoring_notification_channel.email : c.id], var.notification_channels)
}

resource "google_monitoring_uptime_check_config" "api" {
  count = local.watched ? 1 : 0

  display_name = "${var.prefix} API"
  timeout      = "10s"
  period       = "60s"

  http_check {
    path         = "/ready"
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
  service_id   = "${var.prefix}-api"
  display_name = "${var.prefix} API"
}

locals {
  # A request that no instance took is as bad as a 5xx, and a user's own quota is neither: so it is counted by Cloud Run's log, and not at
  # the load balancer, whose 429 is all three. What fails before Cloud Run the uptime check sees.
  slos = {
    availability = { goal = 0.999, title = "99.9 % of requests are taken, and answered without a 5xx", made = var.log_alerts_enabled }
    latency      = { goal = 0.99, title = "99 % of requests, long polls aside, are answered within a second", made = local.watched }
  }
  # Not one of Google's SLOs: its photos are counted at the topic and its scans in the log, since a dead analyze logs nothing, and the
  # API's page does not say that a ratio may be of two resources. The burn alerts are the same.
  fresh_goal = 0.95
}

resource "google_monitoring_slo" "this" {
  for_each = { for name, slo in local.slos : name => slo if slo.made }

  service             = google_monitoring_custom_service.api.service_id
  slo_id              = each.key
  display_name        = each.value.title
  goal                = each.value.goal
  rolling_period_days = 30

  request_based_sli {
    dynamic "good_total_ratio" {
      for_each = each.key == "availability" ? [1] : []
      content {
        total_service_filter = "${local.run_filters["request"]} AND ${local.api_filter}"
        bad_service_filter   = "${local.run_filters["request_failed"]} AND ${local.api_filter}"
      }
    }
    dynamic "distribution_cut" {
      for_each = each.key == "latency" ? [1] : []
      content {
        # Backend latency without the function scans, whose long polls last as long as they are asked to.
        distribution_filter = "metric.type=\"loadbalancing.googleapis.com/https/backend_latencies\" AND ${local.lb_filter} AND resource.labels.backend_target_name!=\"${try(var.edge.polls, "none")}\""
        range {
          min = 0
          max = 1000
        }
      }
    }
  }
}

# Burn rates of a 30-day budget, https://sre.google/workbook/alerting-on-slos/ table 5-8: 2 % within an hour, 5 % within six. The short
# window is a twelfth of the long one: the alert ends soon after the cause does. Both burn at once, so the policy is an AND.
locals {
  burn_rates = {
    fast = { rate = 14.4, windows = { long = "1h", short = "5m" }, severity = "CRITICAL" }
    slow = { rate = 6, windows = { long = "6h", short = "30m" }, severity = "ERROR" }
  }
  seconds = { "5m" = "300s", "30m" = "1800s", "1h" = "3600s", "6h" = "21600s" }

  slo_burns = merge([for name, slo in local.slos : { for speed, burn in local.burn_rates : "${name}-${speed}" => {
    title    = "${name}: the budget burns ${burn.rate} times too fast"
    playbook = name
    severity = burn.severity
    combiner = "AND"
    made     = slo.made
    conditions = { for size, window in burn.windows : "over ${window}" => {
      filter    = "select_slo_burn_rate(\"${google_monitoring_slo.this[name].id}\", \"${local.seconds[window]}\")"
      threshold = burn.rate
      burns     = true # a burn rate is aligned already
    } }
  } if slo.made }]...)

  published = "pubsub_googleapis_com:topic_send_message_operation_count{monitored_resource=\"pubsub_topic\",topic_id=\"${var.topics["upload-finalized"]}\"}"
  fresh_burns = { for speed, burn in local.burn_rates : "freshness-${speed}" => {
    title    = "freshness: photos wait, and the budget burns ${burn.rate} times too fast"
    playbook = "freshness"
    severity = burn.severity
    combiner = "AND"
    # Five photos at least, so that one slow one at night is no alarm.
    conditions = { for size, window in burn.windows : "over ${window}" => {
      query = "1 - (sum(increase(${local.run_series["scan_fresh"]}[${window}])) or vector(0)) / (sum(increase(${local.published}[${window}])) > ${size == "long" ? 4 : 0}) > ${burn.rate * (1 - local.fresh_goal)}"
    } }
  } if var.log_alerts_enabled }
}

locals {
  age_series  = "pubsub_googleapis_com:subscription_oldest_unacked_message_age{monitored_resource=\"pubsub_subscription\",subscription_id=\"${var.upload_subscription}\"}"
  done_series = "pubsub_googleapis_com:topic_send_message_operation_count{monitored_resource=\"pubsub_topic\",topic_id=\"${var.topics["scan-completed-v1"]}\"}"

  # Functions by their most instances. One that may have one only is left out: it is at its most whenever it works.
  mosts = { for most in distinct(values(var.most_instances)) : most => join("|", [for name, m in var.most_instances : var.services[name] if m == most]) if most > 1 }
  full = join(" or ", [for most, services in local.mosts :
    "sum by (service_name) (run_googleapis_com:container_instance_count{monitored_resource=\"cloud_run_revision\",state=\"active\",service_name=~\"${services}\"}) > ${most * 0.9}"
  ])

  # Alerts on Google's own metrics, which are there from the start.
  metric_alerts = {
    analyze-silent = {
      title    = "photos wait and none is analysed"
      severity = "CRITICAL"
      playbook = "freshness"
      conditions = { "the oldest photo waits for three minutes, and no scan was completed in ten" = {
        query    = "max(${local.age_series}) > 180 and on() ((sum(increase(${local.done_series}[10m])) or vector(0)) < 1)"
        duration = "120s"
      } }
    }
    dead-letters = {
      title    = "events are in the dead-letter topic"
      severity = "CRITICAL"
      conditions = { "messages in its subscription" = {
        filter  = "metric.type=\"pubsub.googleapis.com/subscription/num_undelivered_messages\" AND resource.type=\"pubsub_subscription\" AND resource.labels.subscription_id=\"${var.dead_letter_subscription}\""
        aligner = "ALIGN_MAX"
      } }
    }
    unacked = {
      title    = "an event has waited for ten minutes"
      severity = "ERROR"
      conditions = { "age of the oldest" = {
        filter    = "metric.type=\"pubsub.googleapis.com/subscription/oldest_unacked_message_age\" AND resource.type=\"pubsub_subscription\" AND ${local.job_filter}"
        aligner   = "ALIGN_MAX"
        threshold = 600
        duration  = "300s"
      } }
    }
    instances = {
      title    = "a function is near its most instances"
      severity = "WARNING"
      playbook = "saturation"
      conditions = { "nine tenths of its own most, for five minutes" = {
        query    = local.full
        duration = "300s"
      } }
    }
  }

  # ... which need the load balancer.
  edge_alerts = {
    uptime = {
      title    = "the API does not answer"
      severity = "CRITICAL"
      playbook = "availability"
      conditions = { "two of the checkers fail" = {
        filter    = "metric.type=\"monitoring.googleapis.com/uptime_check/check_passed\" AND resource.type=\"uptime_url\" AND resource.labels.host=\"${var.domain}\""
        threshold = 1
        duration  = "120s"
        period    = "120s"
        aligner   = "ALIGN_NEXT_OLDER"
        reducer   = "REDUCE_COUNT_FALSE"
        by        = ["resource.label.host"]
      } }
    }
    # Google renews a certificate a month before its end. One that was never issued answers no handshake, which the uptime check sees.
    certificate = {
      title    = "the certificate ends within two weeks"
      severity = "ERROR"
      conditions = { "days that it has" = {
        filter     = "metric.type=\"monitoring.googleapis.com/uptime_check/time_until_ssl_cert_expires\" AND resource.type=\"uptime_url\" AND resource.labels.host=\"${var.domain}\""
        comparison = "COMPARISON_LT"
        threshold  = 14
        duration   = "600s"
        period     = "300s"
        aligner    = "ALIGN_NEXT_OLDER"
        reducer    = "REDUCE_MIN"
      } }
    }
    armor = {
      title    = "Cloud Armor refuses a quarter of all requests"
      severity = "WARNING"
      conditions = { "300 in ten minutes, and a quarter" = {
        query = "sum(increase(${local.refused}[10m])) > 300 and sum(increase(${local.refused}[10m])) / sum(increase(${local.looked}[10m])) > 0.25"
      } }
    }
  }
  looked  = "networksecurity_googleapis_com:https_request_count{monitored_resource=\"network_security_policy\",policy_name=\"${try(var.edge.security_policy, "none")}\"}"
  refused = replace(local.looked, "}", ",blocked=\"true\"}")

  # Alerts on metrics of log lines. A policy on a metric younger than ten minutes gets 404, so a first deployment makes these last:
  # https://github.com/hashicorp/terraform-provider-google/issues/11102
  log_alerts = {
    scans-missing = {
      title    = "more photos came than scans ended"
      severity = "ERROR"
      playbook = "freshness"
      conditions = { "five in half an hour, and half of them" = {
        query    = "(sum(increase(${local.published}[30m])) - (sum(increase(${local.ended}[30m])) or vector(0))) > 4 and (sum(increase(${local.ended}[30m])) or vector(0)) / sum(increase(${local.published}[30m])) < 0.5"
        duration = "300s"
      } }
    }
    unserved = {
      title    = "requests find no instance"
      severity = "CRITICAL"
      playbook = "saturation"
      conditions = { "five in ten minutes, and one in a hundred" = {
        query = "sum by (service_name) (increase(${local.run_series["request_unserved"]}[10m])) > 4 and sum by (service_name) (increase(${local.run_series["request_unserved"]}[10m])) / sum by (service_name) (increase(${local.run_series["request"]}[10m])) > 0.01"
      } }
    }
    parked = {
      title      = "an event was parked"
      severity   = "ERROR"
      conditions = { "lines" = { filter = local.run_filters["event_parked"] } }
    }
    notifications = {
      title    = "most mails or most pushes fail"
      severity = "ERROR"
      conditions = { "five attempts of half an hour, and half of them" = {
        query = "sum by (channel) (increase(${local.failed}[30m])) > 4 and sum by (channel) (increase(${local.failed}[30m])) / (sum by (channel) (increase(${local.failed}[30m])) + (sum by (channel) (increase(${local.sent}[30m])) or 0 * sum by (channel) (increase(${local.failed}[30m])))) > 0.5"
      } }
    }
    notifications-blocked = {
      title      = "notifications cannot be sent until operators act"
      severity   = "ERROR"
      conditions = { "lines" = { filter = local.run_filters["notification_blocked"] } }
    }
    # The scheduler, its topic, the function or the database: whichever it is, nothing is cleaned up or healed any more.
    sweep = {
      title    = "the sweep is silent"
      severity = "ERROR"
      conditions = { "none in ten minutes" = {
        query    = "(sum(increase(${local.run_series["swept"]}[10m])) or vector(0)) < 1"
        duration = "120s"
      } }
    }
    crashes = {
      title    = "a function crashes"
      severity = "ERROR"
      conditions = {
        "out of memory" = { filter = local.run_filters["memory_exceeded"] }
        "panic"         = { filter = local.run_filters["panic"] }
      }
    }
    late = {
      title      = "an erasure or an export is late"
      severity   = "ERROR"
      conditions = { "lines" = { filter = local.run_filters["late"] } }
    }
    # That a backup failed is told by no metric and by no log, see playbooks/backups.md; that one was taken away is.
    backups = {
      title      = "backups were deleted, or their schedule was changed"
      severity   = "CRITICAL"
      conditions = { "calls" = { query = "sum(increase(${local.metric_series["backup_removed"]}[10m])) > 0" } }
    }
  }
  ended  = local.run_series["scan_ended"]
  failed = local.run_series["notification_failed"]
  sent   = local.run_series["notification_sent"]

  alerts = merge(
    { for name, a in local.metric_alerts : name => a },
    { for name, a in local.edge_alerts : name => a if local.watched },
    { for name, a in local.log_alerts : name => a if var.log_alerts_enabled },
    local.slo_burns, local.fresh_burns,
  )
}

resource "google_monitoring_alert_policy" "this" {
  for_each = local.alerts

  display_name          = "${var.prefix} ${var.environment}: ${each.value.title}"
  combiner              = try(each.value.combiner, "OR")
  severity              = each.value.severity
  enabled               = var.alerts_enabled
  notification_channels = local.channels

  dynamic "conditions" {
    for_each = each.value.conditions
    content {
      display_name = conditions.key

      dynamic "condition_threshold" {
        for_each = contains(keys(conditions.value), "filter") ? [conditions.value] : []
        iterator = is
        content {
          filter          = is.value.filter
          comparison      = try(is.value.comparison, "COMPARISON_GT")
          threshold_value = try(is.value.threshold, 0)
          duration        = try(is.value.duration, "0s")

          dynamic "aggregations" {
            for_each = contains(keys(is.value), "burns") ? [] : [1]
            content {
              alignment_period     = try(is.value.period, "60s")
              per_series_aligner   = try(is.value.aligner, "ALIGN_SUM")
              cross_series_reducer = try(is.value.reducer, null)
              group_by_fields      = try(is.value.by, null)
            }
          }
        }
      }

      dynamic "condition_prometheus_query_language" {
        for_each = contains(keys(conditions.value), "query") ? [conditions.value] : []
        iterator = is
        content {
          query               = is.value.query
          duration            = try(is.value.duration, "0s")
          evaluation_interval = "60s"
          # A series that was never written, such as the refusals of Cloud Armor in a new project, is no error.
          disable_metric_validation = true
        }
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "Playbook: ${var.playbooks_url}/${try(each.value.playbook, each.key)}.md"
  }
}

locals {
  run      = "resource.type=\"cloud_run_revision\" AND ${local.service_filter}"
  lb       = "loadbalancing.googleapis.com/https"
  pubsub   = "pubsub.googleapis.com"
  by_name  = "resource.label.service_name"
  database = "resource.type=\"firestore.googleapis.com/Database\" AND resource.labels.database_id=\"${var.database}\""

  # Two in a row. `lines` are the data sets: filter, aligner and what they are grouped by.
  tiles = concat(
    [for tile in [
      { title = "Requests by status", unit = "1/s", lines = [{ filter = "metric.type=\"${local.lb}/request_count\" AND ${local.lb_filter}", aligner = "ALIGN_RATE", by = "metric.label.response_code_class", plot = "STACKED_AREA" }] },
      { title = "Backend latency, 95th percentile", unit = "ms", lines = [{ filter = "metric.type=\"${local.lb}/backend_latencies\" AND ${local.lb_filter}", aligner = "ALIGN_PERCENTILE_95", by = "resource.label.backend_target_name" }] },
      { title = "Requests that Cloud Armor looked at, by whether it refused them", unit = "1/s", lines = [{ filter = "metric.type=\"networksecurity.googleapis.com/https/request_count\" AND resource.type=\"network_security_policy\" AND resource.labels.policy_name=\"${try(var.edge.security_policy, "none")}\"", aligner = "ALIGN_RATE", by = "metric.label.blocked", plot = "STACKED_AREA" }] },
      { title = "Days that the certificate has", unit = "d", lines = [{ filter = "metric.type=\"monitoring.googleapis.com/uptime_check/time_until_ssl_cert_expires\" AND resource.type=\"uptime_url\" AND resource.labels.host=\"${var.domain}\"", aligner = "ALIGN_NEXT_OLDER", by = "resource.label.host", reducer = "REDUCE_MIN" }] },
    ] : tile if local.watched],
    [
      { title = "Requests that no instance took", unit = "1/min", lines = [{ filter = local.run_filters["request_unserved"], aligner = "ALIGN_DELTA", by = local.by_name }] },
      { title = "Instances at work", unit = "1", lines = [{ filter = "metric.type=\"run.googleapis.com/container/instance_count\" AND ${local.run} AND metric.labels.state=\"active\"", aligner = "ALIGN_MAX", by = local.by_name, plot = "STACKED_AREA" }] },
      { title = "Scan freshness, 95th percentile", unit = "s", lines = [{ filter = local.run_filters["scan_freshness"], aligner = "ALIGN_PERCENTILE_95", by = "resource.label.project_id" }] },
      { title = "Photos finalized and scans ended", unit = "1/min", lines = [
        { filter = "metric.type=\"${local.pubsub}/topic/send_message_operation_count\" AND resource.type=\"pubsub_topic\" AND resource.labels.topic_id=\"${var.topics["upload-finalized"]}\"", aligner = "ALIGN_DELTA", by = "resource.label.topic_id", legend = "finalized" },
        { filter = local.run_filters["scan_ended"], aligner = "ALIGN_DELTA", by = "resource.label.project_id", legend = "ended" },
      ] },
      { title = "Oldest unacknowledged event", unit = "s", lines = [{ filter = "metric.type=\"${local.pubsub}/subscription/oldest_unacked_message_age\" AND resource.type=\"pubsub_subscription\" AND ${local.job_filter}", aligner = "ALIGN_MAX", by = "resource.label.subscription_id", reducer = "REDUCE_MAX" }] },
      { title = "Dead letters", unit = "1", lines = [{ filter = "metric.type=\"${local.pubsub}/subscription/num_undelivered_messages\" AND resource.type=\"pubsub_subscription\" AND resource.labels.subscription_id=\"${var.dead_letter_subscription}\"", aligner = "ALIGN_MAX", by = "resource.label.subscription_id" }] },
      { title = "Sweeps", unit = "1/min", lines = [{ filter = local.run_filters["swept"], aligner = "ALIGN_DELTA", by = local.by_name }] },
      { title = "Events left to the sweep and parked, late erasures and exports, panics, out of memory", unit = "1/min", lines = [for m in ["event_left", "event_parked", "late", "panic", "memory_exceeded"] : { filter = local.run_filters[m], aligner = "ALIGN_DELTA", by = local.by_name, legend = m }] },
      { title = "Messages sent and attempts that failed", unit = "1/min", lines = [for m in ["notification_sent", "notification_failed"] : { filter = local.run_filters[m], aligner = "ALIGN_DELTA", by = "metric.label.channel", legend = "${m} $${metric.labels.channel}" }] },
      { title = "Memory use, 99th percentile", unit = "1", lines = [{ filter = "metric.type=\"run.googleapis.com/container/memory/utilizations\" AND ${local.run}", aligner = "ALIGN_PERCENTILE_99", by = local.by_name, reducer = "REDUCE_MAX" }] },
      { title = "Firestore reads, writes and deletes", unit = "1/s", lines = [for m in ["read_ops_count", "write_ops_count", "delete_ops_count"] : { filter = "metric.type=\"firestore.googleapis.com/document/${m}\" AND ${local.database}", aligner = "ALIGN_RATE", by = "resource.label.database_id", legend = m }] },
      { title = "Size of the database's backups, which Google writes some hours late", unit = "By", lines = [{ filter = "metric.type=\"firestore.googleapis.com/storage/backups_storage_bytes\" AND ${local.database}", aligner = "ALIGN_MEAN", by = "resource.label.database_id" }] },
    ],
  )
}

resource "google_monitoring_dashboard" "this" {
  dashboard_json = templatefile("${path.module}/dashboard.json.tftpl", { title = "${var.prefix} ${var.environment}", tiles = local.tiles })
}
