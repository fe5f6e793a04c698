package httpapi

import (
	"net/http"
	"net/netip"
	"strings"
)

// ClientIP is the address of the client, the zero Addr where it cannot be told.
//
// Behind Google's load balancer, through which alone a deployed function is reached, it is the last
// but one element of X-Forwarded-For: the balancer appends "CLIENT,BALANCER" to whatever the client
// sent, so all that is further to the left is forgeable
// (https://docs.cloud.google.com/load-balancing/docs/https#x-forwarded-for_header). Without two
// elements there was no balancer, and it is the address of the connection.
func ClientIP(r *http.Request) netip.Addr {
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	if len(hops) >= 2 {
		// What is no address there is none: falling back to the connection would count all clients as the
		// balancer.
		addr, _ := netip.ParseAddr(strings.TrimSpace(hops[len(hops)-2]))
		return addr
	}
	peer, _ := netip.ParseAddrPort(r.RemoteAddr)
	return peer.Addr()
}
