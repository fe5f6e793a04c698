output "api_url" {
  description = "Base URL of the API."
  value       = "https://${google_compute_managed_ssl_certificate.api.managed[0].domains[0]}"
}

output "api_address" {
  description = "IP address that the domain's A record has to point at."
  value       = google_compute_global_address.api.address
}

output "uploads_bucket" {
  description = "Bucket of the photos."
  value       = google_storage_bucket.uploads.name
}

output "results_bucket" {
  description = "Bucket of the results and exports."
  value       = google_storage_bucket.results.name
}

output "function_services" {
  description = "Cloud Run service of each function."
  value       = merge({ for name, m in module.http_function : name => m.service }, { for name, m in module.event_function : name => m.service })
}

output "push_endpoints" {
  description = "Where each push subscription delivers, which is also its token's audience."
  value       = { for name, s in google_pubsub_subscription.push : name => s.push_config[0].push_endpoint }
}
