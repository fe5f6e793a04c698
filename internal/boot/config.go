package boot

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"

	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/telemetry"
)

// Config is the configuration read from the environment. Fields that only some functions need are
// checked by the constructors that use them (see [Need]), so that a function is given no more than
// it uses.
type Config struct {
	// Project is the Google Cloud project id.
	Project string `env:"GOOGLE_CLOUD_PROJECT"`
	// Service and Revision are set by Cloud Run; Service is empty outside it.
	Service  string `env:"K_SERVICE"`
	Revision string `env:"K_REVISION"`
	// Release is the commit that is deployed, which only health is told: another function would be
	// deployed anew with every commit.
	Release string `env:"FACESCAN_RELEASE"`

	// Database is the id of the Firestore database, "" for "(default)".
	Database string `env:"FACESCAN_DATABASE"`
	// TopicPrefix begins the names of all topics in Pub/Sub, such as "facescan-". The code knows
	// topics without it, and the local stack has none.
	TopicPrefix string `env:"FACESCAN_TOPIC_PREFIX"`

	// Origins are the web origins allowed by CORS. Only on the local stack may they have a "*" in
	// them, as a bucket knows no patterns.
	Origins []string `env:"FACESCAN_CORS_ORIGINS"`
	// AppCheck is the mode of App Check for all routes: off, monitor or enforce. The routes with
	// another mode follow after commas, as in "monitor,POST /v1/coach=enforce".
	AppCheck httpapi.AppCheck `env:"FACESCAN_APP_CHECK" envDefault:"off"`
	// PushAudience and PushAccount are the OIDC audience and service account of our push
	// subscriptions.
	PushAudience string `env:"FACESCAN_PUSH_AUDIENCE"`
	PushAccount  string `env:"FACESCAN_PUSH_ACCOUNT"`

	// UploadsBucket is the bucket of the photos, ResultsBucket that of what is made from them.
	UploadsBucket string `env:"FACESCAN_UPLOADS_BUCKET"`
	ResultsBucket string `env:"FACESCAN_RESULTS_BUCKET"`
	// TombstonesBucket is the bucket of the notes by which a restored database is purged again.
	TombstonesBucket string `env:"FACESCAN_TOMBSTONES_BUCKET"`
	// SigningAccount is the service account that signs upload URLs.
	SigningAccount string `env:"FACESCAN_SIGNING_ACCOUNT"`
	// SigningKey is a PEM private key for the local stack only. Production signs with IAM's signBlob.
	SigningKey string `env:"FACESCAN_SIGNING_KEY"`

	// LocalHosts are the hosts, without ports, by which clients reach the local stack, and StorageHost
	// is the host:port of its Cloud Storage. See package reached.
	LocalHosts  []string `env:"FACESCAN_LOCAL_HOSTS"`
	StorageHost string   `env:"STORAGE_EMULATOR_HOST"`

	// MinAge is the age in years that a user must have passed to be measured, 13 to 99.
	MinAge int `env:"FACESCAN_MIN_AGE" envDefault:"18"`

	// PublicURL is the base URL of the API for links in mails, such as "https://api.example.com".
	PublicURL string `env:"FACESCAN_PUBLIC_URL"`
	// OperatorName is who answers for the service, and OperatorContact an e-mail address or an https
	// URL where people reach them. The pages for people name both; "" leaves them out.
	OperatorName    string `env:"FACESCAN_OPERATOR_NAME"`
	OperatorContact string `env:"FACESCAN_OPERATOR_CONTACT"`
	// ReceiptKey is the Ed25519 seed that signs receipts of erasure, 32 bytes in base64. It is secret.
	// ReceiptPublicKeys are the public keys in base64 that verify receipts: the current key and the
	// earlier ones.
	ReceiptKey        string   `env:"FACESCAN_RECEIPT_KEY"`
	ReceiptPublicKeys []string `env:"FACESCAN_RECEIPT_PUBLIC_KEYS"`
	// ErasureWait replaces the time that an erasure waits for late photos, such as "1s". It is for the
	// local stack only.
	ErasureWait string `env:"FACESCAN_ERASURE_WAIT"`
	// LookAfter replaces the day between two checks for the Firebase user of an account, such as
	// "20s". It is for the local stack only.
	LookAfter string `env:"FACESCAN_LOOK_AFTER"`
	// ScanLease replaces work.LeaseTime in the analysis, such as "3s", for tests of the local stack
	// only: they need not wait a minute for what a killed process has left.
	ScanLease time.Duration `env:"FACESCAN_SCAN_LEASE"`

	// Clock is the file that moves the local stack's clock. See [Process.Now].
	Clock string `env:"FACESCAN_CLOCK"`

	// FirebaseAPIKey is the web API key for Identity Toolkit. It is not secret.
	FirebaseAPIKey string `env:"FACESCAN_FIREBASE_API_KEY"`
	// FCMEndpoint replaces the endpoint of FCM. It is for the local stack only.
	FCMEndpoint string `env:"FACESCAN_FCM_ENDPOINT"`
	// SMTP is the host:port of the mail server and MailFrom the sender's address. User and password
	// are for servers that require them.
	SMTP         string `env:"FACESCAN_SMTP"`
	SMTPUser     string `env:"FACESCAN_SMTP_USER"`
	SMTPPassword string `env:"FACESCAN_SMTP_PASSWORD"`
	MailFrom     string `env:"FACESCAN_MAIL_FROM"`

	// OTLPEndpoint turns the export of traces on, and OTLPProtocol is how: see telemetry.Collector.
	OTLPEndpoint string `env:"OTEL_EXPORTER_OTLP_ENDPOINT"`
	OTLPProtocol string `env:"OTEL_EXPORTER_OTLP_PROTOCOL"`
	// TraceRatio is the share of traces that are sampled, 0 to 1, whatever the client asks for.
	TraceRatio float64 `env:"FACESCAN_TRACE_RATIO" envDefault:"0.1"`

	// environ is the environment that was read, for the check of emulator variables.
	environ map[string]string
}

