package database

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	firestore "cloud.google.com/go/firestore/apiv1"
	"cloud.google.com/go/firestore/apiv1/firestorepb"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// front is Google's front end: it answers each listener once and then keeps its stream, of which a
// connection has no more than 100. The emulator has no such limit.
type front struct {
	firestorepb.UnimplementedFirestoreServer
}

func (front) Listen(stream firestorepb.Firestore_ListenServer) error {
	if _, err := stream.Recv(); err != nil {
		return err
	}
	if err := stream.Send(&firestorepb.ListenResponse{}); err != nil {
		return err
	}
	<-stream.Context().Done()
	return nil
}

func startFront(t *testing.T) (address string) {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(grpc.MaxConcurrentStreams(streamsPerConnection))
	firestorepb.RegisterFirestoreServer(server, front{})
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return listener.Addr().String()
}

// heard opens so many listeners and returns how many of them were answered while all the others
// stay open. It waits for those that are to be answered, and does not wait for long for more.
func heard(t *testing.T, listeners, want int, opts ...option.ClientOption) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	client, err := firestore.NewClient(ctx, append(opts,
		option.WithEndpoint("passthrough:///"+startFront(t)), option.WithoutAuthentication(),
		option.WithGRPCDialOption(grpc.WithTransportCredentials(insecure.NewCredentials())))...)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	answers := make(chan struct{}, listeners)
	var all sync.WaitGroup
	for range listeners {
		all.Go(func() {
			stream, err := client.Listen(ctx)
			if err != nil {
				return
			}
			if err := stream.Send(&firestorepb.ListenRequest{}); err != nil {
				return
			}
			if _, err := stream.Recv(); err == nil {
				answers <- struct{}{}
			}
		})
	}
	defer all.Wait()
	defer cancel()
	for n := range listeners {
		patience := time.Minute
		if n >= want {
			patience = time.Second
		}
		select {
		case <-answers:
		case <-time.After(patience):
			return n
		}
	}
	return listeners
}

func TestListening_hasAStreamForEach(t *testing.T) {
	t.Parallel()
	if n := heard(t, MaxListeners, MaxListeners, listening()...); n != MaxListeners {
		t.Errorf("%d of %d listeners were heard", n, MaxListeners)
	}
	t.Run("which one connection has not", func(t *testing.T) {
		t.Parallel()
		if n := heard(t, streamsPerConnection+1, streamsPerConnection); n != streamsPerConnection {
			t.Errorf("%d of %d listeners were heard, so this test cannot fail", n, streamsPerConnection+1)
		}
	})
}
