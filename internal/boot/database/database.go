// Package database gives a function Firestore.
package database

import (
	"cmp"
	"context"

	"cloud.google.com/go/firestore"
	"google.golang.org/api/option"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/facescan/facescan/internal/boot"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/store"
)

// Open returns the process's Firestore client.
func Open(ctx context.Context, p *boot.Process) (*firestore.Client, error) {
	return boot.Shared(ctx, p, "firestore", func(ctx context.Context) (*firestore.Client, error) {
		return open(ctx, p)
	})
}

const (
	// streamsPerConnection is how many streams Google's front end allows a client on one HTTP/2
	// connection. gRPC holds further streams back until another ends.
	streamsPerConnection = 100
	// listenConnections has room for twice MaxListeners, as the pool assigns calls in turn without
	// regard to the free streams of a connection.
	listenConnections = 2 * MaxListeners / streamsPerConnection
	// MaxListeners is the number of listeners that [Listening] has connections for.
	MaxListeners = 1000
)

// Listening returns a Firestore client for many concurrent listeners, each of which holds a stream
// for as long as it listens. It is separate from that of [Open] so that reads and writes never wait
// for a listener to end.
func Listening(ctx context.Context, p *boot.Process) (*firestore.Client, error) {
	return boot.Shared(ctx, p, "firestore for listening", func(ctx context.Context) (*firestore.Client, error) {
		return open(ctx, p, listening()...)
	})
}

func open(ctx context.Context, p *boot.Process, opts ...option.ClientOption) (*firestore.Client, error) {
	httpapi.CanceledBy(func(err error) bool { return status.Code(err) == codes.Canceled })
	httpapi.AwayBy(store.Away)
	database := cmp.Or(p.Config.Database, firestore.DefaultDatabaseID)
	return firestore.NewClientWithDatabase(ctx, p.Config.Project, database, opts...)
}

func listening() []option.ClientOption {
	return []option.ClientOption{option.WithGRPCConnectionPool(listenConnections)}
}
