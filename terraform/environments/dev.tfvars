# A project to try things in: nothing is protected, and everything scales to zero.
environment = "dev"
# project_id, domain, firebase_api_key and alert_emails are in PROJECT.auto.tfvars or come from `make deploy`'s questions; see README.md.

protect_data  = false
armor_preview = true
trace_ratio   = 1

log_retention_days = 7

authorized_domains = ["localhost"] # web apps under development sign in

scaling = {
  analyze = { max_instances = 5 }
}

mail = {
  server = "smtp.example.com:587"
  user   = "facescan-dev"
  from   = "FaceScan <noreply@example.com>"
}
