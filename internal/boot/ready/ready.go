// Package ready looks whether the database answers, by Firestore's REST API. The client of gRPC
// would make the one function that only looks twice as slow to start.
package ready

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"

	"github.com/facescan/facescan/internal/boot"
)

const (
	endpoint = "https://firestore.googleapis.com"
	scope    = "https://www.googleapis.com/auth/datastore"
	// emulatorToken makes the emulator's caller the owner, whom no security rules bind.
	emulatorToken = "owner"
	// maxProblem bounds what is read of an answer, in bytes.
	maxProblem = 4 << 10
)

// Database returns a check of the process's database, which returns an error unless the database
// answers. It reads an arbitrary document: that it does not exist is an answer too.
func Database(p *boot.Process) func(context.Context) error {
	return func(ctx context.Context) error {
		client, err := boot.Shared(ctx, p, "look at the database", func(ctx context.Context) (*look, error) {
			return newLook(ctx, p.Config, os.Getenv("FIRESTORE_EMULATOR_HOST"))
		})
		if err != nil {
			return err
		}
		return client.ask(ctx)
	}
}

// look is a client of one question.
type look struct {
	client *http.Client
	url    string
	body   []byte
}

// newLook returns a client of the emulator at the host, of Google for "". It finds the credentials
// of the process, and asks for no token yet.
func newLook(ctx context.Context, c boot.Config, emulator string) (*look, error) {
	base, source := endpoint, oauth2.StaticTokenSource(&oauth2.Token{AccessToken: emulatorToken})
	if emulator != "" {
		base = "http://" + emulator
	} else {
		found, err := google.DefaultTokenSource(ctx, scope)
		if err != nil {
			return nil, fmt.Errorf("find the credentials: %w", err)
		}
		source = found
	}
	documents := fmt.Sprintf("projects/%s/databases/%s/documents", c.Project, cmp.Or(c.Database, "(default)"))
	body, err := json.Marshal(map[string][]string{"documents": {documents + "/limits/sweep"}})
	if err != nil {
		return nil, fmt.Errorf("make the question: %w", err)
	}
	address, err := url.JoinPath(base, "v1", documents+":batchGet")
	if err != nil {
		return nil, fmt.Errorf("make the address: %w", err)
	}
	return &look{client: oauth2.NewClient(ctx, source), url: address, body: body}, nil
}

// ask returns an error unless the database answers before ctx is done.
func (l *look) ask(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, l.url, bytes.NewReader(l.body))
	if err != nil {
		return fmt.Errorf("ask the database: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := l.client.Do(req)
	if err != nil {
		return fmt.Errorf("ask the database: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxProblem)) // to the end, so that the connection serves again
	if err != nil {
		return fmt.Errorf("read the database's answer: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the database answers %s: %.500q", resp.Status, answer)
	}
	return nil
}
