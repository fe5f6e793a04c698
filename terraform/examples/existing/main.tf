# A project that has a database, sign-in, a load balancer and notification channels of its own: FaceScan brings the rest.
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
  region                = "us-central1"
  user_project_override = true
  billing_project       = var.project_id
}

module "access" {
  source = "../../modules/access"

  project_id = var.project_id
  region     = "us-central1"
  database   = "existing"
}

module "facescan" {
  source = "../../modules/facescan"

  project_id       = var.project_id
  environment      = "shared"
  region           = "us-central1"
  domain           = "faces.example.com"
  firebase_api_key = "the web app's key"
  function_sources = var.function_sources
  mail             = { server = "smtp.example.com:587", user = "facescan", from = "FaceScan <noreply@example.com>" }

  database              = "existing"
  create_database       = false
  identity_enabled      = false
  edge_enabled          = false
  log_retention_days    = null
  notification_channels = ["projects/${var.project_id}/notificationChannels/1234567890"]

  depends_on = [module.access]
}

output "http_services" {
  description = "What your balancer has to reach, by path."
  value       = module.facescan.http_services
}
