# Written by go generate ./internal/catalog from modules/facescan.

variable "additional_domains" {
  description = "Further host names with certificates of their own. To change the domain without an outage, add the new one here, wait until its certificate is ACTIVE, then exchange the two."
  type        = set(string)
  default     = []
}

variable "alert_emails" {
  description = "Addresses that alerts go to."
  type        = set(string)
  default     = []
}

variable "alerts_enabled" {
  description = "Whether alerts are sent. False makes them and leaves them silent, such as before the domain points here."
  type        = bool
  default     = true
}

variable "app_check_mode" {
  description = "What is done with App Check tokens: off, monitor (log only) or enforce. The login and the erasure of one's account never ask for one: the web page for account deletion has none."
  type        = string
  default     = "monitor"
}

variable "app_check_routes" {
  description = "The modes of the operations that differ from app_check_mode, such as { \"POST /v1/coach\" = \"enforce\" }."
  type        = map(string)
  default     = {}
}

variable "armor_preview" {
  description = "Whether Cloud Armor's WAF rules only log what they would block. Begin with true, also in production, and read for a week what they would have refused. The limits by address hold all the same."
  type        = bool
  default     = true
}

variable "auth_requests_per_minute_per_ip" {
  description = "Requests a minute to /v1/auth/ from one IP address before Cloud Armor answers 429: wider than the functions' own limits, which answer with what is wrong."
  type        = number
  default     = 120
}

variable "authorized_domains" {
  description = "Domains that sign-in may redirect to, beside the project's own. localhost is one only where protect_data is false: any program on a user's machine can be there."
  type        = list(string)
  default     = []
}

variable "budget" {
  description = "Monthly budget, in the billing account's currency, whose 50, 90 and 100 per cent are told to the account's administrators; null makes none. The deployer needs roles/billing.costsManager on the account."
  type = object({
    billing_account = string
    amount          = number
  })
  default = null
}

variable "cors_origins" {
  description = "Web origins that browsers may call the API and the upload URLs from, such as https://app.example.com. A mobile app needs none."
  type        = list(string)
  default     = []
}

variable "create_database" {
  description = "Whether the database is made here. False takes one that is there, with its protection and backups as they are; indexes, expiry and rules are set all the same."
  type        = bool
  default     = true
}

variable "database" {
  description = "Id of the Firestore database. A second environment in a project needs one of its own."
  type        = string
  default     = "(default)"
}

variable "dns_zone" {
  description = "Name of the Cloud DNS managed zone in this project in which the domain's A record is set; null leaves that to you."
  type        = string
  default     = null
}

variable "domain" {
  description = "Host name of the API, such as api.example.com. Its A record has to point at the output api_address before the certificate can be issued."
  type        = string
}

variable "edge_enabled" {
  description = "Whether the load balancer with certificate and Cloud Armor is made. Without it, put one of your own before the output http_services."
  type        = bool
  default     = true
}

variable "environment" {
  description = "Name of the environment, in labels and alerts."
  type        = string
}

variable "firebase_api_key" {
  description = "Web API key of the Firebase project, which Identity Toolkit asks for. It is no secret."
  type        = string
}

variable "firestore_location" {
  description = "Location of the Firestore database, which can never be moved; null is the region. A multi-region such as eur3 costs twice as much."
  type        = string
  default     = null
}

variable "function_sources" {
  description = "Zip of each function: path on this machine and object name, which holds the content's hash. `make package` writes it to sources.auto.tfvars.json."
  type = map(object({
    path   = string
    object = string
  }))
}

variable "identity_enabled" {
  description = "Whether the project's Identity Platform is set up here. False where something else owns it."
  type        = bool
  default     = true
}

variable "kms_key" {
  description = "Key of Cloud KMS in `region`, projects/P/locations/REGION/keyRings/R/cryptoKeys/K, that photos, results, tombstones, documents and messages are encrypted with; null leaves that to Google. A database takes a key when it is made, and never afterwards."
  type        = string
  default     = null
}

variable "labels" {
  description = "Labels of the functions, beside those of the provider."
  type        = map(string)
  default     = {}
}

variable "log_alerts_enabled" {
  description = "Whether alerts on metrics of log lines are made. Such a metric can be named ten minutes after it was made: false in a first apply, true in the second. scripts/deploy does that."
  type        = bool
  default     = true
}

