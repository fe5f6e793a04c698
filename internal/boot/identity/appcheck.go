package identity

import (
	"context"

	firebase "firebase.google.com/go/v4"
	"firebase.google.com/go/v4/appcheck"

	"github.com/facescan/facescan/internal/boot"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
)

// Apps returns a verifier of the App Check tokens of the process's project.
func Apps(p *boot.Process) httpapi.AppVerifier { return apps{p} }

// apps verifies App Check tokens offline with the keys that Firebase publishes. They are fetched
// with the first token: a function whose mode is off never fetches them, and one whose mode is
// monitor works without them.
type apps struct{ process *boot.Process }

// VerifyApp implements httpapi.AppVerifier.
func (a apps) VerifyApp(ctx context.Context, token string) error {
	client, err := boot.Shared(ctx, a.process, "firebase app check", func(ctx context.Context) (*appcheck.Client, error) {
		app, err := firebase.NewApp(ctx, &firebase.Config{ProjectID: a.process.Config.Project})
		if err != nil {
			return nil, err
		}
		return app.AppCheck(ctx)
	})
	if err != nil {
		return fault.Wrap(err, fault.CodeUnavailable, "The App Check token cannot be checked at the moment: try again.")
	}
	if _, err := client.VerifyToken(token); err != nil {
		return fault.Wrap(err, fault.CodeAppCheckInvalid, "The App Check token is not valid here: get a fresh one.")
	}
	return nil
}
