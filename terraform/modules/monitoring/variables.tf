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

variable "url_map" {
  description = "Name of the balancer's URL map; null where the balancer is not FaceScan's, which then has no objectives here."
  type        = string
}

variable "backends" {
  description = "Name of each function's backend service."
  type        = map(string)
}

variable "dead_letter_subscription" {
  description = "Name of the subscription of the dead letters."
  type        = string
}

variable "alert_emails" {
  description = "Addresses that alerts go to."
  type        = set(string)
}
