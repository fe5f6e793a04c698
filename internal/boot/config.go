package boot

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"

	"github.com/facescan/facescan/internal/httpapi"
)

// Config is what the environment says. Members that only some functions need are checked by the
// constructor that needs them (see [Need]), so that a function is given no more than it uses.
type Config struct {
	// Project is the Google Cloud project id.
	Project string `env:"GOOGLE_CLOUD_PROJECT"`
	// Service and Revision are set by Cloud Run; Service is empty outside it.
	Service  string `env:"K_SERVICE"`
	Revision string `env:"K_REVISION"`

	// HashKey keys pseudonyms in logs and the ids derived from idempotency keys. A secret of 32 bytes
	// or more.
	HashKey string `env:"FACESCAN_HASH_KEY"`
	// Origins are the web origins that CORS admits.
	Origins []string `env:"FACESCAN_CORS_ORIGINS"`
	// AppCheck is what happens to requests of an app that App Check does not vouch for: off, monitor
	// or enforce, and after commas the routes that differ, such as "monitor,POST /v1/coach=enforce".
	AppCheck httpapi.AppCheck `env:"FACESCAN_APP_CHECK" envDefault:"off"`
	// PushAudience and PushAccount are the OIDC audience and service account of our push
	// subscriptions.
	PushAudience string `env:"FACESCAN_PUSH_AUDIENCE"`
	PushAccount  string `env:"FACESCAN_PUSH_ACCOUNT"`

	// UploadsBucket takes the photos, ResultsBucket what is made of them.
	UploadsBucket string `env:"FACESCAN_UPLOADS_BUCKET"`
	ResultsBucket string `env:"FACESCAN_RESULTS_BUCKET"`
	// SigningAccount is the service account in whose name upload URLs are signed.
	SigningAccount string `env:"FACESCAN_SIGNING_ACCOUNT"`
	// SigningKey is a PEM private key, for the local stack only: production signs with IAM's signBlob.
	SigningKey string `env:"FACESCAN_SIGNING_KEY"`

	// MinAge is the age in years that a user must have passed to be measured, 13 to 99.
	MinAge int `env:"FACESCAN_MIN_AGE" envDefault:"18"`

	// PublicURL is the API's base as users see it, such as "https://api.example.com", for links in
	// mails.
	PublicURL string `env:"FACESCAN_PUBLIC_URL"`
	// ReceiptKey is the Ed25519 seed that signs receipts of erasure, 32 bytes in base64: a secret.
	// ReceiptPublicKeys are the public keys in base64 by which receipts are verified, the one in use
	// and those before it.
	ReceiptKey        string   `env:"FACESCAN_RECEIPT_KEY"`
	ReceiptPublicKeys []string `env:"FACESCAN_RECEIPT_PUBLIC_KEYS"`
	// ErasureWait replaces the time that an erasure waits for photos still on their way, such as "1s",
	// for the local stack only.
	ErasureWait string `env:"FACESCAN_ERASURE_WAIT"`
	// LookAfter replaces the day between two looks for the Firebase user of an account, such as
	// "20s", for the local stack only.
	LookAfter string `env:"FACESCAN_LOOK_AFTER"`
	// ScanLease replaces work.LeaseTime in the analysis, such as "3s", for tests of the local stack
	// only: they need not wait a minute for what a killed process has left.
	ScanLease time.Duration `env:"FACESCAN_SCAN_LEASE"`

	// Clock is the file by which the local stack moves the clock, see [Process.Now].
	Clock string `env:"FACESCAN_CLOCK"`

	// FirebaseAPIKey is the web API key that Identity Toolkit asks for. It is no secret.
	FirebaseAPIKey string `env:"FACESCAN_FIREBASE_API_KEY"`
	// FCMEndpoint replaces FCM's, for the local stack only.
	FCMEndpoint string `env:"FACESCAN_FCM_ENDPOINT"`
	// SMTP is host:port of the mail server, MailFrom the sender; user and password where the server
	// asks.
	SMTP         string `env:"FACESCAN_SMTP"`
	SMTPUser     string `env:"FACESCAN_SMTP_USER"`
	SMTPPassword string `env:"FACESCAN_SMTP_PASSWORD"`
	MailFrom     string `env:"FACESCAN_MAIL_FROM"`

	// OTLPEndpoint switches the export of traces on; the exporter reads the standard variable itself.
	OTLPEndpoint string `env:"OTEL_EXPORTER_OTLP_ENDPOINT"`
	// TraceRatio is the share of new traces that is sampled, 0 to 1.
	TraceRatio float64 `env:"FACESCAN_TRACE_RATIO" envDefault:"0.1"`

	// environ keeps what was read, for the check of emulator variables.
	environ map[string]string
}

