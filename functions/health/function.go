// Package health is the function that reports whether the system is up, serves the API's contract
// and the page for account deletion, and answers every path that no other function owns.
package health

import (
	"context"
	"net/http"

	"github.com/facescan/facescan/internal/boot"
	"github.com/facescan/facescan/internal/boot/ready"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/web"
)

func init() { boot.HTTP("health", build) }

func build(_ context.Context, p *boot.Process) (http.Handler, error) {
	api := p.API(nil, nil)
	httpapi.HealthRoutes(api, p.Config.Release, ready.Database(p))
	web.DeletionRoutes(api)
	return api, nil
}
