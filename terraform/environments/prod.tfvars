# What users are on: data is protected, the functions that a user waits for are kept warm.
environment = "prod"

protect_data  = true
armor_preview = false
trace_ratio   = 0.05

log_retention_days = 30

scaling = {
  analyze     = { min_instances = 1, max_instances = 50 }
  scans       = { min_instances = 1, max_instances = 10 }
  upload      = { min_instances = 1, max_instances = 20 }
  profile     = { max_instances = 20 }
  leaderboard = { max_instances = 20 }
}

mail = {
  server = "smtp.example.com:587"
  user   = "facescan"
  from   = "FaceScan <noreply@example.com>"
}
