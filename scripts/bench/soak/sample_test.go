package main

import (
	"bytes"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime/debug"
	"testing"
)

// serve serves the meter of this process, and returns the sampler that asks it.
func serve(t *testing.T) *sampler {
	t.Helper()
	s := newSampler(filepath.Join(t.TempDir(), "meter"))
	s.pid = os.Getpid()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "unix", s.socket)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(meter())
	_ = server.Listener.Close() // that of its own
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	t.Cleanup(s.client.CloseIdleConnections)
	return s
}

func TestSampler_findsWhatIsKept(t *testing.T) {
	// Nothing is collected but by the meter.
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	s := serve(t)
	const portion = 8 << 20
	var kept [][]byte
	for range 3 {
		if err := s.sample(t.Context()); err != nil {
			t.Fatal(err)
		}
		kept = append(kept, make([]byte, portion))
		_ = bytes.Repeat([]byte{1}, portion) // which nothing keeps
	}
	heap := s.of["live heap, bytes"]
	for i := range heap[1:] {
		if grown := heap[i+1].value - heap[i].value; grown < .9*portion || grown > 1.1*portion {
			t.Errorf("the live heap grew by %.0f bytes, want about %d", grown, portion)
		}
	}
	for _, name := range names {
		if p := s.of[name]; len(p) != 3 || p[0].value <= 0 || p[1].at <= p[0].at {
			t.Errorf("%s: %v", name, p)
		}
	}
	if len(kept) != 3 {
		t.Errorf("%d portions are kept", len(kept))
	}
}

func TestSampler_profile(t *testing.T) {
	s := serve(t)
	dir := t.TempDir()
	if err := s.profile(t.Context(), dir, "begin.pb.gz"); err != nil {
		t.Fatal(err)
	}
	body, err := os.ReadFile(filepath.Join(dir, "begin.pb.gz"))
	if err != nil || http.DetectContentType(body) != "application/x-gzip" {
		t.Errorf("%d bytes, %v", len(body), err)
	}
}

func TestSampler_processIsGone(t *testing.T) {
	s := serve(t)
	s.pid = 0 // which no process has
	if err := s.sample(t.Context()); !errors.Is(err, errReplaced) {
		t.Errorf("of a process that is none: %v", err)
	}
}
