// Package identity gives a function Firebase Auth.
package identity

import (
	"context"

	firebase "firebase.google.com/go/v4"
	"firebase.google.com/go/v4/auth"

	"github.com/facescan/facescan/internal/boot"
)

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
