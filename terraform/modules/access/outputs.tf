output "deployer" {
  description = "Account to apply terraform/ as."
  value       = google_service_account.deployer.email
}

output "deployers" {
  description = "Members who may act as the deployer, so that a repeated bootstrap keeps them."
  value       = var.deployers
}

output "workload_identity_provider" {
  description = "Name for google-github-actions/auth; null without github_repository."
  value       = one(google_iam_workload_identity_pool_provider.github[*].name)
}
