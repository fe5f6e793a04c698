package emulator

import (
	"net"
	"net/http"
	"os"
	"strconv"
	"testing"

	"cloud.google.com/go/pubsub/v2"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// quietPort returns a free port that no system gives to who asks for any: those are above 32767.
func quietPort(t *testing.T) int {
	t.Helper()
	for port := 20000 + os.Getpid()%10000; port < 32000; port++ {
		listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:"+strconv.Itoa(port))
		if err == nil {
			_ = listener.Close()
			return port
		}
	}
	t.Fatal("no port is free")
	return 0
}

// TestFixedPort: a page of the internet knows the port, so a front refuses what it has asked by a
// name of its own.
func TestFixedPort(t *testing.T) {
	t.Setenv(PubSub.Env(), "")
	port := quietPort(t)
	stack, err := Start(t.Context(), Options{Progress: t.Output(), Ports: map[Service]int{PubSub: port}}, PubSub)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stack.Close() })
	host := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	if got := stack.Environ()[PubSub.Env()]; got != host {
		t.Fatalf("it is at %s, not at %s", got, host)
	}
	client, err := pubsub.NewClient(t.Context(), DefaultProject, option.WithEndpoint(host), option.WithoutAuthentication(),
		option.WithGRPCDialOption(grpc.WithTransportCredentials(insecure.NewCredentials())))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	topic := &pubsubpb.Topic{Name: "projects/" + DefaultProject + "/topics/front"}
	if _, err := client.TopicAdminClient.CreateTopic(t.Context(), topic); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]int{
		host: http.StatusOK, "localhost:" + strconv.Itoa(port): http.StatusOK, "evil.example": http.StatusMisdirectedRequest,
	} {
		at := "http://" + host + "/v1/" + topic.GetName()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, at, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = name
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("asked for %s: %s", name, resp.Status)
		}
	}
}
