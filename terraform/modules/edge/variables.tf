variable "prefix" {
  description = "What every name begins with."
  type        = string
}

variable "region" {
  description = "Region of the services."
  type        = string
}

variable "domain" {
  description = "Host name of the API."
  type        = string
}

variable "additional_domains" {
  description = "Further host names with certificates of their own."
  type        = set(string)
}

variable "dns_zone" {
  description = "Name of the Cloud DNS managed zone in which the domain's A record is set; null sets none."
  type        = string
}

variable "services" {
  description = "Cloud Run service of each HTTP function."
  type        = map(string)
}

variable "paths" {
  description = "Paths that each HTTP function serves; /* is what no other does."
  type        = map(list(string))
}

variable "fallback" {
  description = "Function that answers the paths of no other."
  type        = string
}

variable "armor_preview" {
  description = "Whether Cloud Armor's WAF rules only log what they would block."
  type        = bool
}

variable "requests_per_minute_per_ip" {
  description = "Requests a minute from one IP address before Cloud Armor answers 429."
  type        = number
}

variable "auth_requests_per_minute_per_ip" {
  description = "Requests a minute to /v1/auth/ from one IP address before Cloud Armor answers 429."
  type        = number
}

variable "photo_paths" {
  description = "Paths that photos are posted to, which Cloud Armor's WAF rules leave alone."
  type        = list(string)

  validation {
    # https://cloud.google.com/armor/quotas: a rule has five expressions at most, one of which asks the WAF.
    condition     = length(var.photo_paths) >= 1 && length(var.photo_paths) <= 4
    error_message = "There are 1 to 4: a rule has no room for more."
  }
}

variable "client_header" {
  description = "Header in which the functions read the client's address, and which only the balancer sets."
  type        = string
}
