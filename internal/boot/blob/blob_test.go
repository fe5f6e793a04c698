package blob_test

import (
	"context"
	"strings"
	"testing"

	"cloud.google.com/go/storage"

	"github.com/facescan/facescan/internal/boot"
	"github.com/facescan/facescan/internal/boot/blob"
	"github.com/facescan/facescan/internal/emulator"
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
