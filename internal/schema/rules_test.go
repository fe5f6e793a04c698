package schema_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/schema"
	"github.com/facescan/facescan/terraform"
)

func TestMain(m *testing.M) { os.Exit(emulatortest.Main(m, emulator.Firestore)) }

// ownersOnly are rules that would let a user at their own; a test that cannot see these open cannot
// see the others shut.
const ownersOnly = `rules_version = '2';
service cloud.firestore {
  match /databases/{database}/documents {
    match /{document=**} { allow read, write: if request.auth.uid == 'ada'; }
  }
}`

// database asks the Firestore emulator as a phone would: with a user's token, or with none, and
// under the rules.
type database struct{ project string }

func newDatabase(t *testing.T, rules string) database {
	t.Helper()
	d := database{project: emulatortest.UniqueProject(t)}
	load := map[string]any{
		"rules": map[string]any{"files": []map[string]string{{"name": "firestore.rules", "content": rules}}},
	}
	body, err := json.Marshal(load)
	if err != nil {
		t.Fatal(err)
	}
	if status := d.send(
		t, "owner", "PUT", "/emulator/v1/projects/"+d.project+":securityRules", string(body),
	); status != http.StatusOK {
		t.Fatalf("load the rules: %d", status)
	}
	return d
}

// send answers with the status. The bearer "owner" passes by the rules, as the servers' clients do;
// "" is no caller.
func (d database) send(t *testing.T, bearer, method, path, body string) int {
	t.Helper()
	url := "http://" + os.Getenv("FIRESTORE_EMULATOR_HOST") + path
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode
}

// idToken is a user's ID token, unsigned as the emulators take it.
func (d database) idToken(uid string) string {
	part := func(claims string) string { return base64.RawURLEncoding.EncodeToString([]byte(claims)) }
	return part(`{"alg":"none","typ":"JWT"}`) + "." + part(fmt.Sprintf(
		`{"iss":"https://securetoken.google.com/%[1]s","aud":%[1]q,"sub":%[2]q,"user_id":%[2]q,`+
			`"iat":1700000000,"exp":4000000000}`,
		d.project, uid)) + "."
}

// attempts are all that a client can try on the collection of ada's document, and its status as the
// bearer.
func (d database) attempts(t *testing.T, bearer, parent, collection string) map[string]int {
	t.Helper()
	const document = `{"fields":{"uid":{"stringValue":"ada"},"schema":{"integerValue":"1"}}}`
	root := "/v1/projects/" + d.project + "/databases/(default)/documents"
	at, own := root+parent+"/"+collection, root+parent+"/"+collection+"/ada"
	if status := d.send(t, "owner", "PATCH", own, document); status != http.StatusOK {
		t.Fatalf("%s/%s: the server writes: %d", parent, collection, status)
	}
	query := fmt.Sprintf(`{"structuredQuery":{"from":[{"collectionId":%q,"allDescendants":true}],"where":{"fieldFilter":`+
		`{"field":{"fieldPath":"uid"},"op":"EQUAL","value":{"stringValue":"ada"}}}}}`, collection)
	return map[string]int{
		"get":          d.send(t, bearer, "GET", own, ""),
		"get, nothing": d.send(t, bearer, "GET", at+"/nothing", ""),
		"list":         d.send(t, bearer, "GET", at, ""),
		"query":        d.send(t, bearer, "POST", root+":runQuery", query),
		"create":       d.send(t, bearer, "POST", at, document),
		"update":       d.send(t, bearer, "PATCH", own, document),
		"delete":       d.send(t, bearer, "DELETE", own, ""),
	}
}

func TestRules_denyClientsEverything(t *testing.T) {
	t.Parallel()
	d := newDatabase(t, terraform.FirestoreRules)
	for name, bearer := range map[string]string{
		"the owner": d.idToken("ada"), "another user": d.idToken("eve"), "nobody": "",
	} {
		t.Run(name, func(t *testing.T) {
			for _, collection := range schema.Names() {
				for _, parent := range []string{"", "/users/ada", "/boards/symmetry"} {
					for what, status := range d.attempts(t, bearer, parent, collection) {
						if status != http.StatusForbidden {
							t.Errorf("%s %s/%s: %d", what, parent, collection, status)
						}
					}
				}
			}
		})
	}
}

func TestRules_theAttemptsCanSucceed(t *testing.T) {
	t.Parallel()
	d := newDatabase(t, ownersOnly)
	for name, tt := range map[string]struct {
		bearer string
		denied bool
	}{"the owner": {d.idToken("ada"), false}, "another user": {d.idToken("eve"), true}, "nobody": {"", true}} {
		t.Run(name, func(t *testing.T) {
			for what, status := range d.attempts(t, tt.bearer, "/users/ada", "inbox") {
				if denied := status == http.StatusForbidden; denied != tt.denied {
					t.Errorf("%s: %d", what, status)
				}
			}
		})
	}
}
