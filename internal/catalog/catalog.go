// Package catalog is the table of deployables: what triggers each function, which paths it owns, which topics it
// consumes, and its limits. The local host, packaging and Terraform read it, so that what runs here is what is
// deployed.
package catalog

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/facescan/facescan/internal/event"
)

// Trigger is what starts a function.
type Trigger string

// The triggers. Storage is Cloud Storage's finalize notification through a topic of ours, Schedule a Cloud
// Scheduler job that publishes to one: all but HTTP arrive as a Pub/Sub push.
const (
	HTTP     Trigger = "http"
	Storage  Trigger = "storage"
	PubSub   Trigger = "pubsub"
	Schedule Trigger = "schedule"
)

// Function is one deployable.
type Function struct {
	// Name is folder, FUNCTION_TARGET, Terraform key and log field in one.
	Name    string
	Trigger Trigger
	// Purpose is one line for people.
	Purpose string
	// Paths are the URL paths it owns: "/v1/me" is that path alone, "/v1/me/*" all below it. Empty for events.
	Paths []string
	// Topics are the Pub/Sub topics it consumes, one push subscription each. Empty for HTTP.
	Topics []string
	// Concurrency is the most requests one instance serves at a time.
	Concurrency int
	// Timeout is Cloud Run's limit of one request.
	Timeout time.Duration
	// AckDeadline, MaxAttempts and the backoff are those of its push subscriptions; zero for HTTP.
	AckDeadline time.Duration
	MaxAttempts int
	// MemoryMiB and CPU are an instance's size.
	MemoryMiB int
	CPU       float64
}

// MinBackoff and MaxBackoff bound the wait of every push subscription between two attempts. Pub/Sub grows it
// exponentially.
const (
	MinBackoff = 10 * time.Second
	MaxBackoff = 600 * time.Second
)

// Lease is how long the holder of a piece of work may be silent before another redoes it. It is below the ack
// deadline of every event function and far below the time of the last attempt.
const Lease = 60 * time.Second

// SweepEvery is the period of the sweep's schedule.
const SweepEvery = time.Minute

const fallback = "/*"

// functions is sorted by name.
var functions = []Function{
	eventFunction(Function{
		Name: "analyze", Trigger: Storage, Purpose: "measures an uploaded photo and completes or fails its scan",
		Topics:      append([]string{event.TopicUploadFinalized}, topics(event.ScanVerifyRequestedV1{})...),
		Concurrency: 1, MaxAttempts: 50, CPU: 1,
		MemoryMiB: 1024, // a decoded photo of up to 256 MiB, or the making of one rendition, and what the collector has not freed
	}),
	httpFunction(Function{
		Name: "coach", Purpose: "looks at a small preview and says how the photo could be better; keeps nothing",
		Paths: []string{"/v1/coach"}, Concurrency: 1, // an analysis takes a processor to itself
	}),
	eventFunction(Function{
		Name: "erase", Trigger: PubSub, Purpose: "erases accounts, and what was made under a withdrawn consent",
		Topics: topics(event.AccountErasureRequestedV1{}, event.ConsentWithdrawnV1{}), Concurrency: 8, MaxAttempts: 20,
		MemoryMiB: 256, CPU: 1,
	}),
	eventFunction(Function{
		Name: "export", Trigger: PubSub, Purpose: "puts all that is kept of a user into a zip to download",
		Topics: topics(event.AccountExportRequestedV1{}), Concurrency: 4, MaxAttempts: 20, MemoryMiB: 256, CPU: 1,
		// Years of pictures are copied one by one.
		Timeout: 9 * time.Minute, AckDeadline: 10 * time.Minute,
	}),
	httpFunction(Function{
		Name: "health", Purpose: "liveness, readiness, the API's contract, the page for account deletion, and problem+json for every other path",
		Paths: []string{"/healthz", "/readyz", "/v1/openapi.yaml", "/account-deletion", fallback}, Concurrency: 80,
	}),
	httpFunction(Function{
		Name: "inbox", Purpose: "the user's notifications, devices and preferences",
		Paths: []string{"/v1/inbox", "/v1/inbox/*", "/v1/devices/*", "/v1/preferences"}, Concurrency: 80,
	}),
	httpFunction(Function{
		Name: "leaderboard", Purpose: "top of the board and own rank",
		Paths: []string{"/v1/leaderboards/*"}, Concurrency: 80,
	}),
	eventFunction(Function{
		Name: "notify", Trigger: PubSub, Purpose: "turns events into inbox entries, pushes and e-mails, each once",
		Topics: topics(
			event.AccountRegisteredV1{}, event.ScanCompletedV1{}, event.ScanFailedV1{}, event.PersonalBestReachedV1{}, event.ScanDeletedV1{},
			event.SeriesSettledV1{}, event.SeriesDeletedV1{},
		), Concurrency: 8, MaxAttempts: 20, MemoryMiB: 256, CPU: 1,
	}),
	httpFunction(Function{
		Name: "profile", Purpose: "the user's profile, username and consent, export, erasure and its receipt",
		Paths: []string{"/v1/me", "/v1/me/*", "/v1/usernames/*", "/v1/erasures/*"}, Concurrency: 80,
	}),
	eventFunction(Function{
		Name: "rank", Trigger: PubSub, Purpose: "keeps ratings and the boards' entries",
		Topics: topics(
			event.ScanCompletedV1{}, event.ScanRescoredV1{}, event.ScanDeletedV1{}, event.AccountUpdatedV1{},
			event.SeriesSettledV1{}, event.SeriesDeletedV1{},
		), Concurrency: 8, MaxAttempts: 20, MemoryMiB: 256, CPU: 1,
	}),
	httpFunction(Function{
		Name: "register", Purpose: "registration, and sign-up and login with e-mail and password",
		Paths: []string{
			"/v1/auth/register", "/v1/auth/signup", "/v1/auth/login", "/v1/auth/refresh",
			"/v1/auth/password-reset", "/v1/auth/verify-email",
		}, Concurrency: 80,
	}),
	httpFunction(Function{
		Name: "scans", Purpose: "the state and result of scans, by long poll",
		Paths: []string{"/v1/scans", "/v1/scans/*", "/v1/timeline"}, Concurrency: 1000,
	}),
	eventFunction(Function{
		Name: "sweep", Trigger: Schedule, Purpose: "publishes abandoned events, re-drives stuck scans, deletes what is due",
		Topics: topics(event.SweepRequestedV1{}), Concurrency: 1, MaxAttempts: 20, MemoryMiB: 256, CPU: 1,
	}),
	httpFunction(Function{
		Name: "upload", Purpose: "opens scans and series, signs the URLs their photos are put to, and answers for series",
		Paths: []string{"/v1/uploads", "/v1/uploads/*", "/v1/series", "/v1/series/*"}, Concurrency: 1000,
		MemoryMiB: 512, // of those that wait for series as many as for scans, and the photos on their way (upload.MaxDirect)
	}),
}

