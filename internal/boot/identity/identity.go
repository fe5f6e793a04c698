// Package identity gives a function an API whose callers are Firebase's users.
package identity

import (
	"context"
	"errors"
	"time"

	"cloud.google.com/go/firestore"
	firebase "firebase.google.com/go/v4"
	"firebase.google.com/go/v4/auth"

	"github.com/facescan/facescan/internal/boot"
	"github.com/facescan/facescan/internal/boot/database"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/telemetry/otlp"
)

// API returns an API that requires Firebase ID tokens on routes that are not public, and App Check
// tokens if so configured.
func API(ctx context.Context, p *boot.Process) (*httpapi.API, error) {
	verifier, err := Verifier(ctx, p)
	if err != nil {
		return nil, err
	}
	return p.API(verifier, Apps(p)), nil
}

// Verifier returns the process's verifier of ID tokens. What serves users exports its traces, so
// that it has the process do that, too. It goes by real time, as Firebase does.
func Verifier(ctx context.Context, p *boot.Process) (*Recent, error) {
	if err := p.Export(ctx, otlp.New); err != nil {
		return nil, err
	}
	return boot.Shared(ctx, p, "verifier", func(ctx context.Context) (*Recent, error) {
		client, err := Client(ctx, p)
		if err != nil {
			return nil, err
		}
		return NewRecent(client, time.Now)
	})
}

// Open returns the process's database and that API, for functions that need no more.
func Open(ctx context.Context, p *boot.Process) (*firestore.Client, *httpapi.API, error) {
	fs, fsErr := database.Open(ctx, p)
	api, apiErr := API(ctx, p)
	return fs, api, errors.Join(fsErr, apiErr)
}

// Client returns the process's Firebase Auth client.
func Client(ctx context.Context, p *boot.Process) (*auth.Client, error) {
	return boot.Shared(ctx, p, "firebase auth", func(ctx context.Context) (*auth.Client, error) {
		app, err := firebase.NewApp(ctx, &firebase.Config{ProjectID: p.Config.Project})
		if err != nil {
			return nil, err
		}
		return app.Auth(ctx)
	})
}
