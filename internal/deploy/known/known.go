// Package known is the table of the errors that an operator meets, with cause and remedy. It
// explains them, it decides which are worth another attempt, and the table of terraform/README.md
// is written from it.
package known

import (
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"
)

// Error is a row: what Terraform or Google say, what it means, and what to do.
type Error struct {
	Name string
	// Pattern finds it in the text of a diagnostic: Terraform hands on nothing but text.
	Pattern *regexp.Regexp
	Cause   string
	Mend    string
	// Wait is how long to wait before another attempt. 0 means that waiting alone mends nothing.
	Wait time.Duration
	// Source is where the text or its cause is documented or reported.
	Source string
}

// Errors are all rows. The first whose pattern fits explains a text, so the narrow ones come first.
var Errors = []Error{
	{
		"nobody is signed in",
		regexp.MustCompile(`could not find default credentials|oauth2: cannot fetch token|invalid_grant|invalid_rapt`),
		"No account is signed in, or its session has ended.",
		"`gcloud auth application-default login`",
		0, "https://cloud.google.com/docs/authentication/provide-credentials-adc",
	},
	{
		"no state bucket",
		regexp.MustCompile(`bucket doesn't exist`),
		"The bucket of the state is not there: the project was not bootstrapped, or it is another project.",
		"`make bootstrap ENV=NAME`",
		0, "https://developer.hashicorp.com/terraform/language/backend/gcs",
	},
	{
		"the state is locked",
		regexp.MustCompile(`Error acquiring the state lock`),
		"Another run holds the state's lock, or one was killed while it held it.",
		"Wait until it has ended. If it is dead for certain, `terraform -chdir=terraform force-unlock ID`",
		0, "https://developer.hashicorp.com/terraform/cli/commands/force-unlock",
	},
	{
		"billing is off",
		regexp.MustCompile(`BILLING_DISABLED|[Bb]illing account for project \S+ is not|` +
			`requires billing to be enabled|UREQ_PROJECT_BILLING_NOT_FOUND`),
		"No billing account pays for the project.",
		"`gcloud billing projects link PROJECT --billing-account=ACCOUNT`",
		0, "https://cloud.google.com/billing/docs/how-to/modify-project",
	},
	{
		"the build lacks a grant",
		regexp.MustCompile(`Access to bucket gcf-v2-sources-\S+ denied|artifactregistry\.\S+ denied|` +
			`Could not build the function due to missing permissions|does not have permission to write logs`),
		"The build account's grants were made moments ago: Google takes minutes until they hold everywhere.",
		"It is tried again after a wait. If it stays, an owner runs `make bootstrap`, which makes the grants.",
		time.Minute, "https://github.com/hashicorp/terraform-provider-google/issues/20571",
	},
	{
		"an alert on a metric that is too new",
		regexp.MustCompile(`Cannot find metric\(?s?\)? that match|metric referenced by the provided filter is unknown`),
		"An alert may read a log metric only ten minutes after the metric was made.",
		"It is tried again after ten minutes.",
		10 * time.Minute, "https://github.com/hashicorp/terraform-provider-google/issues/11102",
	},
	{
		"an API is not enabled",
		regexp.MustCompile(`SERVICE_DISABLED|has not been used in project \S+ before or it is disabled`),
		"The API was enabled moments ago, and is not everywhere yet; or the organisation forbids it.",
		"It is tried again after a wait. If it stays: `gcloud services enable NAME.googleapis.com --project=PROJECT`",
		time.Minute, "https://cloud.google.com/service-usage/docs/enable-disable",
	},
	{
		"a service agent is not there",
		regexp.MustCompile(`Service account \S+@(gcp-sa-[a-z-]+|gcf-admin-robot|serverless-robot-prod|` +
			`gs-project-accounts)\.iam\.gserviceaccount\.com does not exist`),
		"Google makes a product's own account when the product is first used, not when its API is enabled.",
		"It is tried again after a wait. If it stays, an owner runs `make bootstrap`, which has them made.",
		time.Minute, "https://cloud.google.com/iam/docs/create-service-agents",
	},
	{
		"an account or grant that does not hold yet",
		regexp.MustCompile(`Service account \S+ does not exist|[Pp]ermission '?iam\.service[aA]ccounts\.actAs'? denied|` +
			`There were concurrent policy changes`),
		"Accounts and grants take minutes until they hold everywhere.",
		"It is tried again after a wait. If it stays, an owner runs `make bootstrap`, which makes both.",
		time.Minute, "https://cloud.google.com/iam/docs/access-change-propagation",
	},
	{
		"instances above the quota",
		regexp.MustCompile(`Max instances must be set to \d+ or fewer|` +
			`Quota violated:|(Cpu|Mem)AllocPerProjectRegion`),
		"The most instances of a function, times its CPU or memory, are above what the project may use in the region.",
		"Lower `max_instances` of the function in `scaling`, or ask for more: " +
			"https://console.cloud.google.com/iam-admin/quotas",
		0, "https://cloud.google.com/run/quotas",
	},
	{
		"too many calls at once",
		regexp.MustCompile(`RATE_LIMIT_EXCEEDED|Quota exceeded for quota metric|(Error|answers) 429|RESOURCE_EXHAUSTED`),
		"Google counts the calls a minute, and a first deployment makes many.",
		"It is tried again after a wait.",
		time.Minute, "https://cloud.google.com/functions/quotas#rate_limits",
	},
	{
		"a database's name is not free yet",
		regexp.MustCompile(`Database ID \S+ is not available`),
		"A database of that name was deleted less than five minutes ago.",
		"It is tried again after five minutes.",
		5 * time.Minute, "https://cloud.google.com/firestore/docs/manage-databases#delete_a_database",
	},
	{
		"Google is unavailable",
		regexp.MustCompile(`Error 50[023]|Google answers 50[023]|\bUNAVAILABLE\b|Internal error encountered`),
		"A fault of Google's, which passes.",
		"It is tried again after a wait.",
		time.Minute, "https://cloud.google.com/apis/design/errors#error_retries",
	},
	{
		"allUsers is forbidden",
		regexp.MustCompile(`do(es)? not belong to a permitted customer|allowedPolicyMember`),
		"The organisation allows grants to its own domain only, and the API's functions are open to all callers.",
		"Let an administrator of the organisation's policies except the project: see terraform/README.md",
		0, "https://cloud.google.com/resource-manager/docs/organization-policy/restricting-domains",
	},
	{
		"a location is forbidden",
		regexp.MustCompile(`constraints/gcp\.resourceLocations|violates? constraint.*resourceLocations`),
		"The organisation does not allow resources in the region.",
		"Choose another `region` before the first deployment: a region cannot be changed.",
		0, "https://cloud.google.com/resource-manager/docs/organization-policy/defining-locations",
	},
	{
		"it exists already",
		regexp.MustCompile(`Identity Platform has already been enabled|Error 409|ALREADY_EXISTS|alreadyExists`),
		"The thing is in the cloud and not in the state: made by hand, or left by an earlier deployment.",
		"`make deploy` takes over what Google keeps by itself. Anything else: `terraform import ADDRESS ID`, or " +
			"delete it.",
		0, "https://github.com/hashicorp/terraform-provider-google/issues/16520",
	},
	{
		"Firebase's terms",
		regexp.MustCompile(`(?s)(firebase|Firebase).*(Terms of Service|caller does not have permission)`),
		"The account that bootstraps has never accepted Firebase's terms, which only a person can.",
		"Accept them at https://console.firebase.google.com, then `make bootstrap` again.",
		0, "https://firebase.google.com/docs/projects/api/workflow_set-up-and-manage-project",
	},
	{
		"a key that may not be used",
		regexp.MustCompile(`Permission denied on Cloud KMS key|CryptoKey Encrypter/Decrypter role|` +
			`cloudkms\.cryptoKeyVersions\.useTo`),
		"The key of `kms_key` does not admit the product's own account, or has done so for less than some minutes.",
		"It is tried again after a wait. If it stays, an owner runs `make bootstrap`, or the key's owner makes the " +
			"grants of terraform/README.md.",
		time.Minute, "https://cloud.google.com/kms/docs/cmek",
	},
	{
		"a budget is refused",
		regexp.MustCompile(`(?s)google_billing_budget.*(permission|currency|INVALID_ARGUMENT|invalid argument)`),
		"A budget needs roles/billing.costsManager on the billing account, and an amount in that account's currency.",
		"Have the role granted to the deployer's account, or leave `budget` out.",
		0, "https://cloud.google.com/billing/docs/how-to/budgets-api-setup",
	},
	{
		"protected from deletion",
		regexp.MustCompile(`deletion_?[pP]rotection|delete[_ ]protection|without setting force_destroy|prevent_destroy`),
		"The database and the buckets of users' data are protected.",
		"If you mean it: `protect_data = false`, deploy, and destroy then.",
		0, "https://cloud.google.com/firestore/docs/manage-databases#delete_protection",
	},
	{
		"a permission lacks",
		regexp.MustCompile(`PERMISSION_DENIED|Error 403|Google answers 403|[Pp]ermission \S+ denied|` +
			`does not have \S+ access`),
		"The signed-in account lacks a right, or a grant is minutes old.",
		"`make doctor` tells which account to sign in as. If a right is new in this version, an owner runs `make bootstrap`.",
		0, "https://cloud.google.com/iam/docs/permission-error-messages",
	},
}

