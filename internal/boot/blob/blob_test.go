package blob_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/storage"
	"google.golang.org/api/option"

	"github.com/facescan/facescan/internal/boot"
	"github.com/facescan/facescan/internal/boot/blob"
	"github.com/facescan/facescan/internal/local/emulator"
)

// Not parallel: it names the emulator in the environment.
func TestBuckets(t *testing.T) {
	gcs, err := emulator.NewStorage(t.Context(), emulator.StorageOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := gcs.Close(); err != nil {
			t.Error(err)
		}
	})
	for name, value := range gcs.Environ() {
		t.Setenv(name, value)
	}
	p := &boot.Process{Config: boot.Config{UploadsBucket: "up", ResultsBucket: "res"}}
	for want, open := range map[string]func(context.Context, *boot.Process) (*storage.BucketHandle, error){
		"up": blob.Uploads, "res": blob.Results,
	} {
		bucket, err := open(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		if bucket.BucketName() != want {
			t.Errorf("bucket %q, want %q", bucket.BucketName(), want)
		}
		if err := gcs.CreateBucket(want); err != nil {
			t.Fatal(err)
		}
		w := bucket.Object("o").NewWriter(t.Context())
		if _, err := w.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := bucket.Object("o").Attrs(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func TestABucketThatIsNotConfiguredIsNamed(t *testing.T) {
	t.Parallel()
	p := &boot.Process{}
	for variable, open := range map[string]func(context.Context, *boot.Process) (*storage.BucketHandle, error){
		"FACESCAN_UPLOADS_BUCKET": blob.Uploads, "FACESCAN_RESULTS_BUCKET": blob.Results,
	} {
		if _, err := open(t.Context(), p); err == nil || !strings.Contains(err.Error(), variable) {
			t.Errorf("err = %v, want one that names %s", err, variable)
		}
	}
}

func TestSigning(t *testing.T) {
	t.Parallel()
	const account = "signer@p.iam.gserviceaccount.com"
	for name, tt := range map[string]struct {
		config   boot.Config
		key      string
		insecure bool
		fault    string
	}{
		"in production IAM signs":             {boot.Config{SigningAccount: account}, "", false, ""},
		"on the local stack its key":          {boot.Config{SigningAccount: account, SigningKey: "pem"}, "pem", true, ""},
		"without an account nobody":           {boot.Config{}, "", false, "FACESCAN_SIGNING_ACCOUNT"},
		"without an account nor with the key": {boot.Config{SigningKey: "pem"}, "", false, "FACESCAN_SIGNING_ACCOUNT"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			opts, err := blob.Signing(&boot.Process{Config: tt.config})
			if tt.fault != "" {
				if err == nil || !strings.Contains(err.Error(), tt.fault) || opts.PrivateKey != nil {
					t.Errorf("Signing = %+v, %v, want an error that names %s", opts, err, tt.fault)
				}
				return
			}
			if err != nil || opts.GoogleAccessID != account || opts.Scheme != storage.SigningSchemeV4 ||
				string(opts.PrivateKey) != tt.key || opts.Insecure != tt.insecure {
				t.Errorf("Signing = %+v, %v", opts, err)
			}
		})
	}
}

// Without a key IAM signs: the URL bears what signBlob answers for the account and the bytes to be
// signed.
func TestSigningByIAM(t *testing.T) {
	t.Parallel()
	const account = "signer@p.iam.gserviceaccount.com"
	var calls int
	status := http.StatusOK
	iam := func(r *http.Request) (*http.Response, error) {
		calls++
		if r.Method != http.MethodPost || r.URL.Host != "iamcredentials.googleapis.com" ||
			r.URL.Path != "/v1/projects/-/serviceAccounts/"+account+":signBlob" {
			t.Errorf("%s %s", r.Method, r.URL)
		}
		var body struct{ Payload []byte }
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil || !bytes.HasPrefix(
			body.Payload, []byte("GOOG4-RSA-SHA256\n"),
		) {
			t.Errorf("payload %q (%v)", body.Payload, err)
		}
		return &http.Response{
			StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}}, Request: r,
			Body: io.NopCloser(
				strings.NewReader(`{"signedBlob":"` + base64.StdEncoding.EncodeToString([]byte("signed")) + `"}`),
			),
		}, nil
	}
	client, err := storage.NewClient(t.Context(), option.WithHTTPClient(&http.Client{Transport: transport(iam)}))
	if err != nil {
		t.Fatal(err)
	}
	opts, err := blob.Signing(&boot.Process{Config: boot.Config{SigningAccount: account}})
	if err != nil {
		t.Fatal(err)
	}
	opts.Method, opts.Expires = http.MethodPut, time.Now().Add(time.Minute)
	bucket := client.Bucket("up").Retryer(storage.WithMaxAttempts(2))
	signed, err := bucket.SignedURL("o", &opts)
	if err != nil || calls != 1 || !strings.HasPrefix(signed, "https://storage.googleapis.com/up/o?") ||
		!strings.Contains(signed, "X-Goog-Signature="+hex.EncodeToString([]byte("signed"))+"&") {
		t.Errorf("%d calls, URL %s (%v)", calls, signed, err)
	}
	calls, status = 0, http.StatusServiceUnavailable
	if signed, err := bucket.SignedURL("o", &opts); err == nil || calls != 2 {
		t.Errorf("while IAM is away: %d calls, URL %q", calls, signed)
	}
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
