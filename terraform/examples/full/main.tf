# Everything: two environments in one project, each with its prefix, its database and its domain in a Cloud DNS zone. What is the project's
# (Identity Platform, log retention) the first of them owns.
terraform {
  required_version = ">= 1.11"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 7.39.0, < 8.0.0"
    }
  }
}

variable "project_id" {
  description = "Google Cloud project."
  type        = string
}

variable "function_sources" {
  description = "What `make package` writes."
  type        = map(object({ path = string, object = string }))
}

provider "google" {
  project               = var.project_id
  region                = "europe-west3"
  user_project_override = true
  billing_project       = var.project_id
  default_labels        = { app = "facescan" }
}

locals {
  # One of your own, made before.
  key = "projects/${var.project_id}/locations/europe-west3/keyRings/facescan/cryptoKeys/data"

  environments = {
    live    = { prefix = "facescan", database = "(default)", domain = "api.example.com", protect = true, key = local.key, owns_project = true }
    staging = { prefix = "fs-staging", database = "staging", domain = "api.staging.example.com", protect = false, key = null, owns_project = false }
  }
}

module "access" {
  source   = "../../modules/access"
  for_each = local.environments

  project_id        = var.project_id
  prefix            = each.value.prefix
  region            = "europe-west3"
  database          = each.value.database
  protect_data      = each.value.protect
  kms_key           = each.value.key
  deployers         = ["group:operators@example.com"]
  github_repository = "acme/facescan"
  photo_audit       = each.value.owns_project
}

module "facescan" {
  source   = "../../modules/facescan"
  for_each = local.environments

  project_id       = var.project_id
  prefix           = each.value.prefix
  environment      = each.key
  region           = "europe-west3"
  database         = each.value.database
  domain           = each.value.domain
  dns_zone         = "example-com"
  firebase_api_key = "the web app's key"
  function_sources = var.function_sources
  mail             = { server = "smtp.example.com:587", user = "facescan", from = "FaceScan <noreply@example.com>" }

  cors_origins       = ["https://app.example.com"]
  protect_data       = each.value.protect
  kms_key            = each.value.key
  identity_enabled   = each.value.owns_project
  log_retention_days = each.value.owns_project ? 30 : null
  otlp_endpoint      = "https://telemetry.googleapis.com"
  alert_emails       = ["operators@example.com"]
  budget             = { billing_account = "000000-111111-222222", amount = 200 }

  depends_on = [module.access]
}

output "api_urls" {
  description = "Base URL of each environment."
  value       = { for name, m in module.facescan : name => m.api_url }
}
