// Package toolkit has what Firebase's own client does not do with users, by Identity Toolkit, the
// service behind it.
package toolkit

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"golang.org/x/oauth2"
	identitytoolkit "google.golang.org/api/identitytoolkit/v1"
	"google.golang.org/api/option"
)

// Accounts are the users of a project. It is safe for concurrent use.
type Accounts struct {
	accounts *identitytoolkit.ProjectsAccountsService
	project  string
}

// New returns the users of the project, or those of the Auth emulator if
// FIREBASE_AUTH_EMULATOR_HOST names one, like Firebase's own client. It needs the right
// firebaseauth.users.update.
func New(ctx context.Context, project string) (*Accounts, error) {
	// The generated client would log requests if GOOGLE_SDK_GO_LOGGING_LEVEL is "debug".
	opts := []option.ClientOption{option.WithLogger(slog.New(slog.DiscardHandler))}
	if host := os.Getenv("FIREBASE_AUTH_EMULATOR_HOST"); host != "" {
		// The emulator takes this token for an administrator's.
		owner := oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "owner"})
		opts = append(opts, option.WithEndpoint("http://"+host+"/identitytoolkit.googleapis.com/"),
			option.WithTokenSource(owner))
	}
	client, err := identitytoolkit.NewService(ctx, opts...)
	if err != nil {
		return nil, fmt.Errorf("make the Identity Toolkit client: %w", err)
	}
	return &Accounts{accounts: identitytoolkit.NewProjectsAccountsService(client), project: project}, nil
}

// EndSignIns ends the user's sign-ins that began before the time, of which whole seconds count.
// Firebase's client ends those of before now, which a user who signs in again at once would notice.
func (a *Accounts) EndSignIns(ctx context.Context, uid string, before time.Time) error {
	change := identitytoolkit.GoogleCloudIdentitytoolkitV1SetAccountInfoRequest{
		LocalId: uid, ValidSince: before.Unix(),
	}
	if _, err := a.accounts.Update(a.project, &change).Context(ctx).Do(); err != nil {
		return fmt.Errorf("end the user's sign-ins: %w", err)
	}
	return nil
}
