output "state_bucket" {
  description = "Bucket of the states."
  value       = google_storage_bucket.state.name
}

output "region" {
  description = "Region of the states' bucket and of the secrets."
  value       = var.region
}

output "deployer" {
  description = "Account to apply terraform/ as."
  value       = module.access.deployer
}

output "deployers" {
  description = "Members who may act as the deployer, so that a repeated bootstrap keeps them."
  value       = module.access.deployers
}

output "github_repository" {
  description = "Repository whose workflows may act as the deployer, so that a repeated bootstrap keeps it."
  value       = var.github_repository
}

output "workload_identity_provider" {
  description = "Name for google-github-actions/auth; null without a repository."
  value       = module.access.workload_identity_provider
}
