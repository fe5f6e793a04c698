output "id" {
  description = "Id of the function."
  value       = google_cloudfunctions2_function.this.id
}

output "service" {
  description = "Name of its Cloud Run service."
  value       = google_cloudfunctions2_function.this.name
}
