package host

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/facescan/facescan/internal/client"
	"github.com/facescan/facescan/internal/client/api"
	"github.com/facescan/facescan/internal/local/address"
	"github.com/facescan/facescan/internal/local/photos"
	"github.com/facescan/facescan/internal/testphoto"
)

// elsewhere stands for the machine's address in its network: Linux has all of 127.0.0.0/8.
const elsewhere = "127.0.0.2"

// TestReach starts the stack as for a phone, and goes the phone's way by the address that it knows.
func TestReach(t *testing.T) {
	for _, name := range []string{"FIRESTORE_EMULATOR_HOST", "PUBSUB_EMULATOR_HOST", "FIREBASE_AUTH_EMULATOR_HOST"} {
		t.Setenv(name, "")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
	defer cancel()
	h, err := Start(ctx, Options{
		Progress: t.Output(), Logs: t.Output(), InProcess: true, Place: address.Place{Host: elsewhere},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Run("what a phone needs listens at the address, and nothing else", func(t *testing.T) { listens(t, h) })
	t.Run("who asks from there has signed URLs only", func(t *testing.T) { keepsShut(t, h) })
	app := &client.Client{URL: h.URL, AuthHost: h.AuthHost, Email: "phone@example.com", Password: "correct horse"}
	scan := arrive(ctx, t, h, app)
	t.Run("links have the host that the client used", func(t *testing.T) { links(ctx, t, h, app, scan) })
}

func listens(t *testing.T, h *Host) {
	t.Helper()
	for part, local := range map[string]string{
		address.PartAPI: h.public.address(), address.PartAuth: h.AuthHost, address.PartStorage: h.Storage.Host(),
	} {
		if err := dial(t, at(h.place, local)); err != nil {
			t.Errorf("%s: %v", part, err)
		}
	}
	views, err := url.Parse(h.MailURL())
	if err != nil {
		t.Fatal(err)
	}
	for part, local := range map[string]string{
		address.PartViews: views.Host, address.PartFirestore: os.Getenv("FIRESTORE_EMULATOR_HOST"),
		address.PartPubSub: os.Getenv("PUBSUB_EMULATOR_HOST"), "the mail server": h.Mail.Host(),
	} {
		if err := dial(t, at(h.place, local)); err == nil {
			t.Errorf("%s listens at %s", part, at(h.place, local))
		}
		if err := dial(t, local); err != nil {
			t.Errorf("%s: %v", part, err)
		}
	}
}

// dial connects to the address for an instant.
func dial(t *testing.T, to string) error {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", to)
	if err == nil {
		err = conn.Close()
	}
	return err
}

// keepsShut asks for what would need no credentials by an emulator.
func keepsShut(t *testing.T, h *Host) {
	t.Helper()
	const objects = "/storage/v1/b/" + UploadsBucket + "/o"
	const users = "/identitytoolkit.googleapis.com/v1/projects/" + Project + "/accounts:batchGet"
	library := http.Header{"X-Goog-Api-Client": {"gl-go/1.26 gccl/1.70"}}
	owner := http.Header{"Authorization": {"Bearer owner"}}
	page := http.Header{"Authorization": {"Bearer owner"}, "Origin": {"https://evil.example"}}
	for name, tt := range map[string]struct {
		url, host string
		header    http.Header
		want      int
	}{
		"the JSON API":                   {"http://" + h.StorageHost() + objects, "", nil, 403},
		"reading as a library":           {"http://" + h.StorageHost() + "/" + UploadsBucket + "/x", "", library, 403},
		"the JSON API by another name":   {"http://" + h.Storage.Host() + objects, "evil.example", nil, 403},
		"the JSON API on this machine":   {"http://" + h.Storage.Host() + objects, "", nil, 200},
		"Firestore by another name":      {"http://" + os.Getenv("FIRESTORE_EMULATOR_HOST") + "/", "evil.example", nil, 421},
		"the mails by another name":      {h.MailURL(), "evil.example", nil, 421},
		"the clock by the phone's name":  {h.ClockURL(), elsewhere, nil, 421},
		"the mails on this machine":      {h.MailURL(), "", nil, 200},
		"the API, which is for everyone": {h.URL + "/health", "", nil, 200},
		"the API by another name":        {h.URL + "/health", "evil.example", nil, 421},
		"the photos by another name":     {h.URL + photos.Path, "evil.example", nil, 421},
		"the API by Android's name":      {h.URL + "/health", "10.0.2.2:8080", nil, 200},
		"the users by the phone's name":  {"http://" + h.AuthHost + users, "", owner, 200},
		"the users by another name":      {"http://" + h.AuthHost + users, "evil.example", owner, 421},
		"the users for a foreign page":   {"http://" + h.AuthHost + users, "", page, 403},
	} {
		t.Run(name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, tt.url, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			for name, values := range tt.header {
				req.Header[name] = values
			}
			req.Host = tt.host
			if resp, body := send(t, req); resp.StatusCode != tt.want {
				t.Errorf("%s: %s", resp.Status, body)
			}
		})
	}
}

// arrive takes the app from the sign-up to its first scan.
func arrive(ctx context.Context, t *testing.T, h *Host, app *client.Client) (scanID string) {
	t.Helper()
	photo, err := testphoto.Sample(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := app.SignUp(ctx); err != nil {
		t.Fatal(err)
	}
	phone := api.Registration_Device{ID: "phone", Token: "token", Platform: api.DevicePlatformIos}
	for _, step := range []func() error{
		func() error { return app.VerifyEmail(ctx) }, func() error { return app.Register(ctx, "phone", phone) },
		func() error { return app.Declare(ctx, 1990) }, func() error { return app.Consent(ctx) },
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	opened, err := app.Open(ctx, "first", api.UploadRequestContentTypeImageJpeg)
	if err != nil || opened.Upload == nil {
		t.Fatalf("open: %+v, %v", opened, err)
	}
	if !strings.HasPrefix(opened.Upload.URL, "http://"+h.StorageHost()+"/") {
		t.Errorf("the photo goes to %s", opened.Upload.URL)
	}
	if err := app.Put(ctx, opened.Upload, photo); err != nil {
		t.Fatal(err)
	}
	scan, err := app.AwaitScan(ctx, opened.Scan.ID)
	if err != nil || scan.State != api.ScanStateCompleted {
		t.Fatalf("scan: %+v, %v", scan, err)
	}
	return scan.ID
}

// links asks for each kind of link as clients do that know the API by another host.
func links(ctx context.Context, t *testing.T, h *Host, app *client.Client, scan string) {
	t.Helper()
	if e, err := app.AwaitExport(ctx); err != nil || e.State != api.ExportStateReady {
		t.Fatal(e.State, err)
	}
	_, storagePort, err := net.SplitHostPort(h.Storage.Host())
	if err != nil {
		t.Fatal(err)
	}
	_, apiPort, err := net.SplitHostPort(h.public.address())
	if err != nil {
		t.Fatal(err)
	}
	for asked, want := range map[string]string{
		elsewhere: elsewhere, "localhost:" + apiPort: "localhost", "10.0.2.2:" + apiPort: "10.0.2.2",
		"127.0.0.1": "127.0.0.1",
	} {
		t.Run(asked, func(t *testing.T) {
			as := func(_ context.Context, req *http.Request) error { req.Host = asked; return nil }
			images, err := app.API().ListImagesWithResponse(ctx, scan, as)
			if err != nil || images.JSON200 == nil || len(images.JSON200.Items) < 2 {
				t.Fatalf("images: %+v, %v", images, err)
			}
			for _, image := range images.JSON200.Items {
				h.fetches(t, image.URL, want+":"+storagePort)
			}
			export, err := app.API().GetExportWithResponse(ctx, nil, as)
			if err != nil || export.JSON200 == nil || export.JSON200.URL == nil {
				t.Fatalf("export: %+v, %v", export, err)
			}
			h.fetches(t, *export.JSON200.URL, want+":"+storagePort)
		})
	}
	erased, err := app.API().EraseAccountWithResponse(ctx, func(_ context.Context, req *http.Request) error {
		req.Host = "10.0.2.2:" + apiPort
		return nil
	})
	if err != nil || erased.JSON202 == nil {
		t.Fatalf("erase: %+v, %v", erased, err)
	}
	if !strings.HasPrefix(erased.JSON202.ReceiptURL, "http://10.0.2.2:"+apiPort+"/v1/erasures/") {
		t.Errorf("the receipt is at %s", erased.JSON202.ReceiptURL)
	}
}

// fetches checks that a link has the host, and that it is served to who asks for that host.
func (h *Host) fetches(t *testing.T, link, host string) {
	t.Helper()
	u, err := url.Parse(link)
	if err != nil || u.Host != host {
		t.Fatalf("%s, not at %s (%v)", link, host, err)
	}
	u.Host = h.StorageHost() // the way that 10.0.2.2 takes to this machine
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = host
	if resp, body := send(t, req); resp.StatusCode != http.StatusOK {
		t.Errorf("%s: %s: %s", host, resp.Status, body)
	}
}
