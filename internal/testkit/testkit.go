// Package testkit has what the tests of any package share. It needs no emulator: package
// emulatortest has what does.
package testkit

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/facescan/facescan/internal/erasure/receipt"
	"github.com/facescan/facescan/internal/keys"
)

// Patience bounds waiting for what should happen at once. It is below the longest long poll.
const Patience = 20 * time.Second

// Eventually returns once the condition holds, and fails the test unless it does within [Patience].
func Eventually(tb testing.TB, what string, holds func() bool) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), Patience)
	defer cancel()
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for !holds() {
		select {
		case <-poll.C:
		case <-ctx.Done():
			tb.Fatalf("%s: not within %s", what, Patience)
		}
	}
}

// Buffer is a bytes.Buffer for several goroutines. The zero value is an empty one.
type Buffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write appends p.
func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

// String returns all that was written.
func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// FreePort returns a port of this machine that was free a moment ago, for a program that does not
// tell which one it listens on.
func FreePort(tb testing.TB) string {
	tb.Helper()
	listener, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		tb.Fatal(err)
	}
	return port
}

// Signer returns a signer of receipts whose key is made of the seed.
func Signer(tb testing.TB, seed byte) receipt.Signer {
	tb.Helper()
	raw := make([]byte, ed25519.SeedSize)
	raw[0] = seed
	signer, err := receipt.NewSigner(base64.StdEncoding.EncodeToString(raw))
	if err != nil {
		tb.Fatal(err)
	}
	return signer
}

// Member digs into a decoded JSON body, such as Member(body, "leaderboard", "optIn").
func Member(body map[string]any, path ...string) any {
	var at any = body
	for _, name := range path {
		inner, _ := at.(map[string]any)
		at = inner[name]
	}
	return at
}

// Ring returns the ring of the use that tests give to functions.
func Ring(use keys.Use) keys.Ring { return keys.NewRing(use, Secret(use)) }

// Secret returns the only secret of the [Ring].
func Secret(use keys.Use) []byte { return []byte("the key of tests for " + use) }

// Writer returns the ring with which the function signs what it leaves in the outbox.
func Writer(function string) keys.Ring { return Ring(keys.ForOutbox).OfWriter(function) }
