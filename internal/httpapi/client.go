package httpapi

import (
	"net/http"
	"net/netip"
)

// HeaderClient is the header in which the load balancer tells the client's address. Terraform has
// it set for each function, and the balancer overwrites what a client sends under the name:
// https://docs.cloud.google.com/load-balancing/docs/https/custom-headers-global
const HeaderClient = "X-FaceScan-Client"

// ClientIP returns the address of the client, or the zero Addr if it is unknown.
//
// It is what the load balancer says in [HeaderClient] and nothing else: X-Forwarded-For begins with
// whatever the client sent. Two such headers, or one that is no address, would mean that the
// balancer does not overwrite what a client sends; such clients are unknown and count as one, so
// that a forged address gains nothing. Without the header the request came from inside the project,
// or there is no balancer, and the address is that of the connection.
func ClientIP(r *http.Request) netip.Addr {
	switch told := r.Header.Values(HeaderClient); len(told) {
	case 0:
		peer, _ := netip.ParseAddrPort(r.RemoteAddr)
		return peer.Addr().Unmap()
	case 1:
		addr, _ := netip.ParseAddr(told[0])
		return addr.Unmap()
	default:
		return netip.Addr{}
	}
}
