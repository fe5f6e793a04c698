//go:build browser

package browser_test

import "testing"

// The reference has a request tried out from it, as a user whose token is given to it.
func TestReference(t *testing.T) {
	m := enrolled(t, "reference@example.com")
	for name, on := range map[string]screen{"on a phone": phone, "on a laptop": laptop} {
		t.Run(name, func(t *testing.T) {
			p := open(t, on)
			p.visit(running.URL + "/docs")
			p.shows("#reference", "/v1/me")
			p.look("reference")
			p.tap(".authorize")
			p.write(".auth-container input", m.token)
			p.look("reference-authorize")
			p.tap(".auth-btn-wrapper .authorize")
			p.tap(".auth-btn-wrapper .btn-done")

			const operation = "#operations-profile-getProfile "
			p.tap(operation + ".opblock-summary-control")
			p.tap(operation + ".try-out__btn")
			p.tap(operation + ".execute")
			p.shows(operation+".live-responses-table", m.Email)
			p.look("reference-tried")
		})
	}
}
