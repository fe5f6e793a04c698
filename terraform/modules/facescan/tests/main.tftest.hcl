# The module's own rules, without a cloud: what it plans for given variables, and what it refuses. The Go tests in checks/ hold the plans
# of the real environments to the design.
mock_provider "google" {
  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
  mock_data "google_storage_project_service_account" {
    defaults = { member = "serviceAccount:service-123456789012@gs-project-accounts.iam.gserviceaccount.com" }
  }
  mock_resource "google_service_account" {
    defaults = {
      email  = "fs@facescan-test.iam.gserviceaccount.com"
      member = "serviceAccount:fs@facescan-test.iam.gserviceaccount.com"
      name   = "projects/facescan-test/serviceAccounts/fs@facescan-test.iam.gserviceaccount.com"
      id     = "projects/facescan-test/serviceAccounts/fs@facescan-test.iam.gserviceaccount.com"
    }
  }
  mock_resource "google_secret_manager_secret" {
    defaults = { id = "projects/facescan-test/secrets/mocked" }
  }
  mock_resource "google_project_iam_custom_role" {
    defaults = { name = "projects/facescan-test/roles/mocked" }
  }
  mock_resource "google_pubsub_topic" {
    defaults = { id = "projects/facescan-test/topics/mocked" }
  }
}

variables {
  project_id       = "facescan-test"
  environment      = "dev"
  domain           = "api.example.com"
  firebase_api_key = "key"
  alert_emails     = ["ops@example.com"]
  mail             = { server = "smtp.example.com:587", user = "u", from = "f@example.com" }
  function_sources = {
    analyze     = { path = "tests/main.tftest.hcl", object = "analyze/1.zip" }
    coach       = { path = "tests/main.tftest.hcl", object = "coach/1.zip" }
    erase       = { path = "tests/main.tftest.hcl", object = "erase/1.zip" }
    export      = { path = "tests/main.tftest.hcl", object = "export/1.zip" }
    health      = { path = "tests/main.tftest.hcl", object = "health/1.zip" }
    inbox       = { path = "tests/main.tftest.hcl", object = "inbox/1.zip" }
    leaderboard = { path = "tests/main.tftest.hcl", object = "leaderboard/1.zip" }
    notify      = { path = "tests/main.tftest.hcl", object = "notify/1.zip" }
    profile     = { path = "tests/main.tftest.hcl", object = "profile/1.zip" }
    rank        = { path = "tests/main.tftest.hcl", object = "rank/1.zip" }
    register    = { path = "tests/main.tftest.hcl", object = "register/1.zip" }
    scans       = { path = "tests/main.tftest.hcl", object = "scans/1.zip" }
    sweep       = { path = "tests/main.tftest.hcl", object = "sweep/1.zip" }
    upload      = { path = "tests/main.tftest.hcl", object = "upload/1.zip" }
  }
}

run "photos_reach_analyze_by_a_subscription_of_ours" {
  command = plan

  assert {
    condition     = length(google_storage_notification.uploads) == 1
    error_message = "Cloud Storage has to tell of uploads."
  }
  assert {
    condition     = contains(keys(google_pubsub_subscription.push), "analyze.upload-finalized")
    error_message = "analyze has to have a subscription."
  }
}

run "by_eventarc_there_is_no_subscription_for_photos" {
  command = plan

  variables {
    trigger_mode = "eventarc"
  }

  assert {
    condition     = length(google_storage_notification.uploads) == 0 && !contains(keys(google_pubsub_subscription.push), "analyze.upload-finalized")
    error_message = "A photo would be delivered twice."
  }
}

run "without_web_origins_there_is_no_cors" {
  command = plan

  assert {
    condition     = length(google_storage_bucket.uploads.cors) == 0
    error_message = "No browser has to reach the bucket."
  }
}

run "web_origins_may_put_photos" {
  command = plan

  variables {
    cors_origins = ["https://app.example.com"]
  }

  assert {
    condition     = google_storage_bucket.uploads.cors[0].method[0] == "PUT"
    error_message = "A browser has to be able to upload."
  }
}

run "a_project_without_a_budget_is_possible" {
  command = plan

  assert {
    condition     = length(google_billing_budget.monthly) == 0
    error_message = "No budget was asked for."
  }
}

run "unprotected_data_can_be_destroyed" {
  command = plan

  variables {
    protect_data = false
  }

  assert {
    condition     = google_firestore_database.this.delete_protection_state == "DELETE_PROTECTION_DISABLED" && google_storage_bucket.results.force_destroy
    error_message = "A development project has to be destroyable."
  }
}

run "a_domain_is_no_url" {
  command = plan

  variables {
    domain = "https://api.example.com"
  }

  expect_failures = [var.domain]
}

run "other_environments_are_refused" {
  command = plan

  variables {
    environment = "staging"
  }

  expect_failures = [var.environment]
}

run "photos_are_not_kept_for_months" {
  command = plan

  variables {
    photo_lifecycle_days = 90
  }

  expect_failures = [var.photo_lifecycle_days]
}

run "logs_are_kept_no_longer_than_receipts_say" {
  command = plan

  variables {
    log_retention_days = 31
  }

  expect_failures = [var.log_retention_days]
}

run "a_share_is_at_most_one" {
  command = plan

  variables {
    trace_ratio = 5
  }

  expect_failures = [var.trace_ratio]
}

run "operations_have_app_check_modes_of_their_own" {
  command = plan

  variables {
    app_check_mode   = "monitor"
    app_check_routes = { "POST /v1/coach" = "enforce", "GET /v1/me" = "off" }
  }

  assert {
    condition     = local.environment["coach"].FACESCAN_APP_CHECK == "monitor,GET /v1/me=off,POST /v1/coach=enforce"
    error_message = "The function is not told of the modes."
  }
}

run "operations_that_are_none_have_no_app_check_mode" {
  command = plan

  variables {
    app_check_routes = { "POST /v1/couch" = "enforce" }
  }

  expect_failures = [var.app_check_routes]
}

run "whoever_leaves_is_not_asked_for_an_app" {
  command = plan

  variables {
    app_check_routes = { "DELETE /v1/me" = "enforce" }
  }

  expect_failures = [var.app_check_routes]
}

run "users_cannot_delete_themselves_at_firebase" {
  command = plan

  assert {
    condition     = google_identity_platform_config.this.client[0].permissions[0].disabled_user_deletion == true
    error_message = "A user who is deleted by the SDK leaves everything else behind."
  }
  assert {
    condition     = google_identity_platform_config.this.client[0].permissions[0].disabled_user_signup == false
    error_message = "Users have to be able to sign up."
  }
}
