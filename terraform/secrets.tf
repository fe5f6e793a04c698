# bootstrap/ makes the secrets and `scripts/deploy bootstrap` writes their first versions: no value ever stands in a state. It has to come
# first, for Cloud Run starts no function whose secret has no version.
locals {
  secret_ids = {
    for name in toset(flatten([for f in local.functions : values(f.access.secrets)])) : name => "projects/${var.project_id}/secrets/facescan-${name}"
  }
}
