output "api_url" {
  description = "Base URL of the API."
  value       = "https://${var.domain}"
}

output "api_address" {
  description = "IP address that the domain's A record has to point at; null without edge."
  value       = one(module.edge[*].address)
}

output "dns_managed" {
  description = "Whether the A record is set here, in dns_zone."
  value       = var.edge_enabled && var.dns_zone != null
}

output "alerts_enabled" {
  description = "Whether alerts are sent."
  value       = var.monitoring_enabled && var.alerts_enabled
}

output "uploads_bucket" {
  description = "Bucket of the photos."
  value       = google_storage_bucket.uploads.name
}

output "results_bucket" {
  description = "Bucket of the results and exports."
  value       = google_storage_bucket.results.name
}

output "tombstones_bucket" {
  description = "Bucket of the lines by which erasures are done again after a restore."
  value       = google_storage_bucket.tombstones.name
}

output "function_services" {
  description = "Cloud Run service of each function."
  value       = { for name, m in module.function : name => m.service }
}

output "http_services" {
  description = "Cloud Run services that a load balancer of your own has to reach, with their paths, where edge_enabled is false. It has to set the output client_header."
  value       = { for name, f in local.http_functions : name => { service = module.function[name].service, paths = f.paths } }
}

output "push_endpoints" {
  description = "Where each push subscription delivers, which is also its token's audience."
  value       = { for name, s in google_pubsub_subscription.push : name => s.push_config[0].push_endpoint }
}

output "client_header" {
  description = "Request header that a load balancer of your own has to set to the client's address, overwriting what a client sends: as a custom request header of its backend services, NAME:{client_ip_address}."
  value       = local.catalog.clientHeader
}
