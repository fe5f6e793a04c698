package fakegcp

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/facescan/facescan/internal/deploy/fakegcp/iam"
)

// Options configure a Server. The zero value of each but Project is a new project of a person
// without an organisation.
type Options struct {
	// Project is the id of the only project.
	Project string
	// Number is its number, 123456789012 by default.
	Number string
	// Now is the only clock, time.Now by default.
	Now func() time.Time
	// Enabled are APIs, such as "iam.googleapis.com", that are on beside those of every new project.
	Enabled []string
	// DomainRestricted reports whether the organisation admits members of its own domain only.
	DomainRestricted bool
	// CPUMilli and MemoryMiB are Cloud Run's quota in each region, 20000 and 40960 by default.
	CPUMilli, MemoryMiB int
	// Currency is that of the billing account, "EUR" by default.
	Currency string
	// BillingDisabled tells that no billing account pays for the project.
	BillingDisabled bool
	// TermsRefused tells that the caller has not accepted Firebase's terms.
	TermsRefused bool
	// OrgPolicies are the organisation's policies that are set, by constraint such as
	// "gcp.resourceLocations": the spec that orgpolicy.googleapis.com returns.
	OrgPolicies map[string]map[string]any
}

// Server is a running fake.
type Server struct {
	options         Options
	project, number string
	url             string
	server          *http.Server
	served          chan error

	mu        sync.Mutex
	resources map[string]object
	// born is when a resource was made, buried when one was deleted whose name is not free at once.
	born, buried map[string]time.Time
	policies     map[string]object
	grants       map[string]iam.Policy
	agents       map[string]bool
	contents     map[string][]byte
	operations   map[string]object
	uploads      map[string]*session
	requests     []Request
	made         int
}

// Request is a received request.
type Request struct {
	// Service is the API, such as "pubsub"; Path is the rest of the URL's path without the version.
	Service, Method, Path string
	// Query is the raw query.
	Query string
	// Body is the decoded JSON body, nil without one.
	Body map[string]any
	// Caller is the IAM member who sent it, "" for the owner.
	Caller string
	// Status is the answer's.
	Status int
}

type object = map[string]any

// Start runs a fake on a free port of 127.0.0.1.
func Start(ctx context.Context, opts Options) (*Server, error) {
	if opts.Project == "" {
		return nil, errors.New("fakegcp: no project")
	}
	opts.Number = cmp.Or(opts.Number, "123456789012")
	opts.CPUMilli = cmp.Or(opts.CPUMilli, 20_000)
	opts.MemoryMiB = cmp.Or(opts.MemoryMiB, 40<<10)
	opts.Currency = cmp.Or(opts.Currency, "EUR")
	if opts.Now == nil {
		opts.Now = time.Now
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("fakegcp: listen: %w", err)
	}
	s := &Server{
		options: opts, project: opts.Project, number: opts.Number, url: "http://" + listener.Addr().String(),
		served:    make(chan error, 1),
		resources: map[string]object{}, born: map[string]time.Time{}, buried: map[string]time.Time{},
		policies: map[string]object{}, grants: map[string]iam.Policy{}, agents: map[string]bool{},
		contents: map[string][]byte{}, operations: map[string]object{}, uploads: map[string]*session{},
	}
	s.begin()
	s.server = &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	go func() { s.served <- s.server.Serve(listener) }()
	return s, nil
}

// begin makes what a new project has.
func (s *Server) begin() {
	// Every project has it from the start, and it cannot be deleted.
	logs := "projects/" + s.project + "/locations/global/buckets/_Default"
	s.resources[key("logging", logs)] = object{"name": logs, "retentionDays": 30}
	for _, api := range slices.Concat(firstAPIs, s.options.Enabled) {
		s.enable(api)
	}
}

