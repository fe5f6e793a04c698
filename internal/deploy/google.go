package deploy

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"golang.org/x/oauth2"
	googleauth "golang.org/x/oauth2/google"
)

// restAPI is one of Google's REST APIs. The variable that Terraform's provider reads replaces its
// address, so that doctor and Terraform always use the same cloud or the same fake.
type restAPI struct{ variable, base string }

var (
	resourceManager = restAPI{"GOOGLE_RESOURCE_MANAGER_CUSTOM_ENDPOINT", "https://cloudresourcemanager.googleapis.com/v1/"}
	billing         = restAPI{"GOOGLE_CLOUD_BILLING_CUSTOM_ENDPOINT", "https://cloudbilling.googleapis.com/v1/"}
	serviceUsage    = restAPI{"GOOGLE_SERVICE_USAGE_CUSTOM_ENDPOINT", "https://serviceusage.googleapis.com/v1/"}
	secretManager   = restAPI{"GOOGLE_SECRET_MANAGER_CUSTOM_ENDPOINT", "https://secretmanager.googleapis.com/v1/"}
	storageAPI      = restAPI{"GOOGLE_STORAGE_CUSTOM_ENDPOINT", "https://storage.googleapis.com/storage/v1/"}
	pubsubAPI       = restAPI{"GOOGLE_PUBSUB_CUSTOM_ENDPOINT", "https://pubsub.googleapis.com/v1/"}
	firestoreAPI    = restAPI{"GOOGLE_FIRESTORE_CUSTOM_ENDPOINT", "https://firestore.googleapis.com/v1/"}
)

// callTimeout bounds one call.
const callTimeout = 30 * time.Second

// google calls Google's APIs as the signed-in account.
type google struct {
	environ map[string]string
	// project is the project that the calls are charged to: a person's credentials name none.
	project string
	client  *http.Client
	// tokens is the source of the caller's tokens, nil until the first call.
	tokens oauth2.TokenSource
}

func newGoogle(project string, environ map[string]string) *google {
	return &google{project: project, environ: environ, client: &http.Client{Timeout: callTimeout}}
}

func (g *google) env(name string) string { return cmp.Or(g.environ[name], os.Getenv(name)) }

// token returns the caller's token: GOOGLE_OAUTH_ACCESS_TOKEN, which Terraform's provider reads
// too, or that of Google's default credentials.
func (g *google) token(ctx context.Context) (string, error) {
	if token := g.env("GOOGLE_OAUTH_ACCESS_TOKEN"); token != "" {
		return token, nil
	}
	if g.tokens == nil {
		tokens, err := googleauth.DefaultTokenSource(ctx, "https://www.googleapis.com/auth/cloud-platform")
		if err != nil {
			return "", err
		}
		g.tokens = tokens
	}
	t, err := g.tokens.Token()
	if err != nil {
		return "", err
	}
	return t.AccessToken, nil
}

// apiError is an unsuccessful answer of Google.
type apiError struct {
	Status  int
	Message string
}

func (e *apiError) Error() string { return fmt.Sprintf("Google answers %d: %s", e.Status, e.Message) }

// call makes one call. body and into may be nil. Its errors contain nothing of what was sent, which
// may be secret.
func (g *google) call(ctx context.Context, a restAPI, method, path string, body, into any) error {
	token, err := g.token(ctx)
	if err != nil {
		return err
	}
	var content io.Reader = http.NoBody
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		content = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, cmp.Or(g.env(a.variable), a.base)+path, content)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("X-Goog-User-Project", g.project)
	req.Header.Set("Content-Type", "application/json")
	resp, err := g.client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }() // read to its end below
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("read Google's answer: %w", err)
	}
	if resp.StatusCode >= http.StatusBadRequest {
		return &apiError{resp.StatusCode, messageOf(answer)}
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("read Google's answer: %w", err)
	}
	return nil
}

func messageOf(answer []byte) string {
	var fault struct {
		Error struct {
			Message string `json:"message"`
		} `json:"error"`
	}
	if json.Unmarshal(answer, &fault) == nil && fault.Error.Message != "" {
		return fault.Error.Message
	}
	return strings.TrimSpace(string(answer))
}
