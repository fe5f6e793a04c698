// Package identity gives a function an API whose callers are Firebase's users.
package identity

import (
	"context"
	"errors"

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

// Open returns the process's database and that API, for functions that need no more.
func Open(ctx context.Context, p *boot.Process) (*firestore.Client, *httpapi.API, error) {
	fs, fsErr := p.Firestore(ctx)
	api, apiErr := API(ctx, p)
	return fs, api, errors.Join(fsErr, apiErr)
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