// Close stops the fake.
func (s *Server) Close() error {
	err := s.server.Close()
	if served := <-s.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

// ownerToken is the token of the project's owner; callerToken precedes another caller's member.
const ownerToken, callerToken = "fake", "fake-as-"

// Environ points the provider at the fake: an endpoint for each API, and the owner's token.
func (s *Server) Environ() map[string]string {
	environ := map[string]string{
		"GOOGLE_OAUTH_ACCESS_TOKEN": ownerToken, "GOOGLE_PROJECT": s.project,
		// That of Terraform's own gcs backend, whose client reads objects from /BUCKET/OBJECT.
		// https://developer.hashicorp.com/terraform/language/backend/gcs#storage_custom_endpoint
		"GOOGLE_BACKEND_STORAGE_CUSTOM_ENDPOINT": s.url + "/storage/v1/",
	}
	for variable, api := range endpoints {
		environ["GOOGLE_"+variable+"_CUSTOM_ENDPOINT"] = s.url + "/" + api
	}
	return environ
}

// EnvironAs is Environ for another caller, such as
// "serviceAccount:facescan-deployer@PROJECT.iam.gserviceaccount.com": each of its requests is held
// against the IAM policies that were set.
func (s *Server) EnvironAs(member string) map[string]string {
	environ := s.Environ()
	environ["GOOGLE_OAUTH_ACCESS_TOKEN"] = callerToken + member
	return environ
}

// Requests returns every request so far, in order.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// Resources returns all resources that callers made, by "service/path": not those that are deleted
// and kept for a while, nor those that the cloud itself makes beside a function.
func (s *Server) Resources() map[string]map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make(map[string]map[string]any, len(s.resources))
	for k, r := range s.resources {
		own := strings.HasPrefix(k, "run/") || strings.HasPrefix(k, "storage/b/"+sourcesBucket)
		if !own && r["deleted"] != true {
			all[k] = maps.Clone(r)
		}
	}
	return all
}

// endpoints is the API's path by the product's name in the variable GOOGLE_NAME_CUSTOM_ENDPOINT,
// which the provider and scripts/deploy read. The first element is the service, the rest what the
// provider takes for the API's base.
var endpoints = map[string]string{
	"ARTIFACT_REGISTRY":   "artifactregistry/v1/",
	"BILLING_BUDGETS":     "billingbudgets/v1/",
	"CLOUD_BILLING":       "cloudbilling/v1/",
	"CLOUD_QUOTAS":        "cloudquotas/v1/",
	"CLOUD_RUN":           "run/",
	"CLOUD_RUN_V2":        "run/v2/",
	"CLOUD_SCHEDULER":     "cloudscheduler/v1/",
	"CLOUDFUNCTIONS2":     "cloudfunctions/v2/",
	"COMPUTE":             "compute/v1/",
	"DNS":                 "dns/v1/",
	"EVENTARC":            "eventarc/v1/",
	"FIREBASE":            "firebase/v1beta1/",
	"FIREBASE_APP_CHECK":  "firebaseappcheck/v1/",
	"FIREBASERULES":       "firebaserules/v1/",
	"FIRESTORE":           "firestore/v1/",
	"IAM_BETA":            "iam/v1/",
	"IDENTITY_PLATFORM":   "identitytoolkit/v2/",
	"KMS":                 "cloudkms/v1/",
	"LOGGING":             "logging/v2/",
	"MONITORING":          "monitoring/",
	"ORG_POLICY":          "orgpolicy/v2/",
	"PUBSUB":              "pubsub/v1/",
	"RESOURCE_MANAGER":    "cloudresourcemanager/v1/",
	"RESOURCE_MANAGER_V3": "cloudresourcemanager/v3/",
	"SECRET_MANAGER":      "secretmanager/v1/",
	"SERVICE_USAGE":       "serviceusage/v1/",
	"SERVICE_USAGE_BETA":  "serviceusage/v1beta1/", // for scripts/deploy: it alone makes service agents
	"STORAGE":             "storage/v1/",
}

