package fakegcp_test

import (
	"bytes"
	"crypto/md5"
	"errors"
	"testing"

	"cloud.google.com/go/storage"
	"google.golang.org/api/option"

	"github.com/facescan/facescan/internal/deploy/fakegcp"
)

func TestUploadOfAnySize_isKept(t *testing.T) {
	t.Parallel()
	fake, err := fakegcp.Start(t.Context(), fakegcp.Options{Project: "p"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := fake.Close(); err != nil {
			t.Error(err)
		}
	})
	gcs, err := storage.NewClient(t.Context(), option.WithoutAuthentication(),
		option.WithEndpoint(fake.Environ()["GOOGLE_STORAGE_CUSTOM_ENDPOINT"]))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = gcs.Close() })
	if err := gcs.Bucket("b").Create(t.Context(), "p", nil); err != nil {
		t.Fatal(err)
	}

	const part = 256 << 10 // the smallest there is
	for name, size := range map[string]int{
		"of one part": 10, "of one part to the byte": part, "of parts": 2*part + 1, "of parts to the byte": 2 * part,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			content := bytes.Repeat([]byte{7}, size)
			w := gcs.Bucket("b").Object(name).NewWriter(t.Context())
			w.ChunkSize = part
			_, err := w.Write(content)
			if err := errors.Join(err, w.Close()); err != nil {
				t.Fatal(err)
			}
			attrs, err := gcs.Bucket("b").Object(name).Attrs(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if want := md5.Sum(content); attrs.Name != name || !bytes.Equal(attrs.MD5, want[:]) {
				t.Errorf("kept %q with checksum %x, want %x", attrs.Name, attrs.MD5, want)
			}
		})
	}
}
