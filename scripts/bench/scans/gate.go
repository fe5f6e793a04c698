package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"
)

// gate passes connections on to an emulator, until it is shut.
type gate struct {
	to string
	at string

	mu       sync.Mutex
	listener net.Listener // nil while it is shut
	open     map[net.Conn]bool
	working  sync.WaitGroup
}

func newGate(ctx context.Context, to string) (*gate, error) {
	g := &gate{to: to, at: "127.0.0.1:0", open: map[net.Conn]bool{}}
	return g, g.unlock(ctx)
}

func (g *gate) address() string { return g.at }

// unlock lets connections in, at the same address as before.
func (g *gate) unlock(ctx context.Context) error {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", g.at)
	if err != nil {
		return fmt.Errorf("listen before %s: %w", g.to, err)
	}
	g.mu.Lock()
	g.listener, g.at = l, l.Addr().String()
	g.mu.Unlock()
	g.working.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			g.working.Go(func() { g.pass(ctx, conn) })
		}
	})
	return nil
}

// shut cuts all connections; further ones are refused.
func (g *gate) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.listener != nil {
		_ = g.listener.Close()
		g.listener = nil
	}
	for conn := range g.open {
		_ = conn.Close()
	}
	clear(g.open)
}

func (g *gate) close() {
	g.shut()
	g.working.Wait()
}

func (g *gate) pass(ctx context.Context, from net.Conn) {
	defer func() { _ = from.Close() }()
	to, err := new(net.Dialer).DialContext(ctx, "tcp", g.to)
	if err != nil {
		return
	}
	defer func() { _ = to.Close() }()
	if !g.keep(from, to) {
		return
	}
	defer g.drop(from, to)
	var both sync.WaitGroup
	both.Go(func() { forward(to, from) })
	both.Go(func() { forward(from, to) })
	both.Wait()
}

// forward copies one direction, and ends it where it ends.
func forward(to, from net.Conn) {
	_, _ = io.Copy(to, from) // a broken connection is its end
	if half, ok := to.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
}

// keep reports whether the gate is still open, and has the connections cut when it is shut.
func (g *gate) keep(conns ...net.Conn) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.listener == nil {
		return false
	}
	for _, c := range conns {
		g.open[c] = true
	}
	return true
}

func (g *gate) drop(conns ...net.Conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, c := range conns {
		delete(g.open, c)
	}
}
