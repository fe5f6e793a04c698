package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"text/tabwriter"
	"time"

	"github.com/facescan/facescan/internal/client"
	"github.com/facescan/facescan/internal/local/host"
	"github.com/facescan/facescan/internal/testphoto"
)

// sown are the users that SEED=1 makes, and how much wider than the sample their photos are, by
// which their scores differ.
var sown = []struct {
	name  string
	width float64
}{{"ada", 1}, {"grace", 1.05}, {"linus", 0.95}}

// seed makes users with scans on three days up to now, and places on the board, as their apps
// would. It does nothing if the first is there already, from what KEEP has kept: as
// host.Options.First, it is kept whole or not at all.
func seed(ctx context.Context, w io.Writer, h *host.Host) error {
	users, err := seedlings(ctx, h)
	if err != nil {
		return err
	}
	there, err := isThere(ctx, users[0])
	if err != nil {
		return err
	}
	if !there {
		if err := sow(ctx, h, users); err != nil {
			return fmt.Errorf("SEED=1: %w", err)
		}
	}
	return printSown(w, users)
}

func seedlings(ctx context.Context, h *host.Host) ([]*journey, error) {
	sample, err := testphoto.Sample(ctx)
	if err != nil {
		return nil, err
	}
	var users []*journey
	for _, s := range sown {
		photo := sample
		if s.width != 1 {
			if photo, err = client.Stretch(sample, s.width); err != nil {
				return nil, err
			}
		}
		users = append(users, user(h, s.name, photo))
	}
	return users, nil
}

// isThere reports whether the user can log in.
func isThere(ctx context.Context, j *journey) (bool, error) {
	_, err := j.client.Login(ctx)
	var refused *client.Problem
	if errors.As(err, &refused) && refused.Status == http.StatusUnauthorized {
		return false, nil
	}
	return err == nil, err
}

// sow goes back by two days and lets them pass again.
func sow(ctx context.Context, h *host.Host, users []*journey) error {
	fmt.Fprintf(os.Stderr, "making %d users with scans on %d days\n", len(users), days)
	if err := h.MoveClock(-(days - 1) * 24 * time.Hour); err != nil {
		return err
	}
	for _, j := range users {
		if err := j.run(ctx); err != nil {
			return err
		}
	}
	return moreDays(ctx, h, users)
}

func printSown(w io.Writer, users []*journey) error {
	t := tabwriter.NewWriter(w, 2, 0, 3, ' ', 0)
	fmt.Fprintln(t, "user\taddress\tpassword")
	for _, j := range users {
		fmt.Fprintf(t, "%s\t%s\t%s\n", j.username, j.client.Email, j.client.Password)
	}
	fmt.Fprintln(t)
	return t.Flush()
}
