resource "google_project_service" "this" {
  for_each = toset(["firebase.googleapis.com", "identitytoolkit.googleapis.com"])

  service            = each.value
  disable_on_destroy = false
}

# Cloud Messaging and the ID tokens are those of a Firebase project. Buckets are not linked to it: there is one door, the HTTP API.
resource "google_firebase_project" "this" {
  provider = google-beta
  project  = var.project_id

  depends_on = [google_project_service.this]
}

resource "google_firebase_android_app" "this" {
  provider     = google-beta
  project      = google_firebase_project.this.project
  display_name = "FaceScan ${var.environment} (Android)"
  package_name = var.android_package
}

resource "google_firebase_apple_app" "this" {
  provider     = google-beta
  project      = google_firebase_project.this.project
  display_name = "FaceScan ${var.environment} (iOS)"
  bundle_id    = var.apple_bundle
}

# Sign-up and login by e-mail call Identity Toolkit with the web app's API key, which is no secret.
resource "google_firebase_web_app" "this" {
  provider     = google-beta
  project      = google_firebase_project.this.project
  display_name = "FaceScan ${var.environment} (API)"
}

data "google_firebase_web_app_config" "this" {
  provider   = google-beta
  project    = google_firebase_project.this.project
  web_app_id = google_firebase_web_app.this.app_id
}
