// Package gcp calls Google's REST APIs for the operator's tool, by the same credentials and
// addresses as Terraform's provider.
package gcp

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"
	googleauth "golang.org/x/oauth2/google"
)

// API is one of Google's REST APIs. The variable that Terraform's provider reads replaces its
// address, so that the tool and Terraform always use the same cloud or the same fake.
type API struct {
	Variable, Base string
	// Version replaces that of the variable's address, which is the version that the provider uses.
	Version string
}

// The APIs that are called.
var (
	ResourceManager = api("RESOURCE_MANAGER", "cloudresourcemanager", "v1")
	Billing         = api("CLOUD_BILLING", "cloudbilling", "v1")
	ServiceUsage    = api("SERVICE_USAGE", "serviceusage", "v1")
	SecretManager   = api("SECRET_MANAGER", "secretmanager", "v1")
	Storage         = api("STORAGE", "storage", "storage/v1")
	PubSub          = api("PUBSUB", "pubsub", "v1")
	Firestore       = api("FIRESTORE", "firestore", "v1")
	Logging         = api("LOGGING", "logging", "v2")
	Rules           = api("FIREBASERULES", "firebaserules", "v1")
	Identity        = api("IDENTITY_PLATFORM", "identitytoolkit", "v2")
	Functions       = api("CLOUDFUNCTIONS2", "cloudfunctions", "v2")
	Run             = api("CLOUD_RUN_V2", "run", "v2")
	OrgPolicy       = api("ORG_POLICY", "orgpolicy", "v2")
	Quotas          = api("CLOUD_QUOTAS", "cloudquotas", "v1")
	Firebase        = api("FIREBASE", "firebase", "v1beta1")
	DNS             = api("DNS", "dns", "dns/v1")
	KMS             = api("KMS", "cloudkms", "v1")
	// ServiceUsageBeta has what v1 lacks: generateServiceIdentity.
	ServiceUsageBeta = API{ServiceUsage.Variable, "https://serviceusage.googleapis.com/v1beta1/", "v1beta1"}
)

// api returns the API by its name in the provider's variables.
func api(name, host, path string) API {
	return API{Variable: "GOOGLE_" + name + "_CUSTOM_ENDPOINT", Base: "https://" + host + ".googleapis.com/" + path + "/"}
}

// callTimeout bounds one call.
const callTimeout = 30 * time.Second

// Client calls Google's APIs as the signed-in account.
type Client struct {
	environ map[string]string
	// project is the project that the calls are charged to: a person's credentials name none.
	project string
	// offline refuses APIs that environ gives no address for: a fake has no others.
	offline bool
	client  *http.Client
	// tokens is the source of the caller's tokens, nil until the first call.
	tokens oauth2.TokenSource
}

// New returns a client that charges its calls to the project. What environ holds comes before the
// process's environment.
func New(project string, environ map[string]string) *Client {
	return &Client{project: project, environ: environ, client: &http.Client{Timeout: callTimeout}}
}

// Offline returns a client that calls only the addresses in environ, and never Google.
func Offline(project string, environ map[string]string) *Client {
	c := New(project, environ)
	c.offline = true
	return c
}

func (c *Client) env(name string) string {
	if c.offline {
		return c.environ[name]
	}
	return cmp.Or(c.environ[name], os.Getenv(name))
}

// Token returns the caller's token: GOOGLE_OAUTH_ACCESS_TOKEN, which Terraform's provider reads
// too, or that of Google's default credentials.
func (c *Client) Token(ctx context.Context) (string, error) {
	if token := c.env("GOOGLE_OAUTH_ACCESS_TOKEN"); token != "" || c.offline {
		return token, nil
	}
	if c.tokens == nil {
		tokens, err := googleauth.DefaultTokenSource(ctx, "https://www.googleapis.com/auth/cloud-platform")
		if err != nil {
			return "", err
		}
		c.tokens = tokens
	}
	t, err := c.tokens.Token()
	if err != nil {
		return "", err
	}
	return t.AccessToken, nil
}

// ErrNoFake means that the fake of a dry run has no such API.
var ErrNoFake = errors.New("the fake of a dry run has no such API")

// Error is an unsuccessful answer of Google. Reason is that of its ErrorInfo, such as
// SERVICE_DISABLED (https://cloud.google.com/apis/design/errors#error_info), "" without one.
type Error struct {
	Status          int
	Message, Reason string
}

func (e *Error) Error() string { return fmt.Sprintf("Google answers %d: %s", e.Status, e.Message) }

// Disabled is the reason of an API that is not enabled.
const Disabled = "SERVICE_DISABLED"

// Refused reports whether the error is an answer of Google with one of the statuses.
func Refused(err error, statuses ...int) bool {
	refused := new(Error)
	return errors.As(err, &refused) && slices.Contains(statuses, refused.Status)
}

// Off reports whether the error is the answer of an API that is not enabled.
func Off(err error) bool {
	refused := new(Error)
	return errors.As(err, &refused) && refused.Reason == Disabled
}

// Absent reports whether the error means that the thing is not there, since there is none or its
// API is off.
func Absent(err error) bool { return Refused(err, http.StatusNotFound) || Off(err) }

// Call makes one call with a JSON body. body and into may be nil.
func (c *Client) Call(ctx context.Context, a API, method, path string, body, into any) error {
	var content io.Reader = http.NoBody
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		content = bytes.NewReader(text)
	}
	base, err := c.base(a)
	if err != nil {
		return err
	}
	answer, err := c.do(ctx, method, base+path, content)
	if err != nil || into == nil {
		return err
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("read Google's answer: %w", err)
	}
	return nil
}

// base returns the API's address.
func (c *Client) base(a API) (string, error) {
	base := c.env(a.Variable)
	switch {
	case base != "" && a.Version != "":
		return strings.TrimSuffix(base, "v1/") + a.Version + "/", nil
	case base != "":
		return base, nil
	case c.offline:
		return "", fmt.Errorf("%w: %s is not set", ErrNoFake, a.Variable)
	default:
		return a.Base, nil
	}
}

// do sends the request. Its errors contain nothing of what was sent, which may be secret.
func (c *Client) do(ctx context.Context, method, url string, content io.Reader) ([]byte, error) {
	token, err := c.Token(ctx)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, method, url, content)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("X-Goog-User-Project", c.project)
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }() // read to its end below
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("read Google's answer: %w", err)
	}
	if resp.StatusCode >= http.StatusBadRequest {
		return nil, errorOf(resp.StatusCode, answer)
	}
	return answer, nil
}

func errorOf(status int, answer []byte) error {
	var fault struct {
		Error struct {
			Message string `json:"message"`
			Details []struct {
				Reason string `json:"reason"`
			} `json:"details"`
		} `json:"error"`
	}
	e := &Error{Status: status, Message: strings.TrimSpace(string(answer))}
	if json.Unmarshal(answer, &fault) != nil || fault.Error.Message == "" {
		return e
	}
	e.Message = fault.Error.Message
	for _, d := range fault.Error.Details {
		e.Reason = cmp.Or(e.Reason, d.Reason)
	}
	return e
}
