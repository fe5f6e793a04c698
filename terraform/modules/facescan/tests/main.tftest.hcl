# The module's own rules, without a cloud: what it plans for given variables, and what it refuses. The Go tests in ../../checks hold the plans
# of the real environments to the design.
mock_provider "google" {
  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
  mock_data "google_storage_project_service_account" {
    defaults = { member = "serviceAccount:service-123456789012@gs-project-accounts.iam.gserviceaccount.com" }
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
    admin       = { path = "tests/main.tftest.hcl", object = "admin/1.zip" }
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

run "photos_reach_analyze_by_a_subscription" {
  command = plan

  assert {
    condition     = google_storage_notification.uploads.event_types == toset(["OBJECT_FINALIZE"])
    error_message = "Cloud Storage has to tell of uploads."
  }
  assert {
    condition     = google_pubsub_subscription.push["analyze.upload-finalized"].name == "facescan-analyze.upload-finalized"
    error_message = "analyze has to have a subscription."
  }
}

run "without_web_origins_there_is_no_cors" {
  command = plan

  assert {
    condition     = length(google_storage_bucket.uploads.cors) == 0
    error_message = "No browser has to reach the bucket."
  }
}

run "web_origins_may_put_photos_and_get_them" {
  command = plan

  variables {
    cors_origins = ["https://app.example.com"]
  }

  assert {
    condition     = toset(google_storage_bucket.uploads.cors[0].method) == toset(["PUT", "GET", "HEAD"])
    error_message = "A browser has to be able to upload a photo, and to fetch the original."
  }

  assert {
    condition     = contains(google_storage_bucket.uploads.cors[0].response_header, "X-Goog-Meta-Owner")
    error_message = "A browser has to be able to send a ticket's headers."
  }

  assert {
    condition     = toset(google_storage_bucket.results.cors[0].method) == toset(["GET", "HEAD"])
    error_message = "A browser fetches pictures and exports, and writes none."
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
    condition     = google_firestore_database.this[0].delete_protection_state == "DELETE_PROTECTION_DISABLED" && google_storage_bucket.results.force_destroy
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

run "an_environment_has_any_name" {
  command = plan

  variables {
    environment = "staging-2"
  }

  assert {
    condition     = output.api_url == "https://api.example.com"
    error_message = "Any environment has an API."
  }
}

run "an_environments_name_fits_a_label" {
  command = plan

  variables {
    environment = "Staging"
  }

  expect_failures = [var.environment]
}

run "every_name_begins_with_the_prefix" {
  command = plan

  variables {
    prefix   = "fs-two"
    database = "second"
  }

  assert {
    condition     = alltrue([for s in values(output.function_services) : startswith(s, "fs-two-")])
    error_message = "A function's name would clash with the first environment's."
  }
  assert {
    condition     = alltrue([for t in google_pubsub_topic.this : startswith(t.name, "fs-two-")])
    error_message = "A topic's name would clash with the first environment's."
  }
  assert {
    condition     = google_storage_bucket.uploads.name == "facescan-test-fs-two-uploads" && google_firestore_database.this[0].name == "second"
    error_message = "Photos and documents would be shared with the first environment."
  }
  assert {
    condition     = local.environment["scans"].FACESCAN_TOPIC_PREFIX == "fs-two-" && local.environment["scans"].FACESCAN_DATABASE == "second"
    error_message = "The functions would not find their topics and documents."
  }
  assert {
    condition     = google_firebaserules_release.firestore.name == "cloud.firestore/second"
    error_message = "The database would have no rules."
  }
}

run "a_prefix_leaves_room_for_the_longest_accounts_id" {
  command = plan

  variables {
    prefix = "facescan-in-europe"
  }

  expect_failures = [var.prefix]
}

run "a_misspelt_function_is_refused" {
  command = plan

  variables {
    scaling = { analyse = { max_instances = 5 } }
  }

  expect_failures = [var.scaling]
}

run "a_misspelt_secret_is_refused" {
  command = plan

  variables {
    secret_versions = { smtp_password = "2" }
  }

  expect_failures = [var.secret_versions]
}

run "the_latest_version_of_a_secret_is_none" {
  command = plan

  variables {
    secret_versions = { smtp-password = "latest" }
  }

  expect_failures = [var.secret_versions]
}

run "a_region_that_is_none_is_refused" {
  command = plan

  variables {
    region = "europe-west"
  }

  expect_failures = [var.region]
}

run "a_location_of_the_database_that_is_none_is_refused" {
  command = plan

  variables {
    firestore_location = "eu3"
  }

  expect_failures = [var.firestore_location]
}

run "a_release_that_health_would_not_start_with_is_refused" {
  command = plan

  variables {
    release = "v1.2+local"
  }

  expect_failures = [var.release]
}

run "a_database_that_functions_would_not_start_with_is_refused" {
  command = plan

  variables {
    database = "app"
  }

  expect_failures = [var.database]
}

run "a_function_without_a_zip_is_refused" {
  command = plan

  variables {
    function_sources = {}
  }

  expect_failures = [var.function_sources]
}

run "a_channel_of_another_shape_is_refused" {
  command = plan

  variables {
    notification_channels = ["1234567890"]
  }

  expect_failures = [var.notification_channels]
}

run "parts_can_be_left_out" {
  command = plan

  variables {
    edge_enabled       = false
    identity_enabled   = false
    monitoring_enabled = false
    create_database    = false
    database           = "existing"
    log_retention_days = null
  }

  assert {
    condition     = length(module.edge) == 0 && length(module.monitoring) == 0 && length(google_identity_platform_config.this) == 0
    error_message = "What was switched off is made all the same."
  }
  assert {
    condition     = length(google_firestore_database.this) == 0 && google_firestore_index.this["inbox.read_asc.createdAt_asc"].database == "existing"
    error_message = "An existing database has to get the indexes."
  }
  assert {
    condition     = output.api_address == null && output.http_services["scans"].service == "facescan-scans"
    error_message = "A balancer of one's own has to find the services."
  }
}

run "everything_is_made_by_default" {
  command = plan

  assert {
    condition     = length(module.edge) == 1 && length(module.monitoring) == 1 && length(google_identity_platform_config.this) == 1
    error_message = "The default is the whole system."
  }
  assert {
    condition     = local.scaling["analyze"].max_instances * local.functions["analyze"].cpu <= 20
    error_message = "A new project's region has 20 vCPUs."
  }
}

run "where_all_users_are_refused_none_is_granted" {
  command = plan

  variables {
    public_invoker = false
  }

  assert {
    condition     = output.function_services["health"] == "facescan-health"
    error_message = "Functions are made all the same."
  }
}

run "the_release_changes_one_function_only" {
  command = plan

  variables {
    release = "0123abc"
  }

  assert {
    condition     = local.environment["health"].FACESCAN_RELEASE == "0123abc" && !contains(keys(local.environment["scans"]), "FACESCAN_RELEASE")
    error_message = "Each commit would deploy every function."
  }
  assert {
    condition     = local.function_labels["health"].release == "0123abc" && !contains(keys(local.function_labels["scans"]), "release")
    error_message = "Each commit would change the label of every function."
  }
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

run "erasing_an_account_takes_no_app_check" {
  command = plan

  variables {
    app_check_routes = { "DELETE /v1/me" = "enforce" }
  }

  expect_failures = [var.app_check_routes]
}

run "users_cannot_delete_themselves_at_firebase" {
  command = plan

  assert {
    condition     = google_identity_platform_config.this[0].client[0].permissions[0].disabled_user_deletion == true
    error_message = "A user who is deleted by the SDK leaves everything else behind."
  }
  assert {
    condition     = google_identity_platform_config.this[0].client[0].permissions[0].disabled_user_signup == false
    error_message = "Users have to be able to sign up."
  }
}

run "without_a_key_google_encrypts_by_its_own" {
  command = plan

  assert {
    condition     = length(google_storage_bucket.uploads.encryption) == 0 && length(google_firestore_database.this[0].cmek_config) == 0
    error_message = "No key was asked for."
  }
}

run "a_key_encrypts_photos_documents_and_messages" {
  command = plan

  variables {
    kms_key = "projects/keys/locations/europe-west1/keyRings/facescan/cryptoKeys/data"
  }

  assert {
    condition = alltrue([
      for b in [google_storage_bucket.uploads, google_storage_bucket.results, google_storage_bucket.tombstones] : b.encryption[0].default_kms_key_name == var.kms_key
    ])
    error_message = "A bucket is encrypted with another key."
  }
  assert {
    condition     = google_firestore_database.this[0].cmek_config[0].kms_key_name == var.kms_key && alltrue([for t in google_pubsub_topic.this : t.kms_key_name == var.kms_key])
    error_message = "Documents or messages are encrypted with another key."
  }
}

run "a_key_elsewhere_is_refused" {
  command = plan

  variables {
    kms_key = "projects/keys/locations/europe/keyRings/facescan/cryptoKeys/data"
  }

  expect_failures = [var.kms_key]
}

run "a_keys_version_is_none" {
  command = plan

  variables {
    kms_key = "projects/keys/locations/europe-west1/keyRings/facescan/cryptoKeys/data/cryptoKeyVersions/1"
  }

  expect_failures = [var.kms_key]
}

run "one_key_is_in_one_region" {
  command = plan

  variables {
    kms_key            = "projects/keys/locations/europe-west1/keyRings/facescan/cryptoKeys/data"
    firestore_location = "eur3"
  }

  expect_failures = [var.kms_key]
}

run "localhost_signs_nobody_in_where_data_is_protected" {
  command = plan

  variables {
    authorized_domains = ["localhost"]
  }

  expect_failures = [var.authorized_domains]
}

run "localhost_signs_in_where_nobodys_data_is" {
  command = plan

  variables {
    authorized_domains = ["localhost"]
    protect_data       = false
  }

  assert {
    condition     = contains(google_identity_platform_config.this[0].authorized_domains, "localhost")
    error_message = "Web apps under development have to sign in."
  }
}

run "a_second_factor_is_an_authenticator_app" {
  command = plan

  assert {
    condition     = google_identity_platform_config.this[0].mfa[0].provider_configs[0].state == "ENABLED" && try(length(google_identity_platform_config.this[0].mfa[0].enabled_providers), 0) == 0
    error_message = "Users have to be able to have a second factor, and none by SMS."
  }
}

run "sign_ups_have_another_quota_for_a_time" {
  command = plan

  variables {
    sign_up_quota = { per_hour_and_ip = 20, start = "2027-01-31T00:00:00Z", days = 7 }
  }

  assert {
    condition     = google_identity_platform_config.this[0].quota[0].sign_up_quota_config[0].quota_duration == "604800s"
    error_message = "A quota has to end."
  }
}

run "a_quota_of_sign_ups_begins_at_a_time" {
  command = plan

  variables {
    sign_up_quota = { per_hour_and_ip = 20, start = "soon", days = 7 }
  }

  expect_failures = [var.sign_up_quota]
}

run "a_quota_of_sign_ups_is_a_thousand_at_most" {
  command = plan

  variables {
    sign_up_quota = { per_hour_and_ip = 1001, start = "2027-01-31T00:00:00Z", days = 7 }
  }

  expect_failures = [var.sign_up_quota]
}
