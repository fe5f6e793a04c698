variable "project_id" {
  description = "Google Cloud project that FaceScan goes into: that of the provider."
  type        = string
}

variable "prefix" {
  description = "What every name begins with, as in the module facescan."
  type        = string
  default     = "facescan"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,15}[a-z0-9]$", var.prefix))
    error_message = "A prefix has 3 to 17 lower-case letters, digits and hyphens."
  }
}

variable "region" {
  description = "Region of the secrets and of the functions' builds: that of everything else."
  type        = string
}

variable "database" {
  description = "Id of the Firestore database, as in the module facescan."
  type        = string
  default     = "(default)"
}

variable "kept_secrets" {
  description = "Secrets of earlier versions, without the prefix, that no function reads any more. They are left until an owner removes them by hand."
  type        = set(string)
  default     = []
}

variable "protect_data" {
  description = "Whether the deployer may not empty the buckets of photos: as in the module facescan."
  type        = bool
  default     = true
}

variable "kms_key" {
  description = "Key of Cloud KMS that data is encrypted with, as in the module facescan. One of this project is opened to the products' own accounts; one of another project its owner has to open."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key == null || can(regex("^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$", var.kms_key))
    error_message = "It is projects/PROJECT/locations/REGION/keyRings/RING/cryptoKeys/KEY, without a version."
  }
}

variable "deployers" {
  description = "IAM members, such as user:ada@example.com, who may act as the deployer's account. An owner of the project can give it to themselves later."
  type        = set(string)
  default     = []
}

variable "github_repository" {
  description = "Repository on GitHub, such as acme/facescan, whose workflows on its main branch may act as the deployer by workload identity federation; null admits none."
  type        = string
  default     = null

  validation {
    condition     = var.github_repository == null || can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", var.github_repository))
    error_message = "A repository is OWNER/NAME."
  }
}

variable "photo_audit" {
  description = "Whether Cloud Storage logs who reads and writes objects, the functions aside. It is for all buckets of the project: of two environments in a project, one sets it."
  type        = bool
  default     = true
}
