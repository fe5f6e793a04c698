variable "project_id" {
  description = "Google Cloud project that becomes a Firebase project."
  type        = string
}

variable "environment" {
  description = "Name of the environment, in the apps' names."
  type        = string
}

variable "android_package" {
  description = "Package name of the Android app."
  type        = string
  default     = "app.facescan"
}

variable "apple_bundle" {
  description = "Bundle id of the iOS app."
  type        = string
  default     = "app.facescan"
}
