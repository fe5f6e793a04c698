# What the functions are, which topics there are and who may touch what is said once, in internal/catalog; `go generate ./internal/catalog`
# writes catalog.json, and a test fails when it is behind.
locals {
  catalog = jsondecode(file("${path.module}/catalog.json"))

  functions       = local.catalog.functions
  http_functions  = { for name, f in local.functions : name => f if f.trigger == "http" }
  event_functions = { for name, f in local.functions : name => f if f.trigger != "http" }

  # analyze can be an Eventarc function; then no subscription of ours feeds it.
  eventarc_functions = var.trigger_mode == "eventarc" ? toset([for name, f in local.event_functions : name if f.trigger == "storage"]) : toset([])

  subscriptions = {
    for s in local.catalog.subscriptions : s.name => s if !contains(local.eventarc_functions, s.function)
  }

  labels = merge(var.labels, { app = "facescan", environment = var.environment })

  # The deterministic URL of a Cloud Run service is known before the service is. The push subscription and the function that checks the
  # token's audience both read it here: the function's own `uri` would make it refer to itself.
  service_names = { for name, f in local.functions : name => "facescan-${name}" }
  service_urls  = { for name, s in local.service_names : name => "https://${s}-${data.google_project.this.number}.${var.region}.run.app" }

  firestore_location = coalesce(var.firestore_location, var.region)
}

data "google_project" "this" {
  project_id = var.project_id
}
