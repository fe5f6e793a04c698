// Package fakegcp is a fake of Google Cloud's REST APIs, as far as Terraform's Google provider uses
// them for terraform/: enough for the real provider to apply, re-plan and destroy on this machine,
// and a record of every request, so that a test sees what would really have been sent. Tests and
// `scripts/deploy -dry-run` use it, and nothing deployed does.
//
// It stores what is written under a path and returns it. It checks nothing: that an API
// would refuse a value, that a grant takes a minute to hold, that an API is not switched on yet or
// a quota used up only the cloud itself shows.
//
// The rules, in the order in which they are tried:
//
//   - special.go: what no general rule covers (projects, IAM policies, service usage, storage's
//     uploads);
//   - POST on PATH:verb is a finished operation;
//   - POST on a collection creates, under the id that the query or the body names, or a made-up
//     one;
//   - PUT and PATCH merge, GET reads, DELETE deletes; what is not there is 404.
//
// APIs that answer with long-running operations get one that is done.
package fakegcp
