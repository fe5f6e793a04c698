# Identity Platform is the project's: a second environment in it leaves it alone. What the provider has no fields for, the password policy and
# the protection against enumeration, the bootstrap sets: an update from here names the parts that are here, and leaves those alone.
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

  # A second factor for users who want one: an authenticator app, whose code holds for 30 seconds, and here for the interval before and after
  # as well; Identity Platform's own 5 of each are eleven valid codes at a time. None by SMS: it costs money for each, which strangers can make
  # it cost, and who takes over a number gets it. It is not demanded of anybody, since POST /v1/auth/login cannot ask for it.
  mfa {
    provider_configs {
      state = "ENABLED"
      totp_provider_config {
        adjacent_intervals = 1
      }
    }
  }

  # Identity Platform itself lets an address open 100 accounts an hour, for ever; another quota is for a time.
  dynamic "quota" {
    for_each = var.sign_up_quota == null ? [] : [var.sign_up_quota]
    content {
      sign_up_quota_config {
        quota          = quota.value.per_hour_and_ip
        start_time     = quota.value.start
        quota_duration = "${quota.value.days * 86400}s"
      }
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
