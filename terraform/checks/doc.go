// Package checks holds terraform/ to what the design promises, on the plans of the real Google
// provider and on what it really sends to a fake of Google's APIs. Its tests have the build tag
// terraform, since they need terraform and the provider that `make tf-provider` builds: `make
// tf-policy` runs those on plans, `make tf-e2e` those that apply.
package checks
