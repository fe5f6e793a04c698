variable "project_id" {
  description = "Google Cloud project that everything is made in: that of the provider."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "A project id has 6 to 30 lower-case letters, digits and hyphens."
  }
}

variable "prefix" {
  description = "What every name begins with, so that two environments fit in one project. It can never be changed: another one is another FaceScan."
  type        = string
  default     = "facescan"

  validation {
    # An account's id has 30 characters at most, "-leaderboard" among them.
    condition     = can(regex("^[a-z][a-z0-9-]{1,15}[a-z0-9]$", var.prefix))
    error_message = "A prefix has 3 to 17 lower-case letters, digits and hyphens."
  }
}

variable "release" {
  description = "Commit that is deployed: what /health answers as its release, and a label. scripts/deploy gives it."
  type        = string
  default     = ""

  validation {
    # What internal/boot admits as FACESCAN_RELEASE: with another the function health would not start.
    condition     = var.release == "" || can(regex("^[0-9A-Za-z][0-9A-Za-z._-]{0,62}$", var.release))
    error_message = "A release is a commit or a version: letters, digits, dots, underscores and hyphens, 63 at most."
  }
}

variable "environment" {
  description = "Name of the environment, in labels and alerts."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,15}$", var.environment))
    error_message = "An environment's name has up to 16 lower-case letters, digits and hyphens, such as dev, prod or staging-2."
  }
}

variable "region" {
  description = "Region of functions, buckets, topics and, unless firestore_location says otherwise, the database."
  type        = string
  default     = "europe-west1"

  validation {
    condition     = contains(local.regions, var.region)
    error_message = "There are ${join(", ", local.regions)}."
  }
}

variable "firestore_location" {
  description = "Location of the Firestore database, which can never be moved; null is the region. A multi-region such as eur3 costs twice as much."
  type        = string
  default     = null

  validation {
    condition     = var.firestore_location == null || contains(concat(local.regions, local.multi_regions), coalesce(var.firestore_location, "-"))
    error_message = "There are ${join(", ", concat(local.multi_regions, local.regions))}."
  }
}

variable "database" {
  description = "Id of the Firestore database. A second environment in a project needs one of its own."
  type        = string
  default     = "(default)"

  validation {
    # https://cloud.google.com/firestore/docs/manage-databases#database_id
    condition     = var.database == "(default)" || can(regex("^[a-z][a-z0-9-]{2,61}[a-z0-9]$", var.database))
    error_message = "It is (default), or 4 to 63 lower-case letters, digits and hyphens."
  }
}

variable "create_database" {
  description = "Whether the database is made here. False takes one that is there, with its protection and backups as they are; indexes, expiry and rules are set all the same."
  type        = bool
  default     = true
}

variable "edge_enabled" {
  description = "Whether the load balancer with certificate and Cloud Armor is made. Without it, put one of your own before the output http_services."
  type        = bool
  default     = true
}

variable "identity_enabled" {
  description = "Whether the project's Identity Platform is set up here. False where something else owns it."
  type        = bool
  default     = true
}

variable "monitoring_enabled" {
  description = "Whether metrics, objectives, alerts and the dashboard are made."
  type        = bool
  default     = true
}

variable "alerts_enabled" {
  description = "Whether alerts are sent. False makes them and leaves them silent, such as before the domain points here."
  type        = bool
  default     = true
}

variable "log_alerts_enabled" {
  description = "Whether alerts on metrics of log lines are made. Such a metric can be named ten minutes after it was made: false in a first apply, true in the second. scripts/deploy does that."
  type        = bool
  default     = true
}

variable "public_invoker" {
  description = "Whether allUsers may invoke the HTTP functions, as the load balancer needs. False where the organisation refuses allUsers; see terraform/README.md."
  type        = bool
  default     = true
}

variable "domain" {
  description = "Host name of the API, such as api.example.com. Its A record has to point at the output api_address before the certificate can be issued."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9-]+(\\.[a-z0-9-]+)+$", var.domain))
    error_message = "A host name without scheme or path."
  }
}

variable "additional_domains" {
  description = "Further host names with certificates of their own. To change the domain without an outage, add the new one here, wait until its certificate is ACTIVE, then exchange the two."
  type        = set(string)
  default     = []
}

variable "dns_zone" {
  description = "Name of the Cloud DNS managed zone in this project in which the domain's A record is set; null leaves that to you."
  type        = string
  default     = null
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

  validation {
    condition     = length(setsubtract(keys(local.functions), keys(var.function_sources))) == 0 && length(setsubtract(keys(var.function_sources), keys(local.functions))) == 0
    error_message = "It has to have ${join(", ", keys(local.functions))}, and no other."
  }
}

