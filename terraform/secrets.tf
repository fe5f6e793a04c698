# Terraform makes the secrets and not their values, which would stand in its state: `scripts/deploy bootstrap` adds each one's first version.
resource "google_secret_manager_secret" "this" {
  for_each = toset(flatten([for f in local.functions : values(f.access.secrets)]))

  secret_id = "facescan-${each.value}"

  replication {
    user_managed {
      replicas {
        location = var.region
      }
    }
  }

  # A destroyed version can be brought back for a day.
  version_destroy_ttl = "86400s"

  depends_on = [google_project_service.this]
}
