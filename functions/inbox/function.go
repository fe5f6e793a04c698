// Package inbox is the function of the user's notifications, devices and preferences.
package inbox

import (
	"context"
	"net/http"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/boot"
	"github.com/facescan/facescan/internal/boot/identity"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/notify/inbox"
)

func init() { boot.HTTP("inbox", build) }

func build(ctx context.Context, p *boot.Process) (http.Handler, error) {
	return identity.Routes(ctx, p, func(fs *firestore.Client, api *httpapi.API) {
		(&inbox.Handler{Firestore: fs, Now: p.Now}).Routes(api)
	})
}
