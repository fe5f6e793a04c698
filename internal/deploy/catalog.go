package deploy

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/crossorigin"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/schema"
)

// document is what Terraform reads: the catalog, and the database by package schema.
type document struct {
	Functions         map[string]functionRow `json:"functions"`
	Topics            []string               `json:"topics"`
	Subscriptions     []subscriptionRow      `json:"subscriptions"`
	DeadLetterTopic   string                 `json:"deadLetterTopic"`
	UploadTopic       string                 `json:"uploadTopic"`
	MinBackoffSeconds int                    `json:"minBackoffSeconds"`
	MaxBackoffSeconds int                    `json:"maxBackoffSeconds"`
	Sweep             sweepRow               `json:"sweep"`
	Fallback          string                 `json:"fallback"`
	Indexes           []indexRow             `json:"indexes"`
	GroupFields       []fieldOfRow           `json:"groupFields"`
	Unindexed         []fieldOfRow           `json:"unindexed"`
	Expiring          []string               `json:"expiring"`
	// TombstoneDays is the age at which tombstones are deleted, RestorableDays the reach of backups.
	TombstoneDays  int `json:"tombstoneDays"`
	RestorableDays int `json:"restorableDays"`
	// LogDays are the most for which logs are kept, RequestLogDays those of requests.
	LogDays        int `json:"logDays"`
	RequestLogDays int `json:"requestLogDays"`
	// AppCheckOperations are the operations that may require an App Check token.
	AppCheckOperations []string `json:"appCheckOperations"`
	// PhotoPaths are the paths that photos are posted to.
	PhotoPaths []string `json:"photoPaths"`
	// ClientHeader is the header in which the load balancer tells the client's address.
	ClientHeader string `json:"clientHeader"`
	// CORS are the rules of the buckets that web pages reach.
	CORS corsRows `json:"cors"`
}

type corsRows struct {
	Uploads corsRow `json:"uploads"`
	Results corsRow `json:"results"`
}

// corsRow is a rule of a bucket. Headers may be sent, and read of the answer.
type corsRow struct {
	Methods       []string `json:"methods"`
	Headers       []string `json:"headers"`
	MaxAgeSeconds int      `json:"maxAgeSeconds"`
}

func corsOf(rules crossorigin.Rules) corsRow {
	return corsRow{Methods: rules.Methods, Headers: rules.Headers, MaxAgeSeconds: seconds(rules.MaxAge)}
}

type functionRow struct {
	Trigger        catalog.Trigger `json:"trigger"`
	Purpose        string          `json:"purpose"`
	Paths          []string        `json:"paths"`
	Topics         []string        `json:"topics"`
	Concurrency    int             `json:"concurrency"`
	TimeoutSeconds int             `json:"timeoutSeconds"`
	MemoryMiB      int             `json:"memoryMiB"`
	CPU            float64         `json:"cpu"`
	Access         accessRow       `json:"access"`
	Environment    []string        `json:"environment"`
}

// accessRow has the rights of a function.
type accessRow struct {
	Firestore  string   `json:"firestore"`
	Auth       string   `json:"auth"`
	Push       bool     `json:"push"`
	Traces     bool     `json:"traces"`
	Uploads    string   `json:"uploads"`
	Results    string   `json:"results"`
	Tombstones string   `json:"tombstones"`
	Signs      bool     `json:"signs"`
	Publishes  []string `json:"publishes"`
	// Secrets are keyed by environment variable.
	Secrets map[string]string `json:"secrets"`
}

type subscriptionRow struct {
	Name               string `json:"name"`
	Topic              string `json:"topic"`
	Function           string `json:"function"`
	AckDeadlineSeconds int    `json:"ackDeadlineSeconds"`
	MaxAttempts        int    `json:"maxAttempts"`
}

type sweepRow struct {
	Schedule string `json:"schedule"`
	Topic    string `json:"topic"`
	Message  string `json:"message"`
}

type indexRow struct {
	Name       string     `json:"name"`
	Collection string     `json:"collection"`
	Group      bool       `json:"group"`
	Fields     []fieldRow `json:"fields"`
}

// fieldOfRow is a field of a collection's documents.
type fieldOfRow struct {
	CollectionID string `json:"collection"`
	Field        string `json:"field"`
}

type fieldRow struct {
	Path  string `json:"path"`
	Order string `json:"order"`
}

func catalogJSON() ([]byte, error) {
	message, err := sweepMessage()
	if err != nil {
		return nil, err
	}
	schedule, err := everyMinutes(catalog.SweepEvery)
	if err != nil {
		return nil, err
	}
	d := document{
		Functions: map[string]functionRow{},
		Topics:    catalog.Topics(), DeadLetterTopic: catalog.DeadLetterTopic, UploadTopic: event.TopicUploadFinalized,
		MinBackoffSeconds: seconds(catalog.MinBackoff), MaxBackoffSeconds: seconds(catalog.MaxBackoff),
		Sweep:    sweepRow{Schedule: schedule, Topic: sweepTopic, Message: string(message)},
		Fallback: catalog.Owner("/").Name, Expiring: schema.Expiring(),
		TombstoneDays: days(schema.TombstoneLife), RestorableDays: days(schema.RestorableLife),
		LogDays: days(schema.LogLife), RequestLogDays: days(schema.RequestLogLife), ClientHeader: httpapi.HeaderClient,
		CORS: corsRows{Uploads: corsOf(crossorigin.Uploads()), Results: corsOf(crossorigin.Results())},
	}
	if d.AppCheckOperations, err = appCheckOperations(); err != nil {
		return nil, err
	}
	if d.PhotoPaths, err = photoPaths(); err != nil {
		return nil, err
	}
	for _, f := range catalog.Functions() {
		d.Functions[f.Name] = rowOf(f)
	}
	for _, s := range catalog.Subscriptions() {
		d.Subscriptions = append(d.Subscriptions, subscriptionRow{
			Name: s.Name, Topic: s.Topic, Function: s.Function.Name,
			AckDeadlineSeconds: seconds(s.Function.AckDeadline), MaxAttempts: s.Function.MaxAttempts,
		})
	}
	d.addCollections()
	return indented(d)
}

