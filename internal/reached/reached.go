// Package reached gives the local stack's clients URLs at the host by which they have reached it: a
// phone gets links at the machine's address in its network, Android's emulator at 10.0.2.2. It
// knows the admitted hosts by a setting that production refuses (see boot.Config), so that there no
// link depends on what a request says.
package reached

import (
	"context"
	"net"
	"net/url"
	"slices"
)

type hostKey struct{}

// By returns the context of a request that asks for the host, such as "10.0.2.2:8080". A host that
// is none of those admitted, which have no ports, changes nothing: a link must not lead where a
// request says.
func By(ctx context.Context, admitted []string, host string) context.Context {
	name := nameOf(host)
	if !slices.Contains(admitted, name) {
		return ctx
	}
	return context.WithValue(ctx, hostKey{}, name)
}

// Host returns host, such as "127.0.0.1:9199", with the client's name for it in the place of its
// own. The port stays. Without such a name it returns host.
func Host(ctx context.Context, host string) string {
	name, ok := ctx.Value(hostKey{}).(string)
	if !ok || host == "" {
		return host
	}
	if _, port, err := net.SplitHostPort(host); err == nil {
		return net.JoinHostPort(name, port)
	}
	return name
}

// URL returns the URL, such as "http://127.0.0.1:8080", with its host replaced as [Host] does.
func URL(ctx context.Context, base string) string {
	u, err := url.Parse(base)
	if err != nil || ctx.Value(hostKey{}) == nil {
		return base
	}
	u.Host = Host(ctx, u.Host)
	return u.String()
}

// nameOf returns a host without its port.
func nameOf(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return host
}
