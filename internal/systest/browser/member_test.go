//go:build browser

package browser_test

import (
	"os"
	"testing"

	"github.com/facescan/facescan/internal/client"
	"github.com/facescan/facescan/internal/client/api"
)

// member is a user who is no one's in the browser: another app has signed them up.
type member struct {
	*client.Client
	token string
}

// enrolled returns a new user with a verified address, who may scan.
func enrolled(t *testing.T, email string) member {
	t.Helper()
	m := member{Client: &client.Client{URL: running.URL, AuthHost: running.AuthHost, Email: email, Password: password}}
	_, err := m.SignUp(t.Context())
	prepared(t, err)
	prepared(t, m.VerifyEmail(t.Context()))
	device := api.Registration_Device{ID: "phone", Token: "token-of-" + email, Platform: api.DevicePlatformIos}
	prepared(t, m.Register(t.Context(), "A member", device))
	prepared(t, m.Declare(t.Context(), 1990))
	prepared(t, m.Consent(t.Context()))
	in, err := m.Login(t.Context())
	prepared(t, err)
	m.token = in.IDToken
	return m
}

// scanned returns the images of a new scan of the sample.
func (m member) scanned(t *testing.T) []api.Image {
	t.Helper()
	photo, err := os.ReadFile(running.photo)
	prepared(t, err)
	opened := m.ticket(t, "scanned")
	prepared(t, m.Put(t.Context(), opened.Upload, photo))
	_, err = m.AwaitScan(t.Context(), opened.Scan.ID)
	prepared(t, err)
	listed, err := m.API().ListImagesWithResponse(t.Context(), opened.Scan.ID)
	prepared(t, err)
	return listed.JSON200.Items
}

// ticket opens a scan.
func (m member) ticket(t *testing.T, key string) api.OpenedScan {
	t.Helper()
	opened, err := m.Open(t.Context(), key, api.UploadRequestContentTypeImageJpeg)
	prepared(t, err)
	return opened
}

// prepared ends the test at an error of what it prepares.
func prepared(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