variable "log_retention_days" {
  description = "Days that the project's logs are kept. The receipt of an erasure promises at most 30. Null leaves the project's setting alone, which is 30 from the start."
  type        = number
  default     = 30
}

variable "mail" {
  description = "Mail server (host:port with STARTTLS), its user and the sender's address. The password is the secret smtp-password."
  type = object({
    server = string
    user   = string
    from   = string
  })
}

variable "minimum_age" {
  description = "Age in years that a user must have passed before a photo is analysed."
  type        = number
  default     = 18
}

variable "monitoring_enabled" {
  description = "Whether metrics, objectives, alerts and the dashboard are made."
  type        = bool
  default     = true
}

variable "notification_channels" {
  description = "Ids of notification channels of your own that alerts go to as well, such as projects/p/notificationChannels/1."
  type        = list(string)
  default     = []
}

variable "operator" {
  description = "Who answers for the service, and an e-mail address or an https URL where people reach them: the pages about deleting an account name both. Empty texts leave them out."
  type        = object({ name = optional(string, ""), contact = optional(string, "") })
  default     = {}
}

variable "otlp_endpoint" {
  description = "OTLP endpoint that traces go to, such as https://telemetry.googleapis.com; empty exports none."
  type        = string
  default     = ""
}

variable "otlp_protocol" {
  description = "Protocol of `otlp_endpoint`: grpc or http/protobuf. Google's endpoint takes both."
  type        = string
  default     = "grpc"
}

variable "photo_lifecycle_days" {
  description = "Days after which the uploads bucket deletes any photo. Only the backstop of the sweep, which deletes within hours; longer than the 7 days of an unfinished scan."
  type        = number
  default     = 8
}

variable "playbooks_url" {
  description = "Where the playbooks stand that alerts link to."
  type        = string
  default     = "https://github.com/facescan/facescan/blob/main/terraform/playbooks"
}

variable "prefix" {
  description = "What every name begins with, so that two environments fit in one project. It can never be changed: another one is another FaceScan."
  type        = string
  default     = "facescan"
}

variable "project_id" {
  description = "Google Cloud project that everything is made in: that of the provider."
  type        = string
}

variable "protect_data" {
  description = "Whether database and buckets are protected from deletion. False only where nobody's data is."
  type        = bool
  default     = true
}

variable "public_invoker" {
  description = "Whether allUsers may invoke the HTTP functions, as the load balancer needs. False where the organisation refuses allUsers; see terraform/README.md."
  type        = bool
  default     = true
}

variable "receipt_public_keys" {
  description = "Public halves of the keys that receipts of erasures are signed with, the present one first. The bootstrap prints it; keep former ones as long as their receipts matter."
  type        = list(string)
  default     = []
}

variable "region" {
  description = "Region of functions, buckets, topics and, unless firestore_location says otherwise, the database."
  type        = string
  default     = "europe-west1"
}

variable "release" {
  description = "Commit that is deployed: what /health answers as its release, and a label. scripts/deploy gives it."
  type        = string
  default     = ""
}

variable "requests_per_minute_per_ip" {
  description = "Requests a minute from one IP address before Cloud Armor answers 429. Many phones share the address of their carrier, so it is far above what one app sends. Long polls count once."
  type        = number
  default     = 1200
}

variable "runtime" {
  description = "Runtime of the functions."
  type        = string
  default     = "go126"
}

variable "scaling" {
  description = "Fewest and most instances by function; a function that is not named has 0 and 20. The most bounds what a bug or an attack can cost."
  type = map(object({
    min_instances = optional(number, 0)
    max_instances = optional(number, 20)
  }))
  default = {}
}

variable "secret_versions" {
  description = "Version of each secret that is no longer at its first, by the name without the prefix, such as { smtp-password = \"2\" }."
  type        = map(string)
  default     = {}
}

variable "sign_up_quota" {
  description = "How many accounts an hour one address may open for some days, for a launch or against an attack: from 1 to 1000, with the time it begins. Null leaves Identity Platform's own, 100. Sign-ups by POST /v1/auth/signup come from the functions' few addresses, and count as those."
  type = object({
    per_hour_and_ip = number
    start           = string
    days            = number
  })
  default = null
}

variable "trace_ratio" {
  description = "Share of new traces that is sampled, 0 to 1."
  type        = number
  default     = 0.05
}
