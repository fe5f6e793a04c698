package export_test

import (
	"net/http"
	"testing"

	"cloud.google.com/go/storage"

	"github.com/facescan/facescan/internal/local/emulator/usertest"
	"github.com/facescan/facescan/internal/scan"
)

// What an uploader calls gzip may be none. Export gives the bytes that are kept.
func TestExport_copiesObjectsAsTheyAreStored(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, id := w.seed(t, ada)
	photo := w.Uploads.Object(scan.PhotoName(ada, id))
	as := storage.ObjectAttrsToUpdate{ContentEncoding: "gzip", ContentType: "image/jpeg"}
	if _, err := photo.Update(t.Context(), as); err != nil {
		t.Fatal(err)
	}
	w.ask(t)
	w.deliver(t)
	archive, _ := w.download(t, w.call(t, http.MethodGet, ada, http.StatusOK))
	want := string(usertest.Photo(t, 0, "current"))
	if got := content(t, archive, "images/"+string(id)+"/original.jpeg"); got != want {
		t.Errorf("the original has %d bytes, stored are %d", len(got), len(want))
	}
}