// addCollections adds the indexes and fields of package schema.
func (d *document) addCollections() {
	for _, c := range schema.Collections {
		for _, i := range c.Indexes {
			row := indexRow{Name: c.IndexName(i), Collection: c.Name, Group: i.Group}
			for _, f := range i.Fields {
				row.Fields = append(row.Fields, fieldRow(f))
			}
			d.Indexes = append(d.Indexes, row)
		}
		for _, field := range c.GroupFields {
			d.GroupFields = append(d.GroupFields, fieldOfRow{CollectionID: c.Name, Field: field})
		}
		for _, field := range c.Unindexed {
			d.Unindexed = append(d.Unindexed, fieldOfRow{CollectionID: c.Name, Field: field})
		}
	}
	byCollection := func(a, b fieldOfRow) int { return cmp.Compare(a.CollectionID, b.CollectionID) }
	slices.SortStableFunc(d.GroupFields, byCollection)
	slices.SortStableFunc(d.Unindexed, byCollection)
}

func rowOf(f catalog.Function) functionRow {
	access := accessRow{
		Firestore: f.Firestore, Auth: f.Auth, Push: f.Push, Traces: f.Traces, Uploads: f.Uploads,
		Results: f.Results, Tombstones: f.Tombstones,
		Signs: f.Signs, Publishes: orEmpty(f.Publishes), Secrets: map[string]string{},
	}
	for _, secret := range f.Secrets {
		access.Secrets[catalog.Variable(secret)] = secret
	}
	return functionRow{
		Trigger: f.Trigger, Purpose: f.Purpose, Paths: orEmpty(f.Paths), Topics: orEmpty(f.Takes),
		Concurrency: f.Concurrency, TimeoutSeconds: seconds(f.Timeout), MemoryMiB: f.MemoryMiB, CPU: f.CPU,
		Access: access, Environment: orEmpty(f.Settings),
	}
}

// orEmpty keeps null out of the document: Terraform cannot loop over it.
func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

func seconds(d time.Duration) int { return int(d / time.Second) }
func days(d time.Duration) int    { return int(d / (24 * time.Hour)) }

// everyMinutes returns the period in the form of cron, which has no seconds.
func everyMinutes(d time.Duration) (string, error) {
	minutes := int(d / time.Minute)
	if d%time.Minute != 0 || minutes < 1 || 60%minutes != 0 {
		return "", fmt.Errorf("a period of %s is no schedule: whole minutes that divide an hour are", d)
	}
	if minutes == 1 {
		return "* * * * *", nil
	}
	return fmt.Sprintf("*/%d * * * *", minutes), nil
}

var sweepTopic = event.Topic(event.SweepRequestedV1{}.EventType())

// sweepMessage returns the event of the schedule. It never changes, so its id and time have no
// meaning.
func sweepMessage() ([]byte, error) {
	e, err := event.New("sweep", time.Unix(0, 0), "", event.SweepRequestedV1{})
	if err != nil {
		return nil, err
	}
	return event.Encode(e)
}

// indented encodes v as JSON for people to read in a diff: two spaces, "&" unescaped, a newline at
// the end.
func indented(v any) ([]byte, error) {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return text.Bytes(), nil
}

// appCheckOperations returns the operations of the contract, such as "GET /v1/me", that can answer
// app_check_missing.
func appCheckOperations() ([]string, error) {
	var asking []string
	err := eachOperation(func(method, path string, operation *openapi3.Operation) {
		refused := operation.Responses.Value("401")
		if refused == nil {
			return
		}
		codes, _ := refused.Value.Extensions["x-error-codes"].([]any)
		if slices.Contains(codes, any(string(fault.CodeAppCheckMissing))) {
			asking = append(asking, method+" "+path)
		}
	})
	slices.Sort(asking)
	return asking, err
}

// photoPaths returns the paths whose bodies are photos, or forms with one.
func photoPaths() ([]string, error) {
	var paths []string
	err := eachOperation(func(_, path string, operation *openapi3.Operation) {
		if operation.RequestBody == nil {
			return
		}
		for media, content := range operation.RequestBody.Value.Content {
			kinds := []string{media}
			for _, part := range content.Encoding {
				kinds = append(kinds, part.ContentType)
			}
			if strings.Contains(strings.Join(kinds, " "), "image/") {
				paths = append(paths, path)
			}
		}
	})
	slices.Sort(paths)
	return slices.Compact(paths), err
}

// eachOperation calls do with each operation of the contract.
func eachOperation(do func(method, path string, operation *openapi3.Operation)) error {
	contract, err := openapi3.NewLoader().LoadFromData(httpapi.Contract())
	if err != nil {
		return fmt.Errorf("read the contract: %w", err)
	}
	for path, item := range contract.Paths.Map() {
		for method, operation := range item.Operations() {
			do(method, path, operation)
		}
	}
	return nil
}
