package doctor

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/facescan/facescan/internal/deploy/gcp"
)

// firebase checks that the project is one of Firebase's. That the caller has accepted its terms no
// API tells: without it, the call that adds Firebase is refused by a bare 403.
func (p Project) firebase(ctx context.Context) (string, error) {
	err := p.Google.Call(ctx, gcp.Firebase, http.MethodGet, "projects/"+p.ID, nil, nil)
	switch {
	case gcp.Refused(err, http.StatusNotFound):
		return "", ToDo("accept Firebase's terms at https://console.firebase.google.com, then make bootstrap ENV="+p.Env,
			"%s is no Firebase project yet", p.ID)
	case err != nil:
		return "", unasked("Firebase", err)
	}
	return "added to the project", nil
}

// basics looks for members with a basic role. A new bucket lets the project's viewers read its
// objects, and its editors change them, so they read the photos:
// https://cloud.google.com/storage/docs/access-control/iam-roles#basic-roles-modifiable. Compute
// Engine's own account may be an editor from its beginning, and a function that names no account
// for its build is built as it:
// https://cloud.google.com/build/docs/cloud-build-service-account-updates
func (p Project) basics(ctx context.Context) (string, error) {
	bindings, err := p.bindings(ctx)
	if err != nil {
		return "", err
	}
	var warnings []error
	for _, b := range bindings {
		if b.Role != "roles/editor" && b.Role != "roles/viewer" {
			continue
		}
		members := slices.DeleteFunc(slices.Clone(b.Members), func(member string) bool {
			return strings.HasSuffix(member, "@cloudservices.gserviceaccount.com") // Google's own, that has to be one
		})
		own := slices.ContainsFunc(members, func(member string) bool {
			return strings.HasSuffix(member, "-compute@developer.gserviceaccount.com")
		})
		switch {
		case own:
			warnings = append(warnings, Warn("", "Compute Engine's own account has %s, and may read photos", b.Role))
		case len(members) > 0:
			warnings = append(warnings, Warn("", "%d members with %s may read photos", len(members), b.Role))
		}
	}
	return "no viewer or editor of the project reads photos", errors.Join(warnings...)
}
