package httpapi

import (
	"net/http"
	"net/netip"
	"strings"
)

// ClientIP returns the address of the client, or the zero Addr if it is unknown.
//
// A deployed function is reached only through Google's load balancer. The address is the last but
// one element of X-Forwarded-For: the balancer appends "CLIENT,BALANCER" to whatever the client
// sent, so everything further left can be forged
// (https://docs.cloud.google.com/load-balancing/docs/https#x-forwarded-for_header). Without two
// elements there was no balancer, and the address is that of the connection.
func ClientIP(r *http.Request) netip.Addr {
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	if len(hops) >= 2 {
		// An element that is not an address gives none. Falling back to the connection would count all
		// clients as the balancer.
		addr, _ := netip.ParseAddr(strings.TrimSpace(hops[len(hops)-2]))
		return addr
	}
	peer, _ := netip.ParseAddrPort(r.RemoteAddr)
	return peer.Addr()
}
