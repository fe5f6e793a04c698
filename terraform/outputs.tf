# Written by go generate ./internal/catalog from modules/facescan.

output "alerts_enabled" {
  description = "Whether alerts are sent."
  value       = module.facescan.alerts_enabled
}

output "api_address" {
  description = "IP address that the domain's A record has to point at; null without edge."
  value       = module.facescan.api_address
}

output "api_url" {
  description = "Base URL of the API."
  value       = module.facescan.api_url
}

output "client_header" {
  description = "Request header that a load balancer of your own has to set to the client's address, overwriting what a client sends: as a custom request header of its backend services, NAME:{client_ip_address}."
  value       = module.facescan.client_header
}

output "dns_managed" {
  description = "Whether the A record is set here, in dns_zone."
  value       = module.facescan.dns_managed
}

output "function_services" {
  description = "Cloud Run service of each function."
  value       = module.facescan.function_services
}

output "http_services" {
  description = "Cloud Run services that a load balancer of your own has to reach, with their paths, where edge_enabled is false. It has to set the output client_header."
  value       = module.facescan.http_services
}

output "push_endpoints" {
  description = "Where each push subscription delivers, which is also its token's audience."
  value       = module.facescan.push_endpoints
}

output "results_bucket" {
  description = "Bucket of the results and exports."
  value       = module.facescan.results_bucket
}

output "tombstones_bucket" {
  description = "Bucket of the lines by which erasures are done again after a restore."
  value       = module.facescan.tombstones_bucket
}

output "uploads_bucket" {
  description = "Bucket of the photos."
  value       = module.facescan.uploads_bucket
}
