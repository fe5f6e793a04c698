// Package leaderboard is the function that answers for the boards.
package leaderboard

import (
	"context"
	"net/http"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/boot"
	"github.com/facescan/facescan/internal/boot/identity"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/leaderboard"
	"github.com/facescan/facescan/internal/leaderboard/serve"
)

func init() { boot.HTTP("leaderboard", build) }

func build(ctx context.Context, p *boot.Process) (http.Handler, error) {
	return identity.Routes(ctx, p, func(fs *firestore.Client, api *httpapi.API) {
		(&serve.Handler{Firestore: fs, Board: leaderboard.BoardID(report.MajorVersion())}).Routes(api)
	})
}
