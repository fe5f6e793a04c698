package systest_test

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"firebase.google.com/go/v4/auth"
	"github.com/getkin/kin-openapi/openapi3"

	"github.com/facescan/facescan/internal/boot/identity"
	"github.com/facescan/facescan/internal/client/api"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/local/host"
)

// operation is an operation of the contract with all that a test needs to ask for it.
type operation struct {
	*openapi3.Operation
	method, path string
	access       httpapi.Access
	parameters   openapi3.Parameters // the path's and the operation's
}

// operations are all of the contract's, sorted.
func operations(doc *openapi3.T) []operation {
	var all []operation
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			all = append(all, operation{
				Operation: op, method: method, path: path, access: accessOf(op),
				parameters: slices.Concat(item.Parameters, op.Parameters),
			})
		}
	}
	slices.SortFunc(
		all, func(a, b operation) int { return cmp.Or(cmp.Compare(a.path, b.path), cmp.Compare(a.method, b.method)) },
	)
	return all
}

// in are the operation's parameters in the path or in the query.
func (o operation) in(place string) []*openapi3.Parameter {
	var found []*openapi3.Parameter
	for _, p := range o.parameters {
		if p.Value.In == place {
			found = append(found, p.Value)
		}
	}
	return found
}

// target is the path with the value in place of each parameter; "" is the contract's example. It
// has the examples of the query that the operation requires.
func (o operation) target(value string) string {
	target := o.path
	for _, p := range o.in(openapi3.ParameterInPath) {
		v := value
		if v == "" {
			v = url.PathEscape(fmt.Sprint(p.Example))
		}
		target = strings.ReplaceAll(target, "{"+p.Name+"}", v)
	}
	query := url.Values{}
	for _, p := range o.in(openapi3.ParameterInQuery) {
		if p.Required {
			query.Set(p.Name, fmt.Sprint(p.Example))
		}
	}
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	return target
}

// sample is a body that the contract shows, the longest, and its media type; both are "" where no
// body is taken. A file is no photo: it is refused, or fails, once it is decoded.
func (o operation) sample(t *testing.T) (media, body string) {
	t.Helper()
	if o.RequestBody == nil {
		return "", ""
	}
	content := o.RequestBody.Value.Content["application/json"]
	if content == nil {
		media = slices.Min(slices.Collect(maps.Keys(o.RequestBody.Value.Content)))
		if strings.HasSuffix(media, "form-urlencoded") {
			return media, texts(o.RequestBody.Value.Content[media])
		}
		if strings.HasPrefix(media, "multipart/") {
			return media + "; boundary=x", form(o.RequestBody.Value.Content[media])
		}
		return media, "x"
	}
	examples := []any{content.Example}
	for _, e := range content.Examples {
		examples = append(examples, e.Value.Value)
	}
	for _, e := range examples {
		text, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		if e != nil && len(text) > len(body) {
			body = string(text)
		}
	}
	return "application/json", body
}

// texts is the form that the contract shows.
func texts(content *openapi3.MediaType) string {
	example, _ := content.Example.(map[string]any)
	values := url.Values{}
	for name, value := range example {
		values.Set(name, fmt.Sprint(value))
	}
	return values.Encode()
}

// form is the least form that is taken: the files alone, each the beginning of a JPEG.
func form(content *openapi3.MediaType) string {
	var b strings.Builder
	for name := range content.Encoding {
		fmt.Fprintf(
			&b,
			"--x\r\nContent-Disposition: form-data; name=%q; filename=\"f\"\r\nContent-Type: "+
				"image/jpeg\r\n\r\n\xff\xd8\xff\xe0\r\n",
			name,
		)
	}
	return b.String() + "--x--\r\n"
}

// ask sends the operation with the value for its path, and the contract's sample.
func (c caller) ask(ctx context.Context, t *testing.T, o operation, value string) (status int, p httpapi.Problem) {
	t.Helper()
	media, body := o.sample(t)
	status, answer := c.call(ctx, t, o.method, o.target(value), body, "Content-Type", media)
	_ = json.Unmarshal(answer, &p) // a success is no problem, and may be no JSON
	return status, p
}

// person is a user of Firebase and what is made of their tokens.
type person struct {
	uid, email string
}

// newPerson makes a verified user behind the API's back, whose limits on signing up are for the
// internet.
func (s *system) newPerson(ctx context.Context, t *testing.T, name string) person {
	t.Helper()
	return s.newPersonWithID(ctx, t, name, strings.ToLower(rand.Text()))
}

func (s *system) newPersonWithID(ctx context.Context, t *testing.T, name, uid string) person {
	t.Helper()
	p := person{email: "systest-" + name + "@example.com"}
	create := new(auth.UserToCreate).UID(uid).Email(p.email).Password("correct horse").EmailVerified(true)
	user, err := s.firebase(ctx, t).CreateUser(ctx, create)
	if err != nil {
		t.Fatal(err)
	}
	p.uid = user.UID
	return p
}

func (s *system) firebase(ctx context.Context, t *testing.T) *auth.Client {
	t.Helper()
	users, err := identity.Client(ctx, s.Process)
	if err != nil {
		t.Fatal(err)
	}
	return users
}

