resource "google_identity_platform_config" "this" {
  authorized_domains         = concat(["localhost", "${var.project_id}.firebaseapp.com", "${var.project_id}.web.app", var.domain], var.authorized_domains)
  autodelete_anonymous_users = true

  sign_in {
    allow_duplicate_emails = false
    email {
      enabled           = true
      password_required = true
    }
    # Spelled out: left away, it is planned anew for ever.
    phone_number {
      enabled            = false
      test_phone_numbers = {}
    }
  }

  depends_on = [google_project_service.this]
}

# Firestore's own door, for App Check: the rules deny clients everything, and this one more time.
resource "google_firebase_app_check_service_config" "firestore" {
  service_id       = "firestore.googleapis.com"
  enforcement_mode = "ENFORCED"

  depends_on = [google_project_service.this]
}
