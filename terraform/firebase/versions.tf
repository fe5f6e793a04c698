# The resources of Firebase that only the beta provider has. That provider cannot be built offline in a version of today: this root is
# formatted and linted, and nothing has validated it. It is small for that reason, and applied once.
terraform {
  required_version = ">= 1.11"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 7.39.0, < 8.0.0"
    }
    google-beta = {
      source  = "hashicorp/google-beta"
      version = ">= 7.39.0, < 8.0.0"
    }
  }

  # scripts/deploy names the bucket: terraform init -backend-config=bucket=PROJECT-facescan-state.
  backend "gcs" {
    prefix = "firebase"
  }
}

provider "google" {
  project               = var.project_id
  user_project_override = true
  billing_project       = var.project_id
}

provider "google-beta" {
  project               = var.project_id
  user_project_override = true
  billing_project       = var.project_id
}
