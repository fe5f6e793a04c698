# One way for every event: topic, push subscription with OIDC, backoff and dead-letter topic, function.
resource "google_pubsub_topic" "this" {
  for_each = toset(local.catalog.topics)

  name                       = each.value
  message_retention_duration = "604800s" # a week, to seek back to after a mended bug

  message_storage_policy {
    allowed_persistence_regions = [var.region]
  }

  depends_on = [google_project_service.this]
}

# Whom the subscriptions push as: the only one that the event functions admit.
resource "google_service_account" "push" {
  account_id   = "facescan-push"
  display_name = "FaceScan: pushes events to functions"

  depends_on = [google_project_service.this]
}

resource "google_pubsub_subscription" "push" {
  for_each = local.subscriptions

  name                       = each.key
  topic                      = google_pubsub_topic.this[each.value.topic].id
  ack_deadline_seconds       = each.value.ackDeadlineSeconds
  message_retention_duration = "604800s"

  push_config {
    push_endpoint = local.service_urls[each.value.function]
    oidc_token {
      service_account_email = google_service_account.push.email
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

  depends_on = [module.event_function]
}

# A topic keeps nothing for those who subscribe later, so the dead letters have a subscription from the start. An operator pulls from it.
resource "google_pubsub_subscription" "dead_letter" {
  name                       = local.catalog.deadLetterTopic
  topic                      = google_pubsub_topic.this[local.catalog.deadLetterTopic].id
  ack_deadline_seconds       = 600
  message_retention_duration = "2678400s" # 31 days, the longest; receipts of erasures name them and the 7 of the push

  expiration_policy {
    ttl = ""
  }
}

# Pub/Sub itself moves dead letters, as its own service agent.
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

# Projects from before April 2021 need it for the OIDC tokens; it does no harm in others.
resource "google_service_account_iam_member" "push_token" {
  service_account_id = google_service_account.push.name
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = local.pubsub_agent
}

# Uploaded photos.
data "google_storage_project_service_account" "this" {
  depends_on = [google_project_service.this]
}

resource "google_pubsub_topic_iam_member" "storage" {
  topic  = google_pubsub_topic.this[local.catalog.uploadTopic].id
  role   = "roles/pubsub.publisher"
  member = data.google_storage_project_service_account.this.member
}

resource "google_storage_notification" "uploads" {
  count = var.trigger_mode == "push" ? 1 : 0

  bucket             = google_storage_bucket.uploads.name
  topic              = google_pubsub_topic.this[local.catalog.uploadTopic].id
  payload_format     = "JSON_API_V1"
  event_types        = ["OBJECT_FINALIZE"]
  object_name_prefix = "uploads/"

  depends_on = [google_pubsub_topic_iam_member.storage]
}

# With trigger_mode "eventarc" Cloud Storage and Eventarc need project-wide grants, which is one more reason for "push".
resource "google_project_iam_member" "eventarc_storage" {
  count = var.trigger_mode == "eventarc" ? 1 : 0

  project = var.project_id
  role    = "roles/pubsub.publisher"
  member  = data.google_storage_project_service_account.this.member
}

resource "google_project_iam_member" "eventarc_receiver" {
  count = var.trigger_mode == "eventarc" ? 1 : 0

  project = var.project_id
  role    = "roles/eventarc.eventReceiver"
  member  = google_service_account.push.member
}

# The clock. A failed publish is not tried again: the next minute asks anyway.
resource "google_cloud_scheduler_job" "sweep" {
  name        = "facescan-sweep"
  description = "Asks for a sweep."
  region      = var.region
  schedule    = local.catalog.sweep.schedule
  time_zone   = "Etc/UTC"

  pubsub_target {
    topic_name = google_pubsub_topic.this[local.catalog.sweep.topic].id
    data       = base64encode(local.catalog.sweep.message)
  }
}