// emulatorVariables switch a client library to an emulator. For Auth this means accepting unsigned
// tokens.
var emulatorVariables = []string{
	"FIRESTORE_EMULATOR_HOST", "PUBSUB_EMULATOR_HOST", "STORAGE_EMULATOR_HOST", "FIREBASE_AUTH_EMULATOR_HOST",
}

// localVariables are switches that must not be set in production.
var localVariables = []string{
	"FACESCAN_SIGNING_KEY", "FACESCAN_FCM_ENDPOINT", "FACESCAN_ERASURE_WAIT", "FACESCAN_SCAN_LEASE", "FACESCAN_LOOK_AFTER",
	"FACESCAN_CLOCK", "FACESCAN_LOCAL_HOSTS",
}

// lowestAge is the lowest age that article 8 of the GDPR lets a country set. Below it, parents
// would have to consent.
const (
	lowestAge  = 13
	highestAge = 99
)

// The patterns of values are compiled only for what is set: a start has no time to lose.
const (
	// releasePattern is that of the contract.
	releasePattern = `^[0-9A-Za-z][0-9A-Za-z._-]{0,62}$`
	// databasePattern follows https://cloud.google.com/firestore/docs/manage-databases#database_id.
	databasePattern = `^(\(default\)|[a-z][a-z0-9-]{2,61}[a-z0-9])$`
	// prefixPattern leaves a topic's name within https://cloud.google.com/pubsub/docs/create-topic.
	prefixPattern = `^[a-z][a-z0-9-]{0,62}-$`
)

// Environ returns the process's environment as a map.
func Environ() map[string]string {
	all := map[string]string{}
	for _, pair := range os.Environ() {
		name, value, _ := strings.Cut(pair, "=")
		all[name] = value
	}
	return all
}

// ReadConfig reads the environment. Its error reports all faults, each with the name of its
// variable.
func ReadConfig(environ map[string]string) (Config, error) {
	// A value that cannot be parsed leaves the default here, so that it is reported once.
	c := Config{environ: environ, MinAge: lowestAge}
	err := env.ParseWithOptions(&c, env.Options{Environment: environ})
	return c, errors.Join(nameVariables(err), c.validate())
}

// nameVariables adds the names of the variables that could not be parsed, as the parser reports
// only the struct's fields.
func nameVariables(err error) error {
	var all env.AggregateError
	if !errors.As(err, &all) {
		return err
	}
	faults := make([]error, len(all.Errors))
	for i, err := range all.Errors {
		faults[i] = err
		var parse env.ParseError
		if !errors.As(err, &parse) {
			continue
		}
		if field, ok := reflect.TypeFor[Config]().FieldByName(parse.Name); ok {
			faults[i] = fmt.Errorf("%s cannot be read: %w", field.Tag.Get("env"), parse.Err)
		}
	}
	return errors.Join(faults...)
}

