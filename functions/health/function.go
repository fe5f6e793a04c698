// Package health is the function that reports whether the system is up, serves the API's contract
// with its page, the pages of the error codes and that for account deletion, and answers every path
// that no other function owns.
package health

import (
	"context"
	"net/http"

	"github.com/facescan/facescan/internal/boot"
	"github.com/facescan/facescan/internal/boot/ready"
	"github.com/facescan/facescan/internal/httpapi/contract"
	"github.com/facescan/facescan/internal/httpapi/health"
	"github.com/facescan/facescan/internal/web"
	"github.com/facescan/facescan/internal/web/reference"
)

func init() { boot.HTTP("health", build) }

func build(_ context.Context, p *boot.Process) (http.Handler, error) {
	api := p.API(nil, nil)
	health.Routes(api, p.Config.Release, ready.Database(p))
	contract.Routes(api)
	pages := web.Pages{Operator: web.Operator{Name: p.Config.OperatorName, Contact: p.Config.OperatorContact}}
	pages.DeletionRoutes(api)
	pages.ProblemRoutes(api)
	reference.Routes(api)
	return api, nil
}
