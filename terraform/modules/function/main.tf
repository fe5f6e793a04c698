# A function that is called over HTTP, through the load balancer by anyone: the code checks the caller's Firebase ID token, and the balancer
# sends none of its own. Or one that events are pushed to, from inside the project by one account.
resource "google_cloudfunctions2_function" "this" {
  name        = var.service_name
  location    = var.location
  description = var.function.purpose
  labels      = var.labels

  build_config {
    runtime           = var.runtime
    entry_point       = var.name
    service_account   = var.build.service_account
    docker_repository = var.build.repository

    environment_variables = {
      GOOGLE_GOLDFLAGS = "-s -w" # a third smaller, so faster to pull at a cold start
    }

    source {
      storage_source {
        bucket = var.build.bucket
        object = var.build.object
      }
    }

    automatic_update_policy {}
  }

  service_config {
    service_account_email            = var.service_account_email
    ingress_settings                 = var.ingress
    all_traffic_on_latest_revision   = true
    max_instance_request_concurrency = var.function.concurrency
    timeout_seconds                  = var.function.timeoutSeconds
    available_memory                 = "${var.function.memoryMiB}Mi"
    available_cpu                    = tostring(var.function.cpu)
    min_instance_count               = var.scaling.min_instances
    max_instance_count               = var.scaling.max_instances
    environment_variables            = var.environment_variables

    dynamic "secret_environment_variables" {
      for_each = var.secrets
      content {
        key        = secret_environment_variables.key
        project_id = split("/", secret_environment_variables.value.secret)[1]
        secret     = split("/", secret_environment_variables.value.secret)[3]
        version    = secret_environment_variables.value.version
      }
    }
  }
}

resource "google_cloud_run_service_iam_member" "invoker" {
  count = var.invoker == null ? 0 : 1

  location = var.location
  service  = google_cloudfunctions2_function.this.name
  role     = "roles/run.invoker"
  member   = var.invoker

  lifecycle {
    # A replaced function begins without grants.
    replace_triggered_by = [google_cloudfunctions2_function.this.id]
  }
}