// emulatorVariables switch a client library to an emulator, which for Auth means accepting unsigned
// tokens.
var emulatorVariables = []string{
	"FIRESTORE_EMULATOR_HOST", "PUBSUB_EMULATOR_HOST", "STORAGE_EMULATOR_HOST", "FIREBASE_AUTH_EMULATOR_HOST",
}

// localVariables are switches that have no business in production.
var localVariables = []string{
	"FACESCAN_SIGNING_KEY", "FACESCAN_FCM_ENDPOINT", "FACESCAN_ERASURE_WAIT", "FACESCAN_SCAN_LEASE", "FACESCAN_LOOK_AFTER",
	"FACESCAN_CLOCK",
}

const minHashKey = 32

// lowestAge is the lowest that article 8 of the GDPR lets a country set; below it parents would
// have to consent.
const (
	lowestAge  = 13
	highestAge = 99
)

// Environ is the process's environment as a map.
func Environ() map[string]string {
	all := map[string]string{}
	for _, pair := range os.Environ() {
		name, value, _ := strings.Cut(pair, "=")
		all[name] = value
	}
	return all
}

// ReadConfig reads the environment and reports all its faults in one error, each with its
// variable's name.
func ReadConfig(environ map[string]string) (Config, error) {
	// What cannot be parsed stays as it is here, so that its fault is told once.
	c := Config{environ: environ, MinAge: lowestAge}
	err := env.ParseWithOptions(&c, env.Options{Environment: environ})
	return c, errors.Join(nameVariables(err), c.validate())
}

// nameVariables tells the variable of what could not be parsed; the parser names the struct's field
// only.
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

// Local reports whether the process runs on the emulators. Anything else is held to production's
// rules, a function started by hand against the real cloud too.
func (c Config) Local() bool {
	return c.Service == "" && c.environ["FIRESTORE_EMULATOR_HOST"] != ""
}

func (c Config) validate() error {
	var faults []error
	if c.Project == "" {
		faults = append(faults, errors.New("GOOGLE_CLOUD_PROJECT is not set"))
	}
	if len(c.HashKey) < minHashKey {
		faults = append(faults, fmt.Errorf("FACESCAN_HASH_KEY must be a secret of at least %d bytes", minHashKey))
	}
	// Not the other way round, which would let NaN pass.
	if inRange := c.TraceRatio >= 0 && c.TraceRatio <= 1; !inRange {
		faults = append(faults, errors.New("FACESCAN_TRACE_RATIO must be a number of 0 to 1"))
	}
	if c.MinAge < lowestAge || c.MinAge > highestAge {
		faults = append(faults, fmt.Errorf("FACESCAN_MIN_AGE must be a whole number of %d to %d", lowestAge, highestAge))
	}
	if c.ScanLease < 0 {
		faults = append(faults, errors.New("FACESCAN_SCAN_LEASE must not be negative"))
	}
	if !c.Local() {
		for _, name := range append(emulatorVariables, localVariables...) {
			if c.environ[name] != "" {
				faults = append(faults, fmt.Errorf("%s is set: it is for the local stack and must not be set in production", name))
			}
		}
	}
	return errors.Join(faults...)
}

// validateEvent holds event functions to knowing who may push to them.
func (c Config) validateEvent() error {
	if c.Local() {
		return nil
	}
	return errors.Join(Need("FACESCAN_PUSH_AUDIENCE", c.PushAudience), Need("FACESCAN_PUSH_ACCOUNT", c.PushAccount))
}

// Need is an error that names the environment variable if its value is empty.
func Need(name, value string) error {
	if value == "" {
		return fmt.Errorf("%s is not set", name)
	}
	return nil
}
