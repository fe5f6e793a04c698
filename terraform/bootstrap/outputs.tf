output "state_bucket" {
  description = "Bucket of the state of terraform/ and firebase/."
  value       = google_storage_bucket.state.name
}

output "deployer" {
  description = "Account to apply terraform/ as."
  value       = google_service_account.deployer.email
}
