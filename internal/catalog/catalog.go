// Package catalog is the table of deployables: the trigger of each function, its paths, topics and
// limits. The local host, packaging and Terraform read it, so that what runs locally is what is
// deployed.
package catalog

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/facescan/facescan/internal/keys"
)

// BuildTag is the tag that functions are built with. By it the client of Cloud Storage leaves out
// what it needs for gRPC alone: xDS with Envoy's API, 13 MB of each program that stores objects or
// verifies users. The functions use the JSON API.
const BuildTag = "disable_grpc_modules"

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
	// Keys are the uses that it has secrets of package keys for. They are among its Secrets.
	Keys []keys.Use
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
// function. They bound what can be done as the function, by an attacker's code too: a function that
// may write documents may write any, and some of them make other functions act. Of the events in
// outbox/, each counts with its writer's signature only (package outbox).
type Grants struct {
	// Firestore is what it may do with the database's documents: "", DatabaseRead or DatabaseWrite.
	// It is for the whole database, as there are no smaller roles.
	Firestore string
	// Auth is what it may do with Firebase users: "", AuthReader or AuthEraser.
	Auth string
	// Push allows sending by FCM.
	Push bool
	// Traces allows exporting traces.
	Traces bool
	// Uploads, Results and Tombstones are what it may do with the buckets' objects: "", BucketRead,
	// BucketCreate or BucketWrite.
	Uploads, Results, Tombstones string
	// Signs allows signing in its own name, as URLs are, which gives no more rights than it has
	// itself.
	Signs bool
}

// What a function may do with the database's documents.
const (
	DatabaseRead  = "read"
	DatabaseWrite = "write" // read, create, change and delete
)

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

// Variable returns the environment variable of a secret: FACESCAN_KEY_LOGS for "key-logs".
func Variable(secret string) string {
	return "FACESCAN_" + strings.ToUpper(strings.ReplaceAll(secret, "-", "_"))
}

// MinBackoff and MaxBackoff bound the wait of every push subscription between two attempts. Pub/Sub
// grows it exponentially.
const (
	MinBackoff = 10 * time.Second
	MaxBackoff = 600 * time.Second
)

// Backoff returns the wait after so many failed attempts, without jitter. It doubles from the
// shortest until it is the longest.
func Backoff(shortest, longest time.Duration, failed int) time.Duration {
	wait := shortest
	for range failed - 1 {
		if wait >= longest {
			break
		}
		wait *= 2
	}
	return min(wait, longest)
}

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

// MayPublish reports whether the function has the right to publish to the topic.
func MayPublish(function, topic string) bool {
	i := slices.IndexFunc(functions, func(f Function) bool { return f.Name == function })
	return i >= 0 && slices.Contains(functions[i].Publishes, topic)
}

// MayOwe reports whether the writer may leave events of the topic in the outbox. The sweep owes
// less than it may publish, and commands of the operator, as [Operator], may owe anything.
func MayOwe(writer, topic string) bool {
	switch writer {
	case Operator:
		return true
	case sweeper:
		return slices.Contains(SweepOwes(), topic)
	}
	return MayPublish(writer, topic)
}

// Operator is the writer of what an operator's commands leave in the outbox. No function has its
// secret.
const Operator = "operator"

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