// Find returns the row that explains the text.
func Find(text string) (Error, bool) {
	for _, e := range Errors {
		if e.Pattern.MatchString(text) {
			return e, true
		}
	}
	return Error{}, false
}

// Transient returns the rows that explain the faults, each once, and the longest of their waits. It
// is false if any fault has another cause than time, or none that is known.
func Transient(faults []string) (rows []Error, wait time.Duration, is bool) {
	seen := map[string]bool{}
	for _, fault := range faults {
		e, found := Find(fault)
		if !found || e.Wait == 0 {
			return nil, 0, false
		}
		if !seen[e.Name] {
			rows = append(rows, e)
		}
		seen[e.Name] = true
		wait = max(wait, e.Wait)
	}
	return rows, wait, len(rows) > 0
}

// Print writes the table for people.
func Print(w io.Writer) {
	for _, e := range Errors {
		fmt.Fprintf(w, "%s\n  seen as  %s\n  cause    %s\n  mend     %s\n  source   %s\n\n",
			e.Name, e.Pattern, e.Cause, e.Mend, e.Source)
	}
}

// Markdown returns the table in Markdown.
func Markdown() string {
	var b strings.Builder
	b.WriteString("| error | cause | what to do |\n| --- | --- | --- |\n")
	for _, e := range Errors {
		fmt.Fprintf(&b, "| [%s](%s) | %s | %s |\n", e.Name, e.Source, e.Cause, e.Mend)
	}
	return b.String()
}
