# Whom Google's products read and write encrypted data as, and so whom the key has to admit. In a project of its own the key's owner grants the
# same: `gcloud kms keys add-iam-policy-binding`, see terraform/README.md. The agents of Pub/Sub and Firestore are there once
# `gcloud beta services identity create` or `scripts/deploy bootstrap` had them made.
locals {
  own_key = var.kms_key != null && try(split("/", var.kms_key)[1], "") == var.project_id
}

data "google_storage_project_service_account" "this" {
  count = local.own_key ? 1 : 0

  project = var.project_id
}

resource "google_kms_crypto_key_iam_member" "agents" {
  for_each = local.own_key ? {
    storage   = data.google_storage_project_service_account.this[0].member
    pubsub    = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-pubsub.iam.gserviceaccount.com"
    firestore = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-firestore.iam.gserviceaccount.com"
  } : {}

  crypto_key_id = var.kms_key
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = each.value
}

# For doctor, which looks whether the key is there and enabled.
resource "google_kms_crypto_key_iam_member" "deployer" {
  count = local.own_key ? 1 : 0

  crypto_key_id = var.kms_key
  role          = "roles/cloudkms.viewer"
  member        = google_service_account.deployer.member
}