// token is an ID token as the Auth emulator makes it, unsigned. change may spoil its claims.
func (p person) token(t *testing.T, change func(claims map[string]any)) string {
	t.Helper()
	now := time.Now()
	claims := map[string]any{
		"iss": "https://securetoken.google.com/" + host.Project, "aud": host.Project, "sub": p.uid, "user_id": p.uid,
		"iat": now.Unix(), "auth_time": now.Unix(), "exp": now.Add(time.Hour).Unix(),
		"email": p.email, "email_verified": true, "firebase": map[string]any{"sign_in_provider": "password"},
	}
	if change != nil {
		change(claims)
	}
	body, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(
		[]byte(`{"alg":"none","typ":"JWT"}`),
	) + "." + base64.RawURLEncoding.EncodeToString(body) + "."
}

// registered has the person registered, and old enough.
func (s *system) registered(ctx context.Context, t *testing.T, name string) (person, caller) {
	t.Helper()
	p := s.newPerson(ctx, t, name)
	return p, s.register(ctx, t, p)
}

func (s *system) register(ctx context.Context, t *testing.T, p person) caller {
	t.Helper()
	c := caller{s, p.token(t, nil)}
	c.done(ctx, t, "POST", "/v1/auth/register", `{}`)
	c.done(ctx, t, "PATCH", "/v1/me", `{"birthYear":1990}`)
	return c
}

// enrolled has the person registered and agreed.
func (s *system) enrolled(ctx context.Context, t *testing.T, name string) (person, caller) {
	t.Helper()
	p, c := s.registered(ctx, t, name)
	c.agree(ctx, t)
	return p, c
}

func (c caller) agree(ctx context.Context, t *testing.T) {
	t.Helper()
	c.done(ctx, t, "POST", "/v1/me/consent", fmt.Sprintf(`{"version":%q}`, c.consentVersion(ctx, t)))
}

// done asks for what must succeed.
func (c caller) done(ctx context.Context, t *testing.T, method, path, body string) {
	t.Helper()
	if status, answer := c.call(ctx, t, method, path, body); status >= http.StatusBadRequest {
		t.Fatalf("%s %s: %d %s", method, path, status, answer)
	}
}

func (c caller) consentVersion(ctx context.Context, t *testing.T) string {
	t.Helper()
	var status api.ConsentStatus
	_, answer := c.call(ctx, t, "GET", "/v1/me/consent", "")
	if err := json.Unmarshal(answer, &status); err != nil {
		t.Fatal(err)
	}
	return status.Current.Version
}

// possessions are the ids of what the caller has, by the path that they are a parameter of.
func (c caller) possessions(ctx context.Context, t *testing.T) map[string]string {
	t.Helper()
	var opened api.OpenedScan
	if _, answer := c.call(
		ctx, t, "POST", "/v1/uploads", `{"contentType":"image/jpeg"}`,
	); json.Unmarshal(answer, &opened) != nil {
		t.Fatalf("open a scan: %s", answer)
	}
	var series api.OpenedSeries
	if _, answer := c.call(
		ctx, t, "POST", "/v1/series", `{"contentType":"image/jpeg"}`,
	); json.Unmarshal(answer, &series) != nil {
		t.Fatalf("open a series: %s", answer)
	}
	var inbox api.Inbox
	c.await(ctx, t, "the welcome", func() bool {
		_, answer := c.call(ctx, t, "GET", "/v1/inbox", "")
		return json.Unmarshal(answer, &inbox) == nil && len(inbox.Items) > 0
	})
	friend, blocked := c.circle(ctx, t)
	return map[string]string{
		friendPath: friend, unblocking: blocked,
		"/v1/scans/": opened.Scan.ID, "/v1/series/": series.Series.ID, "/v1/inbox/": inbox.Items[0].ID,
	}
}

const (
	friendPath = "/v1/friends/{id}"
	// unblocking has a friend of its own, who is blocked.
	unblocking = "unblockFriend"
)

// circle gives the caller a friend and another whom they have blocked, and returns the ids of both.
func (c caller) circle(ctx context.Context, t *testing.T) (friend, blocked string) {
	t.Helper()
	code := c.friendCode(ctx, t)
	for _, id := range []*string{&friend, &blocked} {
		_, other := c.registered(ctx, t, "friend-"+strings.ToLower(rand.Text()))
		*id = other.befriend(ctx, t, code)
	}
	c.done(ctx, t, "POST", "/v1/friends/"+blocked+"/block", "")
	return friend, blocked
}

func (c caller) friendCode(ctx context.Context, t *testing.T) string {
	t.Helper()
	var made api.FriendCode
	_, answer := c.call(ctx, t, "POST", "/v1/friends/code", "")
	if err := json.Unmarshal(answer, &made); err != nil || made.Code == "" {
		t.Fatalf("make a friend code: %s, %v", answer, err)
	}
	return made.Code
}

// befriend uses the code and returns the friendship's id.
func (c caller) befriend(ctx context.Context, t *testing.T, code string) string {
	t.Helper()
	var made api.Friend
	_, answer := c.call(ctx, t, "POST", "/v1/friends", fmt.Sprintf(`{"code":%q}`, code))
	if err := json.Unmarshal(answer, &made); err != nil || made.ID == "" {
		t.Fatalf("use a friend code: %s, %v", answer, err)
	}
	return made.ID
}

// at is what the operation's path is asked with.
func at(possessions map[string]string, o operation) (id string, ok bool) {
	if id, ok = possessions[o.OperationID]; ok {
		return id, true
	}
	for prefix, id := range possessions {
		if strings.HasPrefix(o.path, prefix) && strings.Contains(o.path, "{") {
			return id, true
		}
	}
	return "", false
}
