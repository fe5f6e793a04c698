# FaceScan without provider and backend: ../../main.tf is one caller, ../../examples/ has others. What the functions are, which topics there are
# and who may touch what is said once, in internal/catalog; `go generate ./internal/catalog` writes catalog.json, and a test fails when it is
# behind. The accounts, roles and secrets are ../access, which an owner of the project applies before.
locals {
  catalog = jsondecode(file("${path.module}/catalog.json"))

  functions      = local.catalog.functions
  http_functions = { for name, f in local.functions : name => f if f.trigger == "http" }
  subscriptions  = { for s in local.catalog.subscriptions : s.name => s }

  # ../access makes the accounts, and these names are its and this module's agreement.
  accounts = { for name in concat(keys(local.functions), ["build", "push"]) : name => "${var.prefix}-${name}@${var.project_id}.iam.gserviceaccount.com" }

  # The deterministic URL of a Cloud Run service is known before the service is. The push subscription and the function that checks the
  # token's audience both read it here: the function's own `uri` would make it refer to itself.
  service_names = { for name, f in local.functions : name => "${var.prefix}-${name}" }
  service_urls  = { for name, s in local.service_names : name => "https://${s}-${data.google_project.this.number}.${var.region}.run.app" }

  firestore_location = coalesce(var.firestore_location, var.region)
  database           = var.create_database ? google_firestore_database.this[0].name : var.database
}

data "google_project" "this" {
  project_id = var.project_id
}

module "edge" {
  source = "../edge"
  count  = var.edge_enabled ? 1 : 0

  prefix                          = var.prefix
  region                          = var.region
  domain                          = var.domain
  additional_domains              = var.additional_domains
  dns_zone                        = var.dns_zone
  services                        = { for name in keys(local.http_functions) : name => module.function[name].service }
  paths                           = { for name, f in local.http_functions : name => f.paths }
  fallback                        = local.catalog.fallback
  photo_paths                     = local.catalog.photoPaths
  client_header                   = local.catalog.clientHeader
  armor_preview                   = var.armor_preview
  requests_per_minute_per_ip      = var.requests_per_minute_per_ip
  auth_requests_per_minute_per_ip = var.auth_requests_per_minute_per_ip

  depends_on = [google_project_service.this]
}

module "monitoring" {
  source = "../monitoring"
  count  = var.monitoring_enabled ? 1 : 0

  project_id  = var.project_id
  prefix      = var.prefix
  environment = var.environment
  domain      = var.domain
  edge = var.edge_enabled ? {
    url_map         = module.edge[0].url_map
    security_policy = module.edge[0].security_policy
    polls           = module.edge[0].backends["scans"]
  } : null

  services                 = local.service_names
  http_functions           = keys(local.http_functions)
  most_instances           = { for name, s in local.scaling : name => s.max_instances }
  topics                   = { for name, t in google_pubsub_topic.this : name => t.name }
  upload_subscription      = google_pubsub_subscription.push["analyze.${local.catalog.uploadTopic}"].name
  dead_letter_subscription = google_pubsub_subscription.dead_letter.name
  database                 = var.database
  subscriptions            = concat([google_pubsub_subscription.dead_letter.name], [for s in google_pubsub_subscription.push : s.name])

  alert_emails          = var.alert_emails
  notification_channels = var.notification_channels
  playbooks_url         = var.playbooks_url
  alerts_enabled        = var.alerts_enabled
  log_alerts_enabled    = var.log_alerts_enabled

  depends_on = [google_project_service.this]
}
