// Package identity gives a function an API whose callers are Firebase's users.
package identity

import (
	"context"
	"errors"
	"net/http"

	"cloud.google.com/go/firestore"
	firebase "firebase.google.com/go/v4"
	"firebase.google.com/go/v4/auth"

	"github.com/facescan/facescan/internal/boot"
	"github.com/facescan/facescan/internal/httpapi"
)

// API is an API that asks for Firebase ID tokens where a route is not public, and for App Check
// tokens if it is configured to.
func API(ctx context.Context, p *boot.Process) (*httpapi.API, error) {
	verifier, err := Client(ctx, p)
	if err != nil {
		return nil, err
	}
	return p.API(verifier, Apps(p)), nil
}

// Routes is that API with the routes that add gives it, which need the database.
func Routes(
	ctx context.Context, p *boot.Process, add func(fs *firestore.Client, api *httpapi.API),
) (http.Handler, error) {
	fs, fsErr := p.Firestore(ctx)
	api, apiErr := API(ctx, p)
	if err := errors.Join(fsErr, apiErr); err != nil {
		return nil, err
	}
	add(fs, api)
	return api, nil
}

// Client is the process's Firebase Auth client.
func Client(ctx context.Context, p *boot.Process) (*auth.Client, error) {
	return boot.Shared(ctx, p, "firebase auth", func(ctx context.Context) (*auth.Client, error) {
		app, err := firebase.NewApp(ctx, &firebase.Config{ProjectID: p.Config.Project})
		if err != nil {
			return nil, err
		}
		return app.Auth(ctx)
	})
}
