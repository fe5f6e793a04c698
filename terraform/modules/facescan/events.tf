# One way for every event: topic, push subscription with OIDC, backoff and dead-letter topic, function.
resource "google_pubsub_topic" "this" {
  for_each = toset(local.catalog.topics)

  name                       = "${var.prefix}-${each.value}"
  message_retention_duration = "604800s" # a week, to seek back to after a mended bug
  kms_key_name               = var.kms_key

  message_storage_policy {
    allowed_persistence_regions = [var.region]
  }

  depends_on = [google_project_service.this]
}

resource "google_pubsub_subscription" "push" {
  for_each = local.subscriptions

  name                       = "${var.prefix}-${each.key}"
  topic                      = google_pubsub_topic.this[each.value.topic].id
  ack_deadline_seconds       = each.value.ackDeadlineSeconds
  message_retention_duration = "604800s"

  push_config {
    push_endpoint = local.service_urls[each.value.function]
    oidc_token {
      service_account_email = local.accounts["push"]
      audience              = local.service_urls[each.value.function]
    }
  }

  retry_policy {
    minimum_backoff = "${local.catalog.minBackoffSeconds}s"
    maximum_backoff = "${local.catalog.maxBackoffSeconds}s"
  }

  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.this[local.catalog.deadLetterTopic].id
    max_delivery_attempts = each.value.maxAttempts
  }

  expiration_policy {
    ttl = "" # never: a quiet month must not lose the events after it
  }

  depends_on = [module.function]
}

# A topic keeps nothing for those who subscribe later, so the dead letters have a subscription from the start. An operator pulls from it.
resource "google_pubsub_subscription" "dead_letter" {
  name                       = "${var.prefix}-${local.catalog.deadLetterTopic}"
  topic                      = google_pubsub_topic.this[local.catalog.deadLetterTopic].id
  ack_deadline_seconds       = 600
  message_retention_duration = "2678400s" # 31 days, the longest; receipts of erasures name them and the 7 of the push

  expiration_policy {
    ttl = ""
  }
}

# Pub/Sub itself moves dead letters, as its own service agent. The bootstrap has it made: enabling the API does not
# (https://cloud.google.com/iam/docs/service-agents: some come with the first use).
locals {
  pubsub_agent = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-pubsub.iam.gserviceaccount.com"
}

resource "google_pubsub_topic_iam_member" "dead_letter" {
  topic  = google_pubsub_topic.this[local.catalog.deadLetterTopic].id
  role   = "roles/pubsub.publisher"
  member = local.pubsub_agent
}

resource "google_pubsub_subscription_iam_member" "dead_letter" {
  for_each = google_pubsub_subscription.push

  subscription = each.value.id
  role         = "roles/pubsub.subscriber"
  member       = local.pubsub_agent
}

# Uploaded photos.
data "google_storage_project_service_account" "this" {
  project = var.project_id

  depends_on = [google_project_service.this]
}

resource "google_pubsub_topic_iam_member" "storage" {
  topic  = google_pubsub_topic.this[local.catalog.uploadTopic].id
  role   = "roles/pubsub.publisher"
  member = data.google_storage_project_service_account.this.member
}

resource "google_storage_notification" "uploads" {
  bucket             = google_storage_bucket.uploads.name
  topic              = google_pubsub_topic.this[local.catalog.uploadTopic].id
  payload_format     = "JSON_API_V1"
  event_types        = ["OBJECT_FINALIZE"]
  object_name_prefix = "uploads/"

  depends_on = [google_pubsub_topic_iam_member.storage]
}

# The clock. A failed publish is not tried again: the next minute asks anyway.
resource "google_cloud_scheduler_job" "sweep" {
  name        = "${var.prefix}-sweep"
  description = "Asks for a sweep."
  region      = var.region
  schedule    = local.catalog.sweep.schedule
  time_zone   = "Etc/UTC"

  pubsub_target {
    topic_name = google_pubsub_topic.this[local.catalog.sweep.topic].id
    data       = base64encode(local.catalog.sweep.message)
  }
}

resource "google_pubsub_topic_iam_member" "function" {
  for_each = merge([
    for name, f in local.functions : { for topic in f.access.publishes : "${name}-${topic}" => { function = name, topic = topic } }
  ]...)

  topic  = google_pubsub_topic.this[each.value.topic].id
  role   = "roles/pubsub.publisher"
  member = "serviceAccount:${local.accounts[each.value.function]}"
}
