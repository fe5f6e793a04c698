package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/pubsub/v2"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/audit"
	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/testkit"
)

func TestMain(m *testing.M) {
	os.Exit(emulatortest.Main(m, emulator.Firestore, emulator.PubSub, emulator.Auth))
}

// world is a project of the emulators, with the topics and the subscription of dead letters.
type world struct {
	project string
	fs      *firestore.Client
	pubsub  *pubsub.Client
	// prepare changes the tools of commands.
	prepare func(*tools)
}

// listening is the name of a test's own subscription to a topic.
func listening(topic string) string { return "test." + topic }

func newWorld(t *testing.T) *world {
	t.Helper()
	w := worldOf(t, emulatortest.UniqueProject(t))
	w.user(t, "ada", account.Active)
	return w
}

// worldOf is [newWorld] for a project, without its user.
func worldOf(t *testing.T, project string) *world {
	t.Helper()
	w := &world{project: project}
	w.fs = emulatortest.Firestore(t, w.project)
	var err error
	if w.pubsub, err = pubsub.NewClient(t.Context(), w.project); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.pubsub.Close() })
	for _, name := range []string{catalog.DeadLetterTopic, "scan-completed-v1", "upload-finalized"} {
		topic, subscription := "projects/"+w.project+"/topics/"+name, listening(name)
		if name == catalog.DeadLetterTopic {
			subscription = name
		}
		if _, err := w.pubsub.TopicAdminClient.CreateTopic(t.Context(), &pubsubpb.Topic{Name: topic}); err != nil {
			t.Fatal(err)
		}
		_, err := w.pubsub.SubscriptionAdminClient.CreateSubscription(t.Context(), &pubsubpb.Subscription{
			Name: "projects/" + w.project + "/subscriptions/" + subscription, Topic: topic, AckDeadlineSeconds: 600,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return w
}

func (w *world) user(t *testing.T, uid account.UID, state account.State) {
	t.Helper()
	u := account.User{
		Schema: account.UserSchema, UID: uid, State: state, Email: string(uid) + "@example.com",
		ConsentEpoch: 1, Consent: account.Consent{Granted: true},
	}
	if _, err := account.Ref(w.fs, uid).Set(t.Context(), u); err != nil {
		t.Fatal(err)
	}
}

// environ has the secrets that commands take.
func environ(name string) string {
	return map[string]string{
		"FIRESTORE_EMULATOR_HOST": os.Getenv("FIRESTORE_EMULATOR_HOST"),
		"FACESCAN_KEY_OUTBOX":     keys.Derive([]byte("root"), keys.ForOutbox),
		"FACESCAN_KEY_RATINGS":    keys.Derive([]byte("root"), keys.ForRatings),
		"FACESCAN_KEY_AUDIT":      keys.Derive([]byte("root"), keys.ForAudit),
	}[name]
}

// admin runs a command on the project.
func (w *world) admin(t *testing.T, args ...string) (string, error) {
	t.Helper()
	return w.adminIn(t, t.Context(), args...)
}

func (w *world) adminIn(t *testing.T, ctx context.Context, args ...string) (string, error) { //nolint:revive // t first
	t.Helper()
	var stdout, stderr strings.Builder
	p := program{environ: environ, stdout: &stdout, stderr: &stderr, prepare: func(tools *tools) {
		tools.project, tools.quiet = w.project, time.Second
		if w.prepare != nil {
			w.prepare(tools)
		}
	}}
	err := p.run(ctx, args)
	if errors.Is(err, errUsage) {
		t.Fatalf("admin %q: %s", args, &stderr)
	}
	return stdout.String(), err
}

// read runs a command with -json and returns what it prints.
func read[T any](t *testing.T, w *world, args ...string) T {
	t.Helper()
	text, err := w.admin(t, args...)
	if err != nil {
		t.Fatalf("admin %q: %v", args, err)
	}
	var v T
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("admin %q prints %s: %v", args, text, err)
	}
	return v
}

// published returns the messages of the topic that came since it was asked last, once there are n.
func (w *world) published(t *testing.T, topic string, n int) (all []*pubsubpb.PubsubMessage) {
	t.Helper()
	name := "projects/" + w.project + "/subscriptions/" + listening(topic)
	testkit.Eventually(t, "messages of "+topic, func() bool {
		got, err := w.pubsub.SubscriptionAdminClient.Pull(t.Context(), &pubsubpb.PullRequest{
			Subscription: name, MaxMessages: 100, ReturnImmediately: true, //nolint:staticcheck // there may be none
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range got.GetReceivedMessages() {
			all = append(all, m.GetMessage())
		}
		return len(all) >= n
	})
	if len(all) != n {
		t.Fatalf("%d messages of %s, want %d", len(all), topic, n)
	}
	return all
}

func (w *world) owed(t *testing.T) int {
	t.Helper()
	all, err := w.fs.Collection("outbox").Documents(t.Context()).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

// acts returns how often each kind of act was kept.
func (w *world) acts(t *testing.T) map[audit.Kind]int {
	t.Helper()
	all, err := w.fs.Collection("audit").Documents(t.Context()).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	n := map[audit.Kind]int{}
	for _, snap := range all {
		kind, _ := snap.Data()["kind"].(string)
		if by := snap.Data()["by"]; by != string(audit.ByOperator) {
			t.Errorf("act %s by %v", kind, by)
		}
		n[audit.Kind(kind)]++
	}
	return n
}

// book returns the book that the world's commands write into.
func book(t *testing.T, w *world) *audit.Book {
	t.Helper()
	ring, err := keys.Parse(keys.ForAudit, environ("FACESCAN_KEY_AUDIT"))
	if err != nil {
		t.Fatal(err)
	}
	return audit.New(w.fs, ring, time.Now)
}

func TestUsage(t *testing.T) {
	t.Parallel()
	key := environ("FACESCAN_KEY_OUTBOX")
	for name, tt := range map[string]struct {
		args string
		key  string
		want error
		says string
	}{
		"nothing":                        {"", key, errUsage, "The commands:"},
		"help":                           {"help", key, flag.ErrHelp, "parked redrive"},
		"an unknown command":             {"explode", key, errUsage, `no command "explode"`},
		"half a command":                 {"parked", key, errUsage, `no command "parked"`},
		"help of a command":              {"parked redrive -help", key, flag.ErrHelp, "key-outbox"},
		"no project":                     {"parked list", key, errUsage, "name the project"},
		"an unknown option":              {"parked list -project p -quick", key, errUsage, "-quick"},
		"a dry run of a look":            {"parked list -project p -dry-run", key, errUsage, "-dry-run"},
		"arguments where there are none": {"parked list -project p x", key, errUsage, "nothing is expected"},
		"no id to show":                  {"parked show -project p", key, errUsage, "by its ID"},
		"no id to redrive":               {"parked redrive -project p", key, errUsage, "by its ID"},
		"no secret":                      {"parked redrive -project p x", "", errUsage, "FACESCAN_KEY_OUTBOX"},
		"a wrong secret":                 {"parked redrive -project p x", "??", errUsage, "FACESCAN_KEY_OUTBOX"},
		"letters and all of them":        {"dead redrive -project p -all x", key, errUsage, "by -all"},
		"no letters":                     {"dead redrive -project p", key, errUsage, "by -all"},
		"a story of nobody":              {"story -project p", key, errUsage, "name the user"},
		"a story of two":                 {"story -project p -uid u -scan s", key, errUsage, "name the user"},
		"no range to rescore":            {"rescore -project p", key, errUsage, "-since and -until"},
		"a range that ends too early":    {"rescore -project p -since 2026-12-02 -until 2026-12-01", key, errUsage, "before"},
		"a range that is no time":        {"rescore -project p -since now", key, errUsage, "a date as"},
		"a rate of none": {
			"rescore -project p -since 2026-12-01 -until 2026-12-02 -rate 0", key, errUsage, "-rate",
		},
		"a board and a user":            {"boards rebuild -project p -board b -uid u", key, errUsage, "exclude"},
		"a delivery of nobody":          {"deliveries show -project p e", key, errUsage, "-uid"},
		"a ban without a reason":        {"ban -project p -uid u", key, errUsage, "one of abuse"},
		"a ban for a reason of a lift":  {"ban -project p -uid u -reason appeal", key, errUsage, "one of abuse"},
		"a ban of nobody":               {"ban -project p -reason abuse", key, errUsage, "by -uid"},
		"a limit below one":             {"dead drop -project p -all -limit 0", key, errUsage, "positive"},
		"a user's id that is none":      {"ban -project p -uid a/b -reason abuse", key, errUsage, "no id of a user"},
		"a rebuild of no user's id":     {"boards rebuild -project p -uid a/b", key, errUsage, "no id of a user"},
		"deliveries to no user's id":    {"deliveries list -project p -uid a/b", key, errUsage, "no id of a user"},
		"a list of none":                {"parked list -project p -limit 0", key, errUsage, "positive"},
		"reads of none":                 {"deliveries list -project p -reads 0", key, errUsage, "positive"},
		"a control character in a name": {"parked list -project p \x1b[2J", key, errUsage, `\x1b[2J`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr strings.Builder
			p := program{stdout: &stdout, stderr: &stderr, environ: func(name string) string {
				return map[string]string{
					"FACESCAN_KEY_OUTBOX": tt.key, "FACESCAN_KEY_AUDIT": environ("FACESCAN_KEY_AUDIT"),
					"FACESCAN_KEY_RATINGS": environ("FACESCAN_KEY_RATINGS"),
				}[name]
			}}
			err := p.run(t.Context(), strings.Fields(tt.args))
			if !errors.Is(err, tt.want) || !strings.Contains(stderr.String(), tt.says) {
				t.Errorf("%v, said %s", err, &stderr)
			}
			if strings.ContainsRune(stderr.String(), '\x1b') {
				t.Errorf("prints %q", &stderr)
			}
		})
	}
}
