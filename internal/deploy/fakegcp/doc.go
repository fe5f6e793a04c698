// Package fakegcp is a fake of Google Cloud's REST APIs, as far as Terraform's Google provider and
// scripts/deploy use them: enough for the real provider to apply, re-plan and destroy on this
// machine, a record of every request, and the refusals that a first deployment meets. Tests and
// `scripts/deploy -dry-run` use it, and nothing deployed does.
//
// It stores what is written under a path and returns it. The rules, in the order in which they are
// tried:
//
//   - gate.go: an API that is off, and a caller without the permission, are refused;
//   - IAM policies and testIamPermissions;
//   - the service's own rules (specials in resource.go);
//   - POST on a collection creates, under the id that the query or the body names, or a made-up
//     one;
//   - PUT and PATCH merge, GET reads, DELETE deletes; what is not there is 404.
//
// APIs that answer with long-running operations get one that is done, or that failed.
//
// # What it refuses
//
// Each row has a test. "(worded here)" marks a message whose wording no source was found for; the
// status is documented.
//
//   - A call of an API that is not enabled: 403 PERMISSION_DENIED, reason SERVICE_DISABLED, "X API
//     has not been used in project N before or it is disabled". A new project has those of
//     https://cloud.google.com/service-usage/docs/enabled-service#default
//   - More than 20 APIs in one batchEnable: 400 INVALID_ARGUMENT (worded here).
//     https://cloud.google.com/service-usage/docs/reference/rest/v1/services/batchEnable
//   - A function whose build account may not read gcf-v2-sources-NUMBER-REGION, by grants of at
//     least 60 s: the operation fails with code 13, "Build failed ... Access to bucket ...
//     denied", and the function is FAILED.
//     https://github.com/hashicorp/terraform-provider-google/issues/20571 and
//     https://cloud.google.com/iam/docs/access-change-propagation
//   - The same without artifactregistry.repositories.uploadArtifacts, or logging.logEntries.create.
//     https://cloud.google.com/functions/docs/securing/build-custom-sa
//   - A function whose source, build account or runtime account is not there. (worded here)
//   - A function with a secret that has no such version, or whose value its account may not read:
//     code 13, "Permission denied on secret".
//     https://github.com/terraform-google-modules/terraform-docs-samples/pull/168
//   - A function whose instances exceed the region's quota: code 3, "Max instances must be set to
//     N or fewer". https://github.com/googlecodelabs/feedback/issues/1856
//   - A second function of the name, though the first failed: 409 ALREADY_EXISTS.
//   - An alert policy on a log-based metric that is absent or younger than ten minutes: 404
//     NOT_FOUND. https://github.com/hashicorp/terraform-provider-google/issues/11102
//   - A service level objective on such a metric: 400 "Invalid SLO definition: The metric
//     referenced by the provided filter is unknown."
//     https://github.com/GoogleCloudPlatform/cloud-ops-sandbox/issues/896
//   - A policy that names a service account or agent that is not there: 400 "Service account X does
//     not exist." https://github.com/hashicorp/terraform-provider-google/issues/7281 and
//     https://cloud.google.com/iam/docs/create-service-agents
//   - A policy that names a custom role that is not there, one whose condition does not compile or
//     has more than 12 operators, or a condition in a policy below version 3: 400
//     INVALID_ARGUMENT. A read below version 3 shows ROLE_withcond_HASH.
//     https://cloud.google.com/iam/docs/policies#versions
//   - A policy with a stale etag: 409 ABORTED.
//   - allUsers under domain-restricted sharing: 400 FAILED_PRECONDITION, "One or more users named
//     in the policy do not belong to a permitted customer".
//     https://github.com/LayerZero-Labs/gasolina-gcp/issues/15
//   - allUsers on a bucket whose public access is prevented: 412.
//     https://github.com/GoogleCloudPlatform/gsutil/issues/1620
//   - A second initializeAuth: 400 "Identity Platform has already been enabled for this project."
//     https://github.com/hashicorp/terraform-provider-google/issues/16520
//   - A password policy without its one version or below 6 characters, a sign-up quota without its
//     time, TOTP codes of more than ten intervals: 400 INVALID_ARGUMENT (worded here). An update
//     changes what its mask names.
//     https://cloud.google.com/identity-platform/docs/reference/rest/v2/Config
//   - A release of Firebase's rules that exists: 409; one of a ruleset that is absent: 404.
//   - A Firestore database that exists: 409; one deleted less than five minutes ago: 400; the
//     deletion of a protected one: 400. https://cloud.google.com/firestore/docs/manage-databases
//   - The id of a deleted custom role or workload identity pool: 400 or 409.
//     https://cloud.google.com/iam/docs/creating-custom-roles#deleting-custom-role
//   - A budget in another currency than the billing account's: 400 INVALID_ARGUMENT.
//     https://cloud.google.com/billing/docs/reference/budget/rest/v1/billingAccounts.budgets
//   - A subscription to an absent topic: 404. A notification that Cloud Storage may not publish:
//     403. https://github.com/hashicorp/terraform-provider-google/pull/4354
//   - A bucket, topic or database with a key that the product's own account may not use: 403 for a
//     bucket (https://github.com/ollionorg/gcp-landing-zone/pull/59), 400 for the others (worded
//     here); one with a key that is not there or, but for topics, elsewhere (worded here).
//     https://cloud.google.com/firestore/docs/use-cmek
//   - A DNS record in a zone that is not there: 404; one that exists: 409.
//     https://cloud.google.com/dns/docs/reference/rest/v1/changes/create
//   - Buckets: a second of the name 409, the deletion of one with objects 409, an object in an
//     absent one 404, an object of another generation than the request says 412.
//     https://cloud.google.com/storage/docs/json_api/v1/status-codes
//   - Any request of a caller other than the owner without its permission, or that no row of the
//     table in the package iam covers: 403 PERMISSION_DENIED.
//     https://cloud.google.com/iam/docs/permissions-reference
//   - The same without iam.serviceAccounts.actAs on an account that a function, a job or a push
//     subscription is to run as: 403. https://cloud.google.com/iam/docs/service-accounts-actas
//
// Resources of Cloud Monitoring lose their zeros, empty texts and false, as proto3's JSON does: a
// configuration that has them is planned anew for ever.
// https://github.com/hashicorp/terraform-provider-google/issues/7242
//
// # What it cannot know
//
//   - Which values an API refuses beside those above: names, ranges, combinations.
//   - How long a change takes to arrive, but for the times above: an API that is on, a grant, an
//     agent.
//   - What a failed update leaves in a function's settings: here the new ones, in state FAILED,
//     and the former revision serves.
//   - Which APIs an API switches on by itself, or which service agents are given roles by
//     themselves.
//   - Organisations: folders, inherited policies, deny policies, other constraints, other projects.
//   - Whether the code builds, starts and answers; certificates, DNS, and what a request would
//     meet.
//   - Quotas other than Cloud Run's CPU and memory, rates of requests, and prices.
//   - Earlier versions of objects, retention and soft deletion.
package fakegcp
