package doctor

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/facescan/facescan/internal/deploy/gcp"
	"github.com/facescan/facescan/internal/schema"
)

// logs checks that the project keeps logs as the receipts of erasures say: ours for a month at
// most, Google's lines of requests, which have addresses and paths, for a week and only some.
func (p Project) logs(ctx context.Context) (string, error) {
	var findings []error
	bootstrap := "make bootstrap ENV=" + p.Env + " (as an owner)"
	for _, bucket := range []struct {
		location, id, mend string
		most               int
	}{
		{
			"global", "_Default", "gcloud logging buckets update _Default --location=global --project=" + p.ID +
				" --retention-days=30, or log_retention_days = 30",
			int(schema.LogLife.Hours() / 24),
		},
		{p.Region, p.Prefix + "-requests", bootstrap, int(schema.RequestLogLife.Hours() / 24)},
	} {
		var is struct {
			RetentionDays int `json:"retentionDays"`
		}
		path := "projects/" + p.ID + "/locations/" + bucket.location + "/buckets/" + bucket.id
		err := p.Google.Call(ctx, gcp.Logging, http.MethodGet, path, nil, &is)
		switch {
		case gcp.Refused(err, http.StatusNotFound):
			findings = append(findings, Warn(bootstrap, "there is no log bucket %s", bucket.id))
		case err != nil:
			return "", unasked("Cloud Logging", err)
		case is.RetentionDays > bucket.most:
			findings = append(findings, Faulty(bucket.mend,
				"the log bucket %s keeps lines for %d days, and receipts of erasures say %d",
				bucket.id, is.RetentionDays, bucket.most,
			))
		}
	}
	var exclusion struct {
		Disabled bool `json:"disabled"`
	}
	path := "projects/" + p.ID + "/exclusions/" + p.Prefix + "-requests"
	err := p.Google.Call(ctx, gcp.Logging, http.MethodGet, path, nil, &exclusion)
	switch {
	case gcp.Refused(err, http.StatusNotFound), err == nil && exclusion.Disabled:
		findings = append(findings, Warn(
			bootstrap, "Google's lines of requests, with addresses and paths, are kept like all others",
		))
	case err != nil:
		return "", unasked("Cloud Logging", err)
	}
	return fmt.Sprintf("kept for %d days at most, some requests for %d",
		int(schema.LogLife.Hours()/24), int(schema.RequestLogLife.Hours()/24)), errors.Join(findings...)
}
