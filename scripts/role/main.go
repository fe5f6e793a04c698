// Command role makes a user of Firebase one of the operator's staff, or takes that back:
//
//	go run ./scripts/role -project my-project -email ada@example.com support
//	go run ./scripts/role -project my-project -uid f6Xk2TzQmYh1 none
//
// The role is the custom claim "role" of the user's ID tokens: support may look at the state of a
// user, admin may also decide about reported names. Other claims of the user stay. The user's
// sessions end, so that a role is gone from the next request on and there after the next sign-in.
// It takes the application default credentials of an account that may change users (the role
// roles/firebaseauth.admin), or FIREBASE_AUTH_EMULATOR_HOST. Give staff a second factor: a role is
// worth what their sign-in is.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"syscall"

	firebase "firebase.google.com/go/v4"
	"firebase.google.com/go/v4/auth"

	"github.com/facescan/facescan/internal/httpapi"
)

const usage = "usage: role -project PROJECT (-uid UID | -email ADDRESS) support|admin|none"

// claim is the claim with the role.
const claim = "role"

var errUsage = errors.New(usage)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errUsage):
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "role:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("role", flag.ContinueOnError)
	project := flags.String("project", "", "the Firebase `project`")
	uid := flags.String("uid", "", "the user's `id`")
	email := flags.String("email", "", "the user's `address`")
	if err := flags.Parse(args); err != nil {
		return err
	}
	role := httpapi.Role(flags.Arg(0))
	known := role == httpapi.RoleSupport || role == httpapi.RoleAdmin || role == "none"
	if *project == "" || (*uid == "") == (*email == "") || flags.NArg() != 1 || !known {
		return errUsage
	}
	app, err := firebase.NewApp(ctx, &firebase.Config{ProjectID: *project})
	if err != nil {
		return fmt.Errorf("open the project: %w", err)
	}
	users, err := app.Auth(ctx)
	if err != nil {
		return fmt.Errorf("open the project's users: %w", err)
	}
	var user *auth.UserRecord
	if *uid != "" {
		user, err = users.GetUser(ctx, *uid)
	} else {
		user, err = users.GetUserByEmail(ctx, *email)
	}
	if err != nil {
		return fmt.Errorf("find the user: %w", err)
	}
	if err := set(ctx, users, user, role); err != nil {
		return err
	}
	fmt.Fprintf(out, "%s has the role %s now; earlier sessions have ended\n", user.UID, role)
	return nil
}

// set gives the user the role, "none" to take it back, and ends the user's sessions.
func set(ctx context.Context, users *auth.Client, user *auth.UserRecord, role httpapi.Role) error {
	claims := maps.Clone(user.CustomClaims)
	if claims == nil {
		claims = map[string]any{}
	}
	claims[claim] = string(role)
	if role == "none" {
		delete(claims, claim)
	}
	if err := users.SetCustomUserClaims(ctx, user.UID, claims); err != nil {
		return fmt.Errorf("set the role: %w", err)
	}
	if err := users.RevokeRefreshTokens(ctx, user.UID); err != nil {
		return fmt.Errorf("end the user's sessions, which have the former role until they are refreshed: %w", err)
	}
	return nil
}
