# What users are on: data is protected, the functions that a user waits for are kept warm.
environment = "prod"

protect_data  = true
armor_preview = true # for the first week; read what it would have refused, then false
trace_ratio   = 0.05

log_retention_days = 30

# 20 instances of a vCPU each are the quota of a new project's region. `make doctor ENV=prod` tells yours; raise it first, then this.
scaling = {
  analyze = { min_instances = 1, max_instances = 20 }
  scans   = { min_instances = 1, max_instances = 10 }
  upload  = { min_instances = 1, max_instances = 20 }
}

mail = {
  server = "smtp.example.com:587"
  user   = "facescan"
  from   = "FaceScan <noreply@example.com>"
}
