variable "project_id" {
  description = "Google Cloud project that FaceScan goes into."
  type        = string
}

variable "region" {
  description = "Region of the state's bucket and of the secrets: that of everything else."
  type        = string
}

variable "environment" {
  description = "Name of the environment, in labels."
  type        = string

  validation {
    condition     = contains(["dev", "prod"], var.environment)
    error_message = "There are dev and prod."
  }
}

variable "deployers" {
  description = "IAM members, such as user:ada@example.com, who may act as the deployer's account. An owner of the project can give it to themselves later."
  type        = set(string)
  default     = []
}
