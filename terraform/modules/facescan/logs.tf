# Logs hold keyed hashes of users at most, and receipts of erasures name how long. The bucket is the project's: null leaves it alone.
resource "google_logging_project_bucket_config" "default" {
  count = var.log_retention_days == null ? 0 : 1

  project        = var.project_id
  location       = "global"
  bucket_id      = "_Default"
  retention_days = var.log_retention_days

  depends_on = [google_project_service.this]
}

resource "google_billing_budget" "monthly" {
  count = var.budget == null ? 0 : 1

  billing_account = var.budget.billing_account
  display_name    = "FaceScan ${var.environment}"

  budget_filter {
    projects = ["projects/${data.google_project.this.number}"]
  }

  # Without a currency it is the billing account's, the only one that the API takes
  # (https://cloud.google.com/billing/docs/reference/budget/rest/v1/billingAccounts.budgets#BudgetAmount).
  amount {
    specified_amount {
      units = tostring(var.budget.amount)
    }
  }

  dynamic "threshold_rules" {
    for_each = [0.5, 0.9, 1]
    content {
      threshold_percent = threshold_rules.value
    }
  }

  depends_on = [google_project_service.this]
}
