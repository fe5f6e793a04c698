variable "project_id" {
  description = "Google Cloud project."
  type        = string
}

variable "prefix" {
  description = "What every name begins with."
  type        = string
}

variable "environment" {
  description = "Name of the environment, in the alerts' names."
  type        = string
}

variable "domain" {
  description = "Host name of the API, which the uptime check asks."
  type        = string
}

variable "edge" {
  description = "Names of the URL map, of the Cloud Armor policy and of the backend service of the long polls; null where the balancer is not FaceScan's, which is not watched then."
  type = object({
    url_map         = string
    security_policy = string
    polls           = string
  })
}

variable "services" {
  description = "Cloud Run service of each function."
  type        = map(string)
}

variable "http_functions" {
  description = "Functions that users call."
  type        = list(string)
}

variable "most_instances" {
  description = "Most instances of each function."
  type        = map(number)
}

variable "topics" {
  description = "Name of each of the catalog's topics."
  type        = map(string)
}

variable "upload_subscription" {
  description = "Name of the subscription by which analyze gets photos."
  type        = string
}

variable "dead_letter_subscription" {
  description = "Name of the subscription of the dead letters."
  type        = string
}

variable "subscriptions" {
  description = "Names of all subscriptions."
  type        = list(string)
}

variable "database" {
  description = "Id of the Firestore database."
  type        = string
}

variable "alert_emails" {
  description = "Addresses that alerts go to."
  type        = set(string)
}

variable "notification_channels" {
  description = "Ids of notification channels that alerts go to as well."
  type        = list(string)
}

variable "playbooks_url" {
  description = "Where the playbooks stand that alerts link to."
  type        = string
}

variable "alerts_enabled" {
  description = "Whether alerts are sent."
  type        = bool
}

variable "log_alerts_enabled" {
  description = "Whether alerts on metrics of log lines are made, which have to be ten minutes old."
  type        = bool
}
