//go:build terraform

package checks

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/pubsub/v2"
	"github.com/hashicorp/terraform-exec/tfexec"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/local/emulator"
)

// TestApplyEvents applies the topics and subscriptions to the real Pub/Sub emulator, the rest to
// the fake, and sends an event: to a function that takes it, and to one that never does, whose
// event must end among the dead letters.
func TestApplyEvents(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	const topic, takes, refuses = "scan-completed-v1", "rank", "notify"

	pushed := &pushes{refuses: refuses, took: make(chan string, 1)}
	functions := httptest.NewServer(pushed)
	t.Cleanup(functions.Close)
	stack, err := emulator.Start(ctx, emulator.Options{Progress: os.Stderr}, emulator.PubSub)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stack.Close(); err != nil {
			t.Error(err)
		}
	})
	host := stack.Environ()["PUBSUB_EMULATOR_HOST"]

	s := newStage(t)
	s.bootstrap(ctx, t)
	s.clock.advance(time.Minute) // a grant holds for builds after a while
	all := s.fake.Environ()
	all["GOOGLE_PUBSUB_CUSTOM_ENDPOINT"] = "http://" + host + "/v1/"
	if err := s.SetEnv(environ(all)); err != nil {
		t.Fatal(err)
	}
	// Functions are here, and patience is short.
	here := fmt.Sprintf(
		"locals {\n  service_urls = { for name, f in local.functions : name => \"%s/${name}\" }\n}\n", functions.URL,
	)
	write(t, filepath.Join(s.dir, "modules/facescan/urls_override.tf"), here)
	s.edit(t, "modules/facescan/catalog.json", `"maxAttempts": 20`, `"maxAttempts": 5`)
	s.edit(t, "modules/facescan/catalog.json", `"minBackoffSeconds": 10`, `"minBackoffSeconds": 1`)
	s.edit(t, "modules/facescan/catalog.json", `"maxBackoffSeconds": 600`, `"maxBackoffSeconds": 1`)
	// The emulator does not know that it may be more than a week by now.
	s.edit(t, "modules/facescan/events.tf", `"2678400s"`, `"604800s"`)

	vars, file := options(variables("dev"))
	apply := []tfexec.ApplyOption{
		file, tfexec.Parallelism(30),
		tfexec.Target("module.facescan.google_pubsub_subscription.push"),
		tfexec.Target("module.facescan.google_pubsub_subscription.dead_letter"),
	}
	for _, v := range vars {
		apply = append(apply, v)
	}
	if err := s.Apply(ctx, apply...); err != nil {
		t.Fatalf("terraform apply: %v", err)
	}

	client, err := pubsub.NewClient(ctx, project, option.WithEndpoint(host), option.WithoutAuthentication(),
		option.WithGRPCDialOption(grpc.WithTransportCredentials(insecure.NewCredentials())))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	const body = "an event"
	published := client.Publisher("facescan-"+topic).Publish(ctx, &pubsub.Message{Data: []byte(body)})
	if _, err := published.Get(ctx); err != nil {
		t.Fatal(err)
	}

	t.Run("it is pushed to the function", func(t *testing.T) {
		select {
		case got := <-pushed.took:
			if got != "/"+takes {
				t.Errorf("pushed to %s, want /%s", got, takes)
			}
		case <-ctx.Done():
			t.Fatal("nothing was pushed")
		}
	})
	t.Run("what no attempt can deliver is a dead letter", func(t *testing.T) {
		receive, cancel := context.WithCancel(ctx)
		defer cancel()
		var dead *pubsub.Message
		letters := client.Subscriber("facescan-" + catalog.DeadLetterTopic)
		err := letters.Receive(receive, func(_ context.Context, m *pubsub.Message) {
			m.Ack()
			dead = m
			cancel()
		})
		if err != nil || dead == nil {
			t.Fatalf("no dead letter: %v", err)
		}
		if from := dead.Attributes["CloudPubSubDeadLetterSourceSubscription"]; string(dead.Data) != body ||
			from != "facescan-"+refuses+"."+topic {
			t.Errorf("dead letter %q from %q", dead.Data, from)
		}
		if n := pushed.refusals(); n < 5 {
			t.Errorf("given up after %d attempts, want 5", n)
		}
	})
}

// pushes stands for all functions: one refuses every event, the others take theirs.
type pushes struct {
	refuses string
	took    chan string

	mu      sync.Mutex
	refused int
}

func (p *pushes) refusals() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.refused
}

func (p *pushes) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.TrimPrefix(r.URL.Path, "/") == p.refuses {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.refused++
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	select {
	case p.took <- r.URL.Path:
	default: // a second delivery
	}
	w.WriteHeader(http.StatusNoContent)
}
