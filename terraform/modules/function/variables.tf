variable "name" {
  description = "Name in the catalog: FUNCTION_TARGET and the label of its logs."
  type        = string
}

variable "service_name" {
  description = "Name of the function and of its Cloud Run service."
  type        = string
}

variable "function" {
  description = "Its row of catalog.json."
  type = object({
    purpose        = string
    concurrency    = number
    timeoutSeconds = number
    memoryMiB      = number
    cpu            = number
  })
}

variable "location" {
  description = "Region."
  type        = string
}

variable "runtime" {
  description = "Runtime, such as go126."
  type        = string
}

variable "build" {
  description = "What builds it: service account's id, image repository's id, and bucket and object of the source."
  type = object({
    service_account = string
    repository      = string
    bucket          = string
    object          = string
  })
}

variable "service_account_email" {
  description = "Service account that it runs as; no other function's."
  type        = string
}

variable "environment_variables" {
  description = "Environment beside the secrets."
  type        = map(string)
}

variable "secrets" {
  description = "Environment variables that come from Secret Manager: variable to secret id and version."
  type = map(object({
    secret  = string
    version = string
  }))
}

variable "scaling" {
  description = "Fewest and most instances."
  type = object({
    min_instances = number
    max_instances = number
  })
}

variable "ingress" {
  description = "Where requests may come from, such as ALLOW_INTERNAL_AND_GCLB."
  type        = string
}

variable "invoker" {
  description = "Member that may call it, allUsers for an HTTP function; null grants nothing."
  type        = string
}

variable "labels" {
  description = "Labels beside the provider's."
  type        = map(string)
}