func httpFunction(f Function) Function {
	f.Trigger, f.Timeout, f.MemoryMiB, f.CPU = HTTP, 60*time.Second, cmp.Or(f.MemoryMiB, 256), 1
	return f
}

func eventFunction(f Function) Function {
	f.Timeout = cmp.Or(f.Timeout, 60*time.Second)
	f.AckDeadline = cmp.Or(f.AckDeadline, 120*time.Second)
	return f
}

func topics(payloads ...event.Payload) []string {
	names := make([]string, len(payloads))
	for i, p := range payloads {
		names[i] = event.Topic(p.EventType())
	}
	return names
}

// Functions is every deployable, sorted by name.
func Functions() []Function { return slices.Clone(functions) }

// Owner is the HTTP function that owns the URL path: the one with the longest path that fits. What
// is no path, such as the "*" of OPTIONS, is the fallback's too.
func Owner(path string) Function {
	var owner Function
	best := -1
	for _, f := range functions {
		for _, p := range f.Paths {
			if (p == fallback || fits(p, path)) && len(p) > best {
				owner, best = f, len(p)
			}
		}
	}
	return owner
}

func fits(pattern, path string) bool {
	prefix, wild := strings.CutSuffix(pattern, "*")
	if wild {
		return strings.HasPrefix(path, prefix)
	}
	return path == pattern
}

// Subscription is one push subscription.
type Subscription struct {
	// Name is FUNCTION.TOPIC, unique in the project.
	Name, Topic string
	Function    Function
}

// Subscriptions is every push subscription, sorted by name.
func Subscriptions() []Subscription {
	var all []Subscription
	for _, f := range functions {
		for _, t := range f.Topics {
			all = append(all, Subscription{Name: f.Name + "." + t, Topic: t, Function: f})
		}
	}
	slices.SortFunc(all, func(a, b Subscription) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// DeadLetterTopic takes what no attempt could deliver.
const DeadLetterTopic = "dead-letter"

// Topics is every topic that is consumed, and the dead-letter topic, sorted.
func Topics() []string {
	all := []string{DeadLetterTopic}
	for _, s := range Subscriptions() {
		all = append(all, s.Topic)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
