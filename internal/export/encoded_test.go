package export_test

import (
	"net/http"
	"testing"

	"cloud.google.com/go/storage"
)

// What an uploader calls gzip may be none. Export gives the bytes that are kept.
func TestExport_copiesObjectsAsTheyAreStored(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.seed(t, ada)
	name := "uploads/" + ada + "/" + adas
	photo := w.uploads.Object(name)
	as := storage.ObjectAttrsToUpdate{ContentEncoding: "gzip", ContentType: "image/jpeg"}
	if _, err := photo.Update(t.Context(), as); err != nil {
		t.Fatal(err)
	}
	w.ask(t)
	w.deliver(t)
	archive, _ := w.download(t, w.call(t, http.MethodGet, ada, http.StatusOK))
	if got := content(t, archive, "images/"+adas+"/original.jpeg"); got != name {
		t.Errorf("the original is %q, stored is %q", got, name)
	}
}
