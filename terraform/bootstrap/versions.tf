terraform {
  required_version = ">= 1.11"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 7.39.0, < 8.0.0"
    }
  }

  # In the bucket that is made here: scripts/deploy makes it first, and names it, as
  # terraform init -backend-config=bucket=PROJECT-PREFIX-state -backend-config=prefix=PREFIX/bootstrap.
  backend "gcs" {}
}

provider "google" {
  project               = var.project_id
  region                = var.region
  user_project_override = true
  billing_project       = var.project_id
  default_labels        = { app = "facescan", environment = var.environment }
}
