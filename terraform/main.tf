# Written by go generate ./internal/catalog from modules/facescan.

module "facescan" {
  source = "./modules/facescan"

  additional_domains         = var.additional_domains
  alert_emails               = var.alert_emails
  alerts_enabled             = var.alerts_enabled
  app_check_mode             = var.app_check_mode
  app_check_routes           = var.app_check_routes
  armor_preview              = var.armor_preview
  authorized_domains         = var.authorized_domains
  budget                     = var.budget
  cors_origins               = var.cors_origins
  create_database            = var.create_database
  database                   = var.database
  dns_zone                   = var.dns_zone
  domain                     = var.domain
  edge_enabled               = var.edge_enabled
  environment                = var.environment
  firebase_api_key           = var.firebase_api_key
  firestore_location         = var.firestore_location
  function_sources           = var.function_sources
  identity_enabled           = var.identity_enabled
  labels                     = var.labels
  log_alerts_enabled         = var.log_alerts_enabled
  log_retention_days         = var.log_retention_days
  mail                       = var.mail
  minimum_age                = var.minimum_age
  monitoring_enabled         = var.monitoring_enabled
  notification_channels      = var.notification_channels
  otlp_endpoint              = var.otlp_endpoint
  photo_lifecycle_days       = var.photo_lifecycle_days
  playbooks_url              = var.playbooks_url
  prefix                     = var.prefix
  project_id                 = var.project_id
  protect_data               = var.protect_data
  public_invoker             = var.public_invoker
  receipt_public_keys        = var.receipt_public_keys
  region                     = var.region
  release                    = var.release
  requests_per_minute_per_ip = var.requests_per_minute_per_ip
  runtime                    = var.runtime
  scaling                    = var.scaling
  secret_versions            = var.secret_versions
  trace_ratio                = var.trace_ratio
}