variable "scaling" {
  description = "Fewest and most instances by function; a function that is not named has 0 and 20. The most bounds what a bug or an attack can cost."
  type = map(object({
    min_instances = optional(number, 0)
    max_instances = optional(number, 20)
  }))
  default = {}

  validation {
    condition     = length(setsubtract(keys(var.scaling), keys(local.functions))) == 0
    error_message = "No such function: ${join(", ", setsubtract(keys(var.scaling), keys(local.functions)))}. There are ${join(", ", keys(local.functions))}."
  }

  validation {
    condition     = alltrue([for s in values(var.scaling) : s.min_instances >= 0 && s.max_instances >= 1 && s.min_instances <= s.max_instances])
    error_message = "The fewest instances are 0 or more, the most 1 or more, and not fewer than the fewest."
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

variable "operator" {
  description = "Who answers for the service, and an e-mail address or an https URL where people reach them: the pages about deleting an account name both. Empty texts leave them out."
  type        = object({ name = optional(string, ""), contact = optional(string, "") })
  default     = {}
  validation {
    condition     = var.operator.contact == "" || can(regex("^https://[^ ]+$", var.operator.contact)) || can(regex("^[^@:/?&#% ]+@[^@:/?&#% ]+$", var.operator.contact))
    error_message = "operator.contact must be an e-mail address or an https URL."
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
  description = "Version of each secret that is no longer at its first, by the name without the prefix, such as { smtp-password = \"2\" }."
  type        = map(string)
  default     = {}

  validation {
    condition     = length(setsubtract(keys(var.secret_versions), local.secret_names)) == 0
    error_message = "No such secret: ${join(", ", setsubtract(keys(var.secret_versions), local.secret_names))}. There are ${join(", ", local.secret_names)}."
  }

  validation {
    condition     = alltrue([for v in values(var.secret_versions) : can(regex("^[1-9][0-9]*$", v))])
    error_message = "A version is a number such as \"2\": \"latest\" would change under a running function."
  }
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
  description = "Domains that sign-in may redirect to, beside the project's own. localhost is one only where protect_data is false: any program on a user's machine can be there."
  type        = list(string)
  default     = []

  validation {
    condition     = !var.protect_data || length(setintersection(var.authorized_domains, ["localhost", "127.0.0.1"])) == 0
    error_message = "localhost may not sign users in where their data is protected: any program on a user's machine can be there."
  }
}

variable "sign_up_quota" {
  description = "How many accounts an hour one address may open for some days, for a launch or against an attack: from 1 to 1000, with the time it begins. Null leaves Identity Platform's own, 100. Sign-ups by POST /v1/auth/signup come from the functions' few addresses, and count as those."
  type = object({
    per_hour_and_ip = number
    start           = string
    days            = number
  })
  default = null

  validation {
    condition = var.sign_up_quota == null || try(
      var.sign_up_quota.per_hour_and_ip >= 1 && var.sign_up_quota.per_hour_and_ip <= 1000 && var.sign_up_quota.days >= 1 &&
      can(timeadd(var.sign_up_quota.start, "0s")), false
    )
    error_message = "It is { per_hour_and_ip = 1 to 1000, start = \"2027-01-31T00:00:00Z\", days = 1 or more }."
  }
}

variable "protect_data" {
  description = "Whether database and buckets are protected from deletion. False only where nobody's data is."
  type        = bool
  default     = true
}

# Cloud Storage and Firestore take a key of their own location only (https://cloud.google.com/storage/docs/encryption/customer-managed-keys,
# https://cloud.google.com/firestore/docs/use-cmek): one key for both means one region for both.
variable "kms_key" {
  description = "Key of Cloud KMS in `region`, projects/P/locations/REGION/keyRings/R/cryptoKeys/K, that photos, results, tombstones, documents and messages are encrypted with; null leaves that to Google. A database takes a key when it is made, and never afterwards."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key == null || can(regex("^projects/[^/]+/locations/${var.region}/keyRings/[^/]+/cryptoKeys/[^/]+$", var.kms_key))
    error_message = "It is projects/PROJECT/locations/${var.region}/keyRings/RING/cryptoKeys/KEY, without a version: the key has to be where the data is."
  }

  validation {
    condition     = var.kms_key == null || !var.create_database || coalesce(var.firestore_location, var.region) == var.region
    error_message = "The database has to be in ${var.region}, as the key and the buckets are: leave firestore_location out."
  }
}

variable "armor_preview" {
  description = "Whether Cloud Armor's WAF rules only log what they would block. Begin with true, also in production, and read for a week what they would have refused. The limits by address hold all the same."
  type        = bool
  default     = true
}

# A carrier puts 64 to 256 subscribers behind an address, by the 1,024 to 256 ports that each gets. Say all 256 have the app, a tenth of them is
# in it at once, and each asks 30 times in its busiest minute, a scan with its long polls and lists: 770.
variable "requests_per_minute_per_ip" {
  description = "Requests a minute from one IP address before Cloud Armor answers 429. Many phones share the address of their carrier, so it is far above what one app sends. Long polls count once."
  type        = number
  default     = 1200

  validation {
    condition     = var.requests_per_minute_per_ip >= 10
    error_message = "Below 10 a minute no app works."
  }
}

# The functions themselves let an address log in 60 times in a quarter of an hour, and all of that in its first minute; with a registration or a
# refresh for each it is 120. A refresh is due once an hour, 4 a minute for 256 subscribers.
variable "auth_requests_per_minute_per_ip" {
  description = "Requests a minute to /v1/auth/ from one IP address before Cloud Armor answers 429: wider than the functions' own limits, which answer with what is wrong."
  type        = number
  default     = 120

  validation {
    condition     = var.auth_requests_per_minute_per_ip >= 60 && var.auth_requests_per_minute_per_ip <= var.requests_per_minute_per_ip
    error_message = "From 60 a minute, which the functions themselves let an address log in, to requests_per_minute_per_ip."
  }
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

  validation {
    # What internal/boot admits: with another no function would start.
    condition     = contains(["grpc", "http/protobuf"], var.otlp_protocol)
    error_message = "It is grpc or http/protobuf."
  }
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
  description = "Days that the project's logs are kept. The receipt of an erasure promises at most 30. Null leaves the project's setting alone, which is 30 from the start."
  type        = number
  default     = 30

  validation {
    condition     = var.log_retention_days == null || try(var.log_retention_days >= 1 && var.log_retention_days <= local.catalog.logDays, false)
    error_message = "Logs are kept for 1 to ${local.catalog.logDays} days, as the receipts of erasures say."
  }
}

variable "alert_emails" {
  description = "Addresses that alerts go to."
  type        = set(string)
  default     = []
}

variable "notification_channels" {
  description = "Ids of notification channels of your own that alerts go to as well, such as projects/p/notificationChannels/1."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for c in var.notification_channels : can(regex("^projects/[^/]+/notificationChannels/[^/]+$", c))])
    error_message = "A channel's id is projects/PROJECT/notificationChannels/ID."
  }
}

