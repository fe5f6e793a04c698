variable "project_id" {
  description = "Google Cloud project that everything is made in. One project an environment."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "A project id has 6 to 30 lower-case letters, digits and hyphens."
  }
}

variable "environment" {
  description = "Name of the environment, in labels and alerts."
  type        = string

  validation {
    condition     = contains(["dev", "prod"], var.environment)
    error_message = "There are dev and prod."
  }
}

variable "region" {
  description = "Region of functions, buckets, topics and, unless firestore_location says otherwise, the database."
  type        = string
  default     = "europe-west1"
}

variable "firestore_location" {
  description = "Location of the Firestore database, which can never be moved; null is the region. A multi-region such as eur3 costs twice as much."
  type        = string
  default     = null
}

variable "domain" {
  description = "Host name of the API, such as api.example.com. Its A record has to point at the output api_address before the certificate can be issued."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9-]+(\\.[a-z0-9-]+)+$", var.domain))
    error_message = "A host name without scheme or path."
  }
}

variable "cors_origins" {
  description = "Web origins that browsers may call the API and the upload URLs from, such as https://app.example.com. A mobile app needs none."
  type        = list(string)
  default     = []
}

variable "runtime" {
  description = "Runtime of the functions."
  type        = string
  default     = "go126"

  validation {
    condition     = can(regex("^go1[0-9]{2}$", var.runtime))
    error_message = "A Go runtime such as go126."
  }
}

variable "function_sources" {
  description = "Zip of each function: path on this machine and object name, which holds the content's hash. `make package` writes it to sources.auto.tfvars.json."
  type = map(object({
    path   = string
    object = string
  }))
}

variable "scaling" {
  description = "Fewest and most instances by function; a function that is not named has 0 and 20. The most bounds what a bug or an attack can cost."
  type = map(object({
    min_instances = optional(number, 0)
    max_instances = optional(number, 20)
  }))
  default = {}
}

variable "trigger_mode" {
  description = "How analyze learns of an uploaded photo: \"push\" by a subscription of ours with a dead-letter topic, \"eventarc\" by a trigger of Cloud Functions, which has none but retries for 24 hours."
  type        = string
  default     = "push"

  validation {
    condition     = contains(["push", "eventarc"], var.trigger_mode)
    error_message = "There are push and eventarc."
  }
}

variable "photo_lifecycle_days" {
  description = "Days after which the uploads bucket deletes any photo. Only the backstop of the sweep, which deletes within hours; longer than the 7 days of an unfinished scan."
  type        = number
  default     = 8

  validation {
    condition     = var.photo_lifecycle_days >= 8 && var.photo_lifecycle_days <= 30
    error_message = "From 8 days, one more than an unfinished scan's photo is kept, to 30."
  }
}

variable "minimum_age" {
  description = "Age in years that a user must have passed before a photo is analysed."
  type        = number
  default     = 18
}

variable "firebase_api_key" {
  description = "Web API key of the Firebase project, which Identity Toolkit asks for. It is no secret."
  type        = string
}

variable "receipt_public_keys" {
  description = "Public halves of the keys that receipts of erasures are signed with, the present one first. The bootstrap prints it; keep former ones as long as their receipts matter."
  type        = list(string)
  default     = []
}

variable "app_check_mode" {
  description = "What is done with App Check tokens: off, monitor (log only) or enforce. The login and the erasure of one's account never ask for one: the web page for account deletion has none."
  type        = string
  default     = "monitor"

  validation {
    condition     = contains(["off", "monitor", "enforce"], var.app_check_mode)
    error_message = "There are off, monitor and enforce."
  }
}

variable "app_check_routes" {
  description = "The modes of the operations that differ from app_check_mode, such as { \"POST /v1/coach\" = \"enforce\" }."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for mode in values(var.app_check_routes) : contains(["off", "monitor", "enforce"], mode)])
    error_message = "There are off, monitor and enforce."
  }

  validation {
    condition     = length(setsubtract(keys(var.app_check_routes), local.catalog.appCheckOperations)) == 0
    error_message = "These operations do not ask for App Check tokens, or are none: ${join(", ", setsubtract(keys(var.app_check_routes), local.catalog.appCheckOperations))}."
  }
}

variable "secret_versions" {
  description = "Version of each secret that is no longer at its first, by the name without facescan-, such as { smtp-password = \"2\" }."
  type        = map(string)
  default     = {}
}

variable "mail" {
  description = "Mail server (host:port with STARTTLS), its user and the sender's address. The password is the secret smtp-password."
  type = object({
    server = string
    user   = string
    from   = string
  })
}

variable "authorized_domains" {
  description = "Domains that sign-in may redirect to, beside the project's own."
  type        = list(string)
  default     = []
}

variable "protect_data" {
  description = "Whether database and buckets are protected from deletion. False only where nobody's data is."
  type        = bool
  default     = true
}

variable "armor_preview" {
  description = "Whether Cloud Armor's WAF rules only log what they would block. Begin with true and read the log for a week."
  type        = bool
  default     = true
}

variable "requests_per_minute_per_ip" {
  description = "Requests a minute from one IP address before Cloud Armor answers 429. Long polls count once."
  type        = number
  default     = 300

  validation {
    condition     = var.requests_per_minute_per_ip >= 10
    error_message = "Below 10 a minute no app works."
  }
}

variable "otlp_endpoint" {
  description = "OTLP endpoint that traces go to, such as https://telemetry.googleapis.com; empty exports none."
  type        = string
  default     = ""
}

variable "trace_ratio" {
  description = "Share of new traces that is sampled, 0 to 1."
  type        = number
  default     = 0.05

  validation {
    condition     = var.trace_ratio >= 0 && var.trace_ratio <= 1
    error_message = "A share is 0 to 1."
  }
}

variable "log_retention_days" {
  description = "Days that logs are kept. The receipt of an erasure promises at most 30."
  type        = number
  default     = 30

  validation {
    condition     = var.log_retention_days >= 1 && var.log_retention_days <= 30
    error_message = "Logs are kept for 1 to 30 days, as the receipts of erasures say."
  }
}

variable "alert_emails" {
  description = "Addresses that alerts go to."
  type        = set(string)
}

variable "budget" {
  description = "Monthly budget whose 50, 90 and 100 per cent are told to the billing account's administrators; null makes none."
  type = object({
    billing_account = string
    amount          = number
    currency        = optional(string, "EUR")
  })
  default = null
}

variable "labels" {
  description = "Labels of everything that can have any, beside app and environment."
  type        = map(string)
  default     = {}
}

# What functions are given as environment variables where their rows of the catalog ask for it.
locals {
  settings = {
    FACESCAN_UPLOADS_BUCKET      = google_storage_bucket.uploads.name
    FACESCAN_RESULTS_BUCKET      = google_storage_bucket.results.name
    FACESCAN_FIREBASE_API_KEY    = var.firebase_api_key
    FACESCAN_MIN_AGE             = tostring(var.minimum_age)
    FACESCAN_SMTP                = var.mail.server
    FACESCAN_SMTP_USER           = var.mail.user
    FACESCAN_MAIL_FROM           = var.mail.from
    FACESCAN_PUBLIC_URL          = "https://${var.domain}"
    FACESCAN_RECEIPT_PUBLIC_KEYS = join(",", var.receipt_public_keys)
  }
}
