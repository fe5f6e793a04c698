// Package catalog is the table of deployables: the trigger of each function, its paths, topics and
// limits. The local host, packaging and Terraform read it, so that what runs locally is what is
// deployed.
package catalog

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Trigger is what starts a function.
type Trigger string

// The triggers. Storage is Cloud Storage's finalize notification through a topic, Schedule a Cloud
// Scheduler job that publishes to one: all but HTTP arrive as a Pub/Sub push.
const (
	HTTP     Trigger = "http"
	Storage  Trigger = "storage"
	PubSub   Trigger = "pubsub"
	Schedule Trigger = "schedule"
)

// Function is one deployable.
type Function struct {
	// Name is the folder, FUNCTION_TARGET, Terraform key and log field.
	Name string
	// Purpose is one line for people.
	Purpose string
	Trigger Trigger
	// Paths are the URL paths it owns: "/v1/me" is that path alone, "/v1/me/*" all below it. Empty for
	// events.
	Paths []string
	// Takes are the Pub/Sub topics it consumes, with a push subscription for each. Empty for HTTP.
	Takes []string
	// Publishes are the topics that it may publish to.
	Publishes []string
	// Settings are the environment variables that it gets in addition to its secrets and those of
	// every function.
	Settings []string
	// Secrets are its secrets in Secret Manager, each as the environment variable that [Variable]
	// names.
	Secrets []string
	Size
	Retry
	Grants
}

// Size limits a function's instances and requests.
type Size struct {
	// Concurrency is the largest number of requests that one instance serves at a time.
	Concurrency int
	// Timeout is Cloud Run's limit for one request.
	Timeout time.Duration
	// MemoryMiB and CPU are those of an instance.
	MemoryMiB int
	CPU       float64
}

// Retry is how often an event is delivered to a function that fails; zero for HTTP.
type Retry struct {
	// AckDeadline and MaxAttempts are those of its push subscriptions. See also [MinBackoff] and
	// [MaxBackoff].
	AckDeadline time.Duration
	MaxAttempts int
}

// Grants are the rights of a function in addition to topics and secrets: Terraform grants its
// service account exactly these. A test compares them with the clients that are linked into the
// function.
type Grants struct {
	// Firestore is the role roles/datastore.user, which is for the whole database, as there is no
	// smaller one.
	Firestore bool
	// Auth is what it may do with Firebase users: "", AuthReader or AuthEraser.
	Auth string
	// Push allows sending by FCM.
	Push bool
	// Uploads, Results and Tombstones are what it may do with the buckets' objects: "", BucketRead,
	// BucketCreate or BucketWrite.
	Uploads, Results, Tombstones string
	// Signs allows signing URLs in its own name, which give no more rights than it has itself.
	Signs bool
}

// What a function may do with Firebase users.
const (
	// AuthReader looks users up: whether a token was revoked, where mail goes, whether a user is
	// still there.
	AuthReader = "reader"
	// AuthEraser also disables, signs out and deletes them.
	AuthEraser = "eraser"
)

// What a function may do with a bucket's objects.
const (
	BucketRead   = "read"
	BucketCreate = "create"
	BucketWrite  = "write" // read, create, replace and delete
)

// Variable returns the environment variable of a secret: FACESCAN_HASH_KEY for "hash-key".
func Variable(secret string) string {
	return "FACESCAN_" + strings.ToUpper(strings.ReplaceAll(secret, "-", "_"))
}

// MinBackoff and MaxBackoff bound the wait of every push subscription between two attempts. Pub/Sub
// grows it exponentially.
const (
	MinBackoff = 10 * time.Second
	MaxBackoff = 600 * time.Second
)

// SweepEvery is the period of the sweep's schedule.
const SweepEvery = time.Minute

const fallback = "/*"

// Functions returns every deployable, sorted by name.
func Functions() []Function { return slices.Clone(functions) }

// Owner returns the HTTP function that owns the URL path: the one with the longest matching path.
// The fallback also owns what is not a path, such as the "*" of OPTIONS.
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

// Subscriptions returns every push subscription, sorted by name.
func Subscriptions() []Subscription {
	var all []Subscription
	for _, f := range functions {
		for _, t := range f.Takes {
			all = append(all, Subscription{Name: f.Name + "." + t, Topic: t, Function: f})
		}
	}
	slices.SortFunc(all, func(a, b Subscription) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// DeadLetterTopic receives what no attempt could deliver.
const DeadLetterTopic = "dead-letter"

// Topics returns every topic that is consumed or published to, and the dead-letter topic, sorted.
func Topics() []string {
	all := append(topicsOf(functions), DeadLetterTopic)
	slices.Sort(all)
	return all
}

// topicsOf returns the topics that the functions take or publish to, sorted. A topic without a
// subscription drops what is published.
func topicsOf(all []Function) []string {
	var topics []string
	for _, f := range all {
		topics = slices.Concat(topics, f.Takes, f.Publishes)
	}
	slices.Sort(topics)
	return slices.Compact(topics)
}
