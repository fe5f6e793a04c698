output "address" {
  description = "IP address that the domain's A record has to point at."
  value       = google_compute_global_address.api.address
}

output "url_map" {
  description = "Name of the URL map, by which the balancer's metrics are told apart."
  value       = google_compute_url_map.api.name
}

output "backends" {
  description = "Name of each function's backend service."
  value       = { for name, b in google_compute_backend_service.function : name => b.name }
}

output "security_policy" {
  description = "Name of the Cloud Armor policy."
  value       = google_compute_security_policy.edge.name
}
