package fakegcp_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/facescan/facescan/internal/deploy/fakegcp"
)

const (
	project = "check-1"
	number  = "123456789012"
	region  = "europe-west1"
	builder = "builder@" + project + ".iam.gserviceaccount.com"
	runtime = "runtime@" + project + ".iam.gserviceaccount.com"
)

// all are the APIs that the tests call.
var all = []string{
	"artifactregistry", "billingbudgets", "cloudbilling", "cloudbuild", "cloudfunctions", "cloudquotas",
	"cloudresourcemanager", "cloudscheduler", "compute", "dns", "firebase", "firebaserules", "firestore", "iam",
	"identitytoolkit", "orgpolicy", "pubsub", "run", "secretmanager",
}

// cloud is a fake with a clock of its own.
type cloud struct {
	*testing.T
	*fakegcp.Server
	now time.Time
	// as is the caller's member, "" for the owner.
	as string
	// userProject reports whether requests are charged to the project by name.
	userProject bool
}

// newCloud starts a fake in which every API is on that the tests call.
func newCloud(t *testing.T, opts fakegcp.Options) *cloud {
	t.Helper()
	for _, api := range all {
		opts.Enabled = append(opts.Enabled, api+".googleapis.com")
	}
	return startCloud(t, opts)
}

func startCloud(t *testing.T, opts fakegcp.Options) *cloud {
	t.Helper()
	c := &cloud{T: t, now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	opts.Project = project
	opts.Now = func() time.Time { return c.now }
	fake, err := fakegcp.Start(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	c.Server = fake
	t.Cleanup(func() {
		if err := fake.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// answer is what the fake said.
type answer struct {
	code            int
	status, message string
	body            map[string]any
	raw             string
	header          http.Header
}

// call sends a request to a path such as "pubsub/v1/projects/P/topics". body is JSON, "" for none.
func (c *cloud) call(method, path, body string) answer {
	c.Helper()
	environ := c.Environ()
	if c.as != "" {
		environ = c.EnvironAs(c.as)
	}
	base := strings.TrimSuffix(environ["GOOGLE_CLOUD_RUN_CUSTOM_ENDPOINT"], "run/")
	req, err := http.NewRequestWithContext(c.Context(), method, base+path, bytes.NewReader([]byte(body)))
	if err != nil {
		c.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+environ["GOOGLE_OAUTH_ACCESS_TOKEN"])
	if c.userProject {
		req.Header.Set("X-Goog-User-Project", project)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		c.Fatal(err)
	}
	raw, err := io.ReadAll(resp.Body)
	if err := resp.Body.Close(); err != nil {
		c.Fatal(err)
	}
	if err != nil {
		c.Fatal(err)
	}
	a := answer{code: resp.StatusCode, raw: string(raw), header: resp.Header}
	if json.Unmarshal(raw, &a.body) != nil {
		return a
	}
	// An operation that failed is an answer of 200 with the error in it.
	if fault, is := a.body["error"].(map[string]any); is {
		a.status, _ = fault["status"].(string)
		a.message, _ = fault["message"].(string)
	}
	return a
}

// must is call for what has to succeed.
func (c *cloud) must(method, path, body string) answer {
	c.Helper()
	a := c.call(method, path, body)
	if a.code >= http.StatusBadRequest || a.message != "" {
		c.Fatalf("%s %s: %d %s", method, path, a.code, a.message)
	}
	return a
}

// refused is call for what has to fail, with the status and a part of the message. A code of 200
// means that the request started an operation, which failed.
func (c *cloud) refused(code int, message, method, path, body string) {
	c.Helper()
	a := c.call(method, path, body)
	if a.code != code || !strings.Contains(a.message, message) || a.message == "" {
		c.Errorf("%s %s: %d %q, want %d %q", method, path, a.code, a.message, code, message)
	}
}

// grant adds a binding to the project's policy.
func (c *cloud) grant(role, member, condition string) {
	c.Helper()
	c.must(http.MethodPost, "cloudresourcemanager/v1/projects/"+project+":setIamPolicy", c.policyWith(
		"cloudresourcemanager/v1/projects/"+project+":getIamPolicy", role, member, condition))
}

// policyWith returns the body that sets the policy with one more binding.
func (c *cloud) policyWith(get, role, member, condition string) string {
	c.Helper()
	policy := c.must(http.MethodPost, get, `{"options":{"requestedPolicyVersion":3}}`).body
	bindings, _ := policy["bindings"].([]any)
	binding := map[string]any{"role": role, "members": []any{member}}
	if condition != "" {
		binding["condition"] = map[string]any{"title": "only some", "expression": condition}
	}
	policy["bindings"], policy["version"] = append(bindings, binding), 3
	return encode(c.T, map[string]any{"policy": policy})
}

func encode(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// account creates a service account.
func (c *cloud) account(id string) {
	c.Helper()
	c.must(http.MethodPost, "iam/v1/projects/"+project+"/serviceAccounts", encode(c.T, map[string]any{"accountId": id}))
}

// upload stores an object.
func (c *cloud) upload(bucket, name, content string) answer {
	c.Helper()
	return c.call(http.MethodPost, "upload/storage/v1/b/"+bucket+"/o?uploadType=media&name="+name, content)
}
