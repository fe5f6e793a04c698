# What a project may have already, and Google's APIs refuse to make twice: it is taken over. scripts/deploy looks, and says what is there.
variable "existing" {
  description = "What the project has already of identity (Identity Platform's configuration), rules (the release of Firestore's rules) and database."
  type        = set(string)
  default     = []

  validation {
    condition     = length(setsubtract(var.existing, ["identity", "rules", "database"])) == 0
    error_message = "There are identity, rules and database."
  }
}

# Identity Platform cannot be switched off, so a second initialisation fails after each destroy.
import {
  for_each = var.identity_enabled ? setintersection(var.existing, ["identity"]) : []
  to       = module.facescan.google_identity_platform_config.this[0]
  id       = "projects/${var.project_id}/config"
}

import {
  for_each = setintersection(var.existing, ["rules"])
  to       = module.facescan.google_firebaserules_release.firestore
  id       = "projects/${var.project_id}/releases/${var.database == "(default)" ? "cloud.firestore" : "cloud.firestore/${var.database}"}"
}

import {
  for_each = var.create_database ? setintersection(var.existing, ["database"]) : []
  to       = module.facescan.google_firestore_database.this[0]
  id       = "projects/${var.project_id}/databases/${var.database}"
}
