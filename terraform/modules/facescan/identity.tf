# Identity Platform is the project's: a second environment in it leaves it alone.
resource "google_identity_platform_config" "this" {
  count = var.identity_enabled ? 1 : 0

  authorized_domains         = concat(["${var.project_id}.firebaseapp.com", "${var.project_id}.web.app", var.domain], var.authorized_domains)
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

  # A user who is deleted by the Firebase SDK's user.delete() leaves everything else behind, and nobody to ask for it: apps
  # call DELETE /v1/me, which deletes the user too. Users may still be deleted in the console; the sweep finds out. Signing
  # up has to stay open to clients: POST /v1/auth/signup is one.
  client {
    permissions {
      disabled_user_deletion = true
      disabled_user_signup   = false
    }
  }

  depends_on = [google_project_service.this]
}

# Firestore's own door, for App Check: the rules deny clients everything, and this one more time.
resource "google_firebase_app_check_service_config" "firestore" {
  count = var.identity_enabled ? 1 : 0

  service_id       = "firestore.googleapis.com"
  enforcement_mode = "ENFORCED"

  depends_on = [google_project_service.this]
}
