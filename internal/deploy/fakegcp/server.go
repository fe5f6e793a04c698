package fakegcp

import (
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
)

// Options configure a Server.
type Options struct {
	// Project is the id of the only project.
	Project string
	// Number is its number, 123456789012 by default.
	Number string
	// Now is the only clock, time.Now by default.
	Now func() time.Time
}

// Server is a running fake.
type Server struct {
	project, number string
	url             string
	server          *http.Server
	served          chan error

	mu        sync.Mutex
	resources map[string]object
	policies  map[string]object
	uploads   map[string]*session
	requests  []Request
	made      int
}

// Request is a received request.
type Request struct {
	// Service is the API, such as "pubsub"; Path is the rest of the URL's path without the version.
	Service, Method, Path string
	// Query is the raw query.
	Query string
	// Body is the decoded JSON body, nil without one.
	Body map[string]any
}

type object = map[string]any

// Start runs a fake on a free port of 127.0.0.1.
func Start(ctx context.Context, opts Options) (*Server, error) {
	if opts.Project == "" {
		return nil, errors.New("fakegcp: no project")
	}
	if opts.Number == "" {
		opts.Number = "123456789012"
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("fakegcp: listen: %w", err)
	}
	s := &Server{
		project: opts.Project, number: opts.Number, url: "http://" + listener.Addr().String(), served: make(chan error, 1),
		resources: map[string]object{}, policies: map[string]object{}, uploads: map[string]*session{},
	}
	// Every project has it from the start, and it cannot be deleted.
	logs := "projects/" + s.project + "/locations/global/buckets/_Default"
	s.resources[key("logging", logs)] = object{"name": logs, "retentionDays": 30}
	s.server = &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	go func() { s.served <- s.server.Serve(listener) }()
	return s, nil
}

// Close stops the fake.
func (s *Server) Close() error {
	err := s.server.Close()
	if served := <-s.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

// Environ points the provider at the fake: an endpoint for each API, and a token.
func (s *Server) Environ() map[string]string {
	environ := map[string]string{"GOOGLE_OAUTH_ACCESS_TOKEN": "fake", "GOOGLE_PROJECT": s.project}
	for variable, api := range endpoints {
		environ["GOOGLE_"+variable+"_CUSTOM_ENDPOINT"] = s.url + "/" + api
	}
	return environ
}

// EnvironAs is the environment of another caller.
func (s *Server) EnvironAs(string) map[string]string { return s.Environ() }

// Requests returns every request so far, in order.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// Resources returns all resources, by "service/path".
func (s *Server) Resources() map[string]map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make(map[string]map[string]any, len(s.resources))
	for key, r := range s.resources {
		all[key] = maps.Clone(r)
	}
	return all
}

// endpoints is the API's path by the product's name in the provider's variable
// GOOGLE_NAME_CUSTOM_ENDPOINT. The first element is the service, the rest what the provider takes
// for the API's base.
var endpoints = map[string]string{
	"ARTIFACT_REGISTRY":   "artifactregistry/v1/",
	"BILLING_BUDGETS":     "billingbudgets/v1/",
	"CLOUD_BILLING":       "cloudbilling/v1/",
	"CLOUD_RUN":           "run/",
	"CLOUD_SCHEDULER":     "cloudscheduler/v1/",
	"CLOUDFUNCTIONS2":     "cloudfunctions/v2/",
	"COMPUTE":             "compute/v1/",
	"EVENTARC":            "eventarc/v1/",
	"FIREBASE_APP_CHECK":  "firebaseappcheck/v1/",
	"FIREBASERULES":       "firebaserules/v1/",
	"FIRESTORE":           "firestore/v1/",
	"IAM_BETA":            "iam/v1/",
	"IDENTITY_PLATFORM":   "identitytoolkit/v2/",
	"LOGGING":             "logging/v2/",
	"MONITORING":          "monitoring/",
	"PUBSUB":              "pubsub/v1/",
	"RESOURCE_MANAGER":    "cloudresourcemanager/v1/",
	"RESOURCE_MANAGER_V3": "cloudresourcemanager/v3/",
	"SECRET_MANAGER":      "secretmanager/v1/",
	"SERVICE_USAGE":       "serviceusage/v1/",
	"STORAGE":             "storage/v1/",
}

// call is one request, taken apart.
type call struct {
	Request
	http *http.Request
	// raw is the body as received: uploads are not JSON.
	raw []byte
}

// ServeHTTP answers as Google's APIs would.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c, err := parse(r)
	if err != nil {
		write(w, failure(http.StatusBadRequest, "INVALID_ARGUMENT", err.Error()))
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, c.Request)
	write(w, s.answer(c))
}

// parse splits the URL: /service/[base/]version/path, in which storage and compute occur twice.
func parse(r *http.Request) (call, error) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return call{}, err
	}
	// An upload of Cloud Storage has /upload before the rest.
	service, path, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, "/upload"), "/"), "/")
	elements := strings.Split(path, "/")
	for i, e := range elements {
		if len(e) > 1 && e[0] == 'v' && e[1] >= '1' && e[1] <= '9' {
			elements = elements[i+1:]
			break
		}
	}
	c := call{
		Request: Request{Service: service, Method: r.Method, Path: strings.Join(elements, "/"), Query: r.URL.RawQuery},
		http:    r, raw: raw,
	}
	if len(raw) > 0 && strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		if err := json.Unmarshal(raw, &c.Body); err != nil {
			return call{}, err
		}
	}
	return c, nil
}

// reply is a status, a JSON body and headers.
type reply struct {
	status int
	body   object
	header map[string]string
}

func ok(body object) reply { return reply{status: http.StatusOK, body: body} }

func failure(code int, status, message string) reply {
	return reply{status: code, body: object{"error": object{"code": code, "status": status, "message": message}}}
}

func write(w http.ResponseWriter, r reply) {
	w.Header().Set("Content-Type", "application/json")
	for name, value := range r.header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(r.status)
	_ = json.NewEncoder(w).Encode(r.body) // the client may be gone
}
