package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"
)

// echo serves what it is sent, at an address.
func echo(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.Copy(conn, conn)
				_ = conn.Close()
			}()
		}
	}()
	return l.Addr().String()
}

func dial(t *testing.T, address string) (net.Conn, error) {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
	if err == nil {
		t.Cleanup(func() { _ = conn.Close() })
		_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	}
	return conn, err
}

func say(conn net.Conn, line string) (string, error) {
	if _, err := io.WriteString(conn, line+"\n"); err != nil {
		return "", err
	}
	return bufio.NewReader(conn).ReadString('\n')
}

func TestGate(t *testing.T) {
	t.Parallel()
	g, err := newGate(context.Background(), echo(t))
	if err != nil {
		t.Fatal(err)
	}
	defer g.close()
	at := g.address()
	conn, err := dial(t, at)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := say(conn, "hello"); err != nil || got != "hello\n" {
		t.Fatalf("%q, %v", got, err)
	}
	g.shut()
	if got, err := say(conn, "are you there"); err == nil {
		t.Errorf("a connection that was cut answers %q", got)
	}
	if _, err := dial(t, at); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("a connection was not refused: %v", err)
	}
	if err := g.unlock(t.Context()); err != nil {
		t.Fatal(err)
	}
	if g.address() != at {
		t.Errorf("it is at %s now, and was at %s", g.address(), at)
	}
	if conn, err = dial(t, at); err != nil {
		t.Fatal(err)
	}
	if got, err := say(conn, "again"); err != nil || got != "again\n" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestPace(t *testing.T) {
	t.Parallel()
	began := time.Now()
	for n := range 5 {
		due := pace(t.Context(), 100, began, n)
		if want := time.Duration(n+1) * 10 * time.Millisecond; due.Sub(began) != want {
			t.Errorf("scan %d is due after %v, want %v", n, due.Sub(began), want)
		}
		if time.Now().Before(due) {
			t.Errorf("scan %d begins before it is due", n)
		}
	}
	// One that comes late is due when it was to begin, so that its delay counts.
	late := time.Now().Add(-time.Minute)
	if due := pace(t.Context(), 100, late, 5); due.Sub(late) != 60*time.Millisecond || time.Since(due) < 50*time.Second {
		t.Errorf("a late scan is due after %v", due.Sub(late))
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	pace(ended, .001, time.Now(), 3) // it does not wait for an hour
}