variable "playbooks_url" {
  description = "Where the playbooks stand that alerts link to."
  type        = string
  default     = "https://github.com/facescan/facescan/blob/main/terraform/playbooks"
}

variable "budget" {
  description = "Monthly budget, in the billing account's currency, whose 50, 90 and 100 per cent are told to the account's administrators; null makes none. The deployer needs roles/billing.costsManager on the account."
  type = object({
    billing_account = string
    amount          = number
  })
  default = null
}

variable "labels" {
  description = "Labels of the functions, beside those of the provider."
  type        = map(string)
  default     = {}
}

# What the validations name.
locals {
  secret_names = distinct(flatten([for f in local.functions : values(f.access.secrets)]))

  # https://cloud.google.com/run/docs/locations; a new one is added here.
  regions = [
    "africa-south1", "asia-east1", "asia-east2", "asia-northeast1", "asia-northeast2", "asia-northeast3", "asia-south1", "asia-south2",
    "asia-southeast1", "asia-southeast2", "australia-southeast1", "australia-southeast2", "europe-central2", "europe-north1",
    "europe-southwest1", "europe-west1", "europe-west10", "europe-west12", "europe-west2", "europe-west3", "europe-west4", "europe-west6",
    "europe-west8", "europe-west9", "me-central1", "me-central2", "me-west1", "northamerica-northeast1", "northamerica-northeast2",
    "southamerica-east1", "southamerica-west1", "us-central1", "us-east1", "us-east4", "us-east5", "us-south1", "us-west1", "us-west2",
    "us-west3", "us-west4",
  ]
  # https://cloud.google.com/firestore/docs/locations
  multi_regions = ["eur3", "nam5", "nam7"]
}
