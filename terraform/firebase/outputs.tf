output "web_api_key" {
  description = "API key that the functions call Identity Toolkit with: the variable firebase_api_key of terraform/. It is no secret."
  value       = data.google_firebase_web_app_config.this.api_key
}

output "android_app_id" {
  description = "Firebase's id of the Android app, for its google-services.json and App Check."
  value       = google_firebase_android_app.this.app_id
}

output "apple_app_id" {
  description = "Firebase's id of the iOS app, for its GoogleService-Info.plist and App Check."
  value       = google_firebase_apple_app.this.app_id
}
