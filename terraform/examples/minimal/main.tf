# The least: an owner of an empty project applies access and FaceScan in one root, with its state in a file. Pub/Sub's service agent has to be
# there (`gcloud beta services identity create --service=pubsub.googleapis.com`), and each secret a first version, before the functions are:
# apply -target=module.access first, then `gcloud secrets versions add`. `make bootstrap` and `make deploy` do all of that by themselves.
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
  region                = "europe-west1"
  user_project_override = true
  billing_project       = var.project_id
  default_labels        = { app = "facescan" }
}

module "access" {
  source = "../../modules/access"

  project_id = var.project_id
  region     = "europe-west1"
}

module "facescan" {
  source = "../../modules/facescan"

  project_id         = var.project_id
  environment        = "minimal"
  domain             = "api.example.com"
  firebase_api_key   = "the web app's key"
  function_sources   = var.function_sources
  mail               = { server = "smtp.example.com:587", user = "facescan", from = "FaceScan <noreply@example.com>" }
  monitoring_enabled = false

  depends_on = [module.access]
}

output "api_address" {
  description = "IP address that the domain's A record has to point at."
  value       = module.facescan.api_address
}
