terraform {
  required_version = ">= 1.11"

  required_providers {
    google = {
      source = "hashicorp/google"
      # 7.39 is what the offline checks build from source (provider/); 8 changes defaults that are relied on here.
      version = ">= 7.39.0, < 8.0.0"
    }
  }

  # bootstrap/ makes the bucket; scripts/deploy names it: terraform init -backend-config=bucket=PROJECT-PREFIX-state.
  backend "gcs" {
    prefix = "facescan"
  }
}

provider "google" {
  project               = var.project_id
  region                = var.region
  user_project_override = true
  billing_project       = var.project_id
  default_labels        = merge(var.labels, { app = "facescan", environment = var.environment })
}
