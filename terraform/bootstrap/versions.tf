terraform {
  required_version = ">= 1.11"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 7.39.0, < 8.0.0"
    }
  }

  # Here the bucket for states is made, so this root's own state stands beside it, a file for each project. It can be lost: `terraform
  # import` finds everything again, and nothing here changes often.
  backend "local" {}
}

provider "google" {
  project               = var.project_id
  region                = var.region
  user_project_override = true
  billing_project       = var.project_id
  default_labels        = { app = "facescan", environment = var.environment }
}
