# Cloud Storage's data access log, so that it can be said who read a photo. Off by default in Google Cloud. An audit configuration is of the
# whole project and needs setIamPolicy on it, which the deployer must not have: so the owner makes it, here.
#
# The functions are exempt: their reads are known, each would be a line with a user's id in the object's name, and what one wants to find is
# who else reads photos. What a user reads or writes by a signed URL is done as the function that signed it, so it is exempt, too.
#
# What it costs: 0.50 USD a GiB of log beyond the first 50 GiB a month, https://cloud.google.com/stackdriver/pricing. With the functions exempt
# only operators' accesses are left, so nothing. Without, 100,000 scans a month make 1,100,000 entries (11 objects written or read a scan, as
# internal/deploy counts) of about 2 KiB, which are 2.1 GiB and 1.05 USD. See playbooks/audit.md.
resource "google_project_iam_audit_config" "storage" {
  count = var.photo_audit ? 1 : 0

  project = var.project_id
  service = "storage.googleapis.com"

  dynamic "audit_log_config" {
    for_each = ["DATA_READ", "DATA_WRITE"]
    content {
      log_type         = audit_log_config.value
      exempted_members = [for a in google_service_account.function : a.member]
    }
  }
}
