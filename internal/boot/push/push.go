// Package push gives a function Firebase Cloud Messaging.
package push

import (
	"context"

	"github.com/facescan/facescan/internal/boot"
	"github.com/facescan/facescan/internal/fcm"
)

// Client returns the process's sender of pushes.
func Client(ctx context.Context, p *boot.Process) (*fcm.Sender, error) {
	return boot.Shared(ctx, p, "fcm", func(context.Context) (*fcm.Sender, error) {
		return fcm.New(fcm.Config{Project: p.Config.Project, Endpoint: p.Config.FCMEndpoint})
	})
}