// isService reports whether a URL's first element is an API; else it is a bucket.
func isService(name string) bool {
	for _, api := range endpoints {
		if strings.HasPrefix(api, name+"/") {
			return true
		}
	}
	return false
}

// call is one request, taken apart.
type call struct {
	Request
	http *http.Request
	// raw is the body as received: uploads are not JSON.
	raw []byte
}

// query returns a parameter of the URL.
func (c call) query(name string) string { return c.http.URL.Query().Get(name) }

// ServeHTTP answers as Google's APIs would.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c, err := s.parse(r)
	if err != nil {
		write(w, failure(http.StatusBadRequest, "INVALID_ARGUMENT", err.Error()))
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	answer := s.gate(c)
	if answer.status == 0 {
		answer = s.answer(c)
	}
	c.Status = answer.status
	s.requests = append(s.requests, c.Request)
	write(w, answer)
}

// parse splits the URL: /service/[base/]version/path, in which storage and compute occur twice.
func (s *Server) parse(r *http.Request) (call, error) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return call{}, err
	}
	c := call{http: r, raw: raw, Request: Request{Method: r.Method, Query: r.URL.RawQuery}}
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	if member, other := strings.CutPrefix(token, callerToken); other {
		c.Caller = member
	}
	// An upload of Cloud Storage has /upload before the rest.
	service, path, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, "/upload"), "/"), "/")
	if !isService(service) {
		c.Service, c.Path = "storage", "b/"+service+"/o/"+path
		return c, nil
	}
	c.Service, c.Path = service, s.resourcePath(path)
	// The content of an object may be JSON, too.
	content := strings.HasPrefix(r.URL.Path, "/upload/") && (c.query("uploadType") == "media" ||
		c.query("upload_id") != "")
	if len(raw) > 0 && !content && strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		if err := json.Unmarshal(raw, &c.Body); err != nil {
			return call{}, err
		}
	}
	return c, nil
}

// resourcePath returns what follows the version, with the project by its id.
func (s *Server) resourcePath(path string) string {
	elements := strings.Split(path, "/")
	for i, e := range elements {
		if len(e) > 1 && e[0] == 'v' && e[1] >= '1' && e[1] <= '9' {
			elements = elements[i+1:]
			break
		}
	}
	if len(elements) > 1 && elements[0] == "projects" && (elements[1] == s.number || elements[1] == "-") {
		elements[1] = s.project
	}
	return strings.Join(elements, "/")
}

// reply is a status, a JSON body or other content, and headers.
type reply struct {
	status  int
	body    object
	content []byte
	header  map[string]string
}

func ok(body object) reply { return reply{status: http.StatusOK, body: body} }

func failure(code int, status, message string, details ...any) reply {
	fault := object{
		"code": code, "status": status, "message": message,
		"errors": []any{object{"message": message, "domain": "global", "reason": cmp.Or(reasons[status], status)}},
	}
	if len(details) > 0 {
		fault["details"] = details
	}
	return reply{status: code, body: object{"error": fault}}
}

// reasons are those of Google's older APIs.
var reasons = map[string]string{
	"ALREADY_EXISTS": "alreadyExists", "FAILED_PRECONDITION": "failedPrecondition", "INVALID_ARGUMENT": "badRequest",
	"NOT_FOUND": "notFound", "PERMISSION_DENIED": "forbidden",
}

func invalid(message string) reply {
	return failure(http.StatusBadRequest, "INVALID_ARGUMENT", message)
}

func write(w http.ResponseWriter, r reply) {
	for name, value := range r.header {
		w.Header().Set(name, value)
	}
	if r.content != nil {
		w.WriteHeader(r.status)
		_, _ = w.Write(r.content) // the client may be gone
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(r.status)
	if r.status != http.StatusNoContent {
		_ = json.NewEncoder(w).Encode(r.body) // the client may be gone
	}
}