// Local reports whether the process runs on the emulators. All other processes must meet
// production's rules, including a function started by hand against the real cloud.
func (c Config) Local() bool {
	return c.Service == "" && c.environ["FIRESTORE_EMULATOR_HOST"] != ""
}

func (c Config) validate() error {
	var faults []error
	if c.Project == "" {
		faults = append(faults, errors.New("GOOGLE_CLOUD_PROJECT is not set"))
	}
	faults = append(faults, c.validateKeys(), c.collector().Validate())
	// Written this way round, the condition refuses NaN.
	if inRange := c.TraceRatio >= 0 && c.TraceRatio <= 1; !inRange {
		faults = append(faults, errors.New("FACESCAN_TRACE_RATIO must be a number of 0 to 1"))
	}
	if c.MinAge < lowestAge || c.MinAge > highestAge {
		faults = append(faults, fmt.Errorf("FACESCAN_MIN_AGE must be a whole number of %d to %d", lowestAge, highestAge))
	}
	for _, v := range []struct {
		name, value, pattern string
	}{
		{"FACESCAN_RELEASE", c.Release, releasePattern},
		{"FACESCAN_DATABASE", c.Database, databasePattern},
		{"FACESCAN_TOPIC_PREFIX", c.TopicPrefix, prefixPattern},
	} {
		if v.value != "" && !regexp.MustCompile(v.pattern).MatchString(v.value) {
			faults = append(faults, fmt.Errorf("%s is %q, which does not match %s", v.name, v.value, v.pattern))
		}
	}
	if c.ScanLease < 0 {
		faults = append(faults, errors.New("FACESCAN_SCAN_LEASE must not be negative"))
	}
	if !c.Local() && c.PublicURL != "" && !strings.HasPrefix(c.PublicURL, "https://") {
		faults = append(faults, errors.New("FACESCAN_PUBLIC_URL must begin with https://"))
	}
	if !c.Local() {
		if slices.ContainsFunc(c.Origins, func(origin string) bool { return strings.Contains(origin, "*") }) {
			faults = append(faults, errors.New(`FACESCAN_CORS_ORIGINS must have whole origins, without "*"`))
		}
		for _, name := range append(emulatorVariables, localVariables...) {
			if c.environ[name] != "" {
				faults = append(faults, fmt.Errorf("%s is set: it is for the local stack and must not be set in production", name))
			}
		}
	}
	return errors.Join(faults...)
}

func (c Config) collector() telemetry.Collector {
	return telemetry.Collector{Endpoint: c.OTLPEndpoint, Protocol: c.OTLPProtocol}
}

// Ring returns the secrets of the use, which a function is given if [Keys] names them where it is
// registered. Otherwise the ring has none, and cannot be used.
func (c Config) Ring(use keys.Use) keys.Ring {
	ring, _ := keys.Parse(use, c.environ[use.Variable()]) // validate has parsed what is set
	return ring
}

// Keys returns the environment variables of the uses' secrets, for [HTTP].
func Keys(uses ...keys.Use) []string {
	names := make([]string, len(uses))
	for i, use := range uses {
		names[i] = use.Variable()
	}
	return names
}

// validateKeys checks the secrets of package keys that are set.
func (c Config) validateKeys() error {
	var faults []error
	for _, name := range slices.Sorted(maps.Keys(c.environ)) {
		if use, is := keys.UseOf(name); is && c.environ[name] != "" {
			if _, err := keys.Parse(use, c.environ[name]); err != nil {
				faults = append(faults, fmt.Errorf("%s cannot be used: %w", name, err))
			}
		}
	}
	return errors.Join(faults...)
}

// NeedPush returns an error that names what is missing to know who may push to an event function.
func (c Config) NeedPush() error {
	if c.Local() {
		return nil
	}
	return errors.Join(Need("FACESCAN_PUSH_AUDIENCE", c.PushAudience), Need("FACESCAN_PUSH_ACCOUNT", c.PushAccount))
}

// Need returns an error that names those of the environment variables that are not set.
func (c Config) Need(names ...string) error {
	var faults []error
	for _, name := range names {
		faults = append(faults, Need(name, c.environ[name]))
	}
	return errors.Join(faults...)
}

// Need returns an error that names the environment variable if its value is empty.
func Need(name, value string) error {
	if value == "" {
		return fmt.Errorf("%s is not set", name)
	}
	return nil
}

// traces says what is traced, and whose the logs are.
func (c Config) traces() telemetry.Traces {
	return telemetry.Traces{
		Project: c.Project, Service: c.Service, Revision: c.Revision, Release: c.Release, Ratio: c.TraceRatio,
	}
}
