// Package push gives a function Firebase Cloud Messaging.
package push

import (
	"context"

	firebase "firebase.google.com/go/v4"
	"firebase.google.com/go/v4/messaging"
	"google.golang.org/api/option"

	"github.com/facescan/facescan/internal/boot"
)

// Client returns the process's FCM client. It has a Firebase app of its own, since an endpoint
// option would also affect Auth.
func Client(ctx context.Context, p *boot.Process) (*messaging.Client, error) {
	return boot.Shared(ctx, p, "fcm", func(ctx context.Context) (*messaging.Client, error) {
		var opts []option.ClientOption
		if p.Config.FCMEndpoint != "" {
			opts = append(opts, option.WithEndpoint(p.Config.FCMEndpoint), option.WithoutAuthentication())
		}
		app, err := firebase.NewApp(ctx, &firebase.Config{ProjectID: p.Config.Project}, opts...)
		if err != nil {
			return nil, err
		}
		return app.Messaging(ctx)
	})
}
