variable "project_id" {
  description = "Google Cloud project that FaceScan goes into."
  type        = string
}

variable "prefix" {
  description = "What every name begins with."
  type        = string
  default     = "facescan"
}

variable "region" {
  description = "Region of the states' bucket and of the secrets: that of everything else. Neither can be moved."
  type        = string
}

variable "environment" {
  description = "Name of the environment, in labels."
  type        = string
}

variable "database" {
  description = "Id of the Firestore database."
  type        = string
  default     = "(default)"
}

variable "kept_secrets" {
  description = "Secrets of earlier versions, without the prefix, that no function reads any more."
  type        = set(string)
  default     = []
}

variable "protect_data" {
  description = "Whether database and buckets are protected from deletion."
  type        = bool
  default     = true
}

variable "kms_key" {
  description = "Key of Cloud KMS that data is encrypted with, null without one."
  type        = string
  default     = null
}

variable "deployers" {
  description = "IAM members, such as user:ada@example.com, who may act as the deployer's account. An owner of the project can give it to themselves later."
  type        = set(string)
  default     = []
}

variable "github_repository" {
  description = "Repository on GitHub, such as acme/facescan, whose workflows on its main branch may act as the deployer; null admits none."
  type        = string
  default     = null
}

variable "photo_audit" {
  description = "Whether Cloud Storage logs who reads and writes objects, the functions aside; false where another environment of the project sets it."
  type        = bool
  default     = true
}
