package address_test

import (
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/local/address"
)

func at(name string, addresses ...string) address.Interface {
	i := address.Interface{Name: name, Up: true}
	for _, a := range addresses {
		i.Addresses = append(i.Addresses, netip.MustParseAddr(a))
	}
	return i
}

func TestLAN(t *testing.T) {
	t.Parallel()
	down := at("eth0", "192.168.1.20")
	down.Up = false
	vpn := at("corp0", "10.9.8.7")
	vpn.PointToPoint = true
	lo, docker, wifi := at("lo", "127.0.0.1", "::1"), at("docker0", "172.17.0.1"), at("wlan0", "10.1.1.1")
	for name, tt := range map[string]struct {
		all       []address.Interface
		want, err string
	}{
		"the network's":              {[]address.Interface{lo, at("wlan0", "192.168.1.20")}, "192.168.1.20", ""},
		"macOS":                      {[]address.Interface{lo, at("en0", "fe80::1", "10.0.0.5")}, "10.0.0.5", ""},
		"of 172.16.0.0/12":           {[]address.Interface{lo, at("eth0", "172.20.3.4")}, "172.20.3.4", ""},
		"before Docker's":            {[]address.Interface{docker, wifi}, "10.1.1.1", ""},
		"before a bridge's":          {[]address.Interface{at("br-4711", "172.18.0.1"), wifi}, "10.1.1.1", ""},
		"before a tunnel's":          {[]address.Interface{at("tun0", "10.8.0.2"), wifi}, "10.1.1.1", ""},
		"before a VPN's by its flag": {[]address.Interface{vpn, wifi}, "10.1.1.1", ""},
		"Docker's if there is none":  {[]address.Interface{lo, docker}, "172.17.0.1", ""},
		"not one that is down":       {[]address.Interface{down, wifi}, "10.1.1.1", ""},
		"not a link-local one":       {[]address.Interface{at("eth0", "169.254.3.4"), wifi}, "10.1.1.1", ""},
		"not a public one":           {[]address.Interface{at("eth0", "203.0.113.9", "10.1.1.1")}, "10.1.1.1", ""},
		"the first of two":           {[]address.Interface{at("eth0", "10.1.1.1"), at("wlan0", "10.1.1.2")}, "10.1.1.1", ""},
		"a public one alone":         {[]address.Interface{lo, at("eth0", "203.0.113.9")}, "", "HOST=203.0.113.9"},
		"IPv6 alone":                 {[]address.Interface{lo, at("eth0", "fd00::1")}, "", "connect this machine"},
		"nothing":                    {nil, "", "connect this machine"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := address.LAN(tt.all)
			if got != tt.want || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("LAN = %q, %v", got, err)
			}
		})
	}
}

func TestOwn(t *testing.T) {
	t.Parallel()
	lan := []address.Interface{at("lo", "127.0.0.1"), at("wlan0", "192.168.1.20")}
	for text, want := range map[string]string{"127.0.0.1": "127.0.0.1", "localhost": "127.0.0.1"} {
		if got, err := address.Own(t.Context(), text, lan); got != want || err != nil {
			t.Errorf("%s: %q, %v", text, got, err)
		}
	}
	// 198.51.100.0/24 is for documentation (RFC 5737), so no machine has it.
	for _, text := range []string{"198.51.100.7", "0.0.0.0", "::1", "my-mac", "", "192.168.1.20:8080"} {
		got, err := address.Own(t.Context(), text, lan)
		if err == nil || !strings.Contains(err.Error(), "HOST="+text+" is no ") ||
			!strings.Contains(err.Error(), "192.168.1.20 (wlan0); LAN=1 chooses one") {
			t.Errorf("%s: %q, %v", text, got, err)
		}
	}
}

func TestPorts(t *testing.T) {
	t.Parallel()
	want := address.Ports{API: 8080, Auth: 9099, Storage: 9199, Firestore: 8090, PubSub: 8085, Views: 8095}
	if diff := cmp.Diff(want, address.PortsFrom(address.DefaultBase)); diff != "" {
		t.Errorf("by default (-want +got):\n%s", diff)
	}
	if got := address.PortsFrom(address.MaxBase).Storage; got != 65535 {
		t.Errorf("the last port is %d", got)
	}
	if got := (address.Place{}).Taken(); len(got) != 0 {
		t.Errorf("free ports are taken: %v", got)
	}
	// The next base, which is suggested when a port is in use, shares none with this one.
	used := map[int]bool{}
	for _, base := range []int{8080, 8081} {
		for _, p := range (address.Place{Ports: address.PortsFrom(base)}).Taken() {
			if used[p.Port] {
				t.Errorf("port %d is taken twice", p.Port)
			}
			used[p.Port] = true
		}
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	p := address.Port{Part: address.PartAuth, Host: address.Loopback, Port: port}
	if err := p.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "for Firebase Auth, is in use") {
		t.Errorf("a port in use: %v", err)
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	if err := p.Check(t.Context()); err != nil {
		t.Errorf("a free port: %v", err)
	}
}

func TestPlace(t *testing.T) {
	t.Parallel()
	for host, want := range map[string][]string{
		"": {"127.0.0.1"}, "127.0.0.1": {"127.0.0.1"}, "192.168.1.20": {"127.0.0.1", "192.168.1.20"},
	} {
		p := address.Place{Host: host}
		if diff := cmp.Diff(want, p.Listens()); diff != "" {
			t.Errorf("HOST=%s (-want +got):\n%s", host, diff)
		}
	}
	names := address.Place{Host: "192.168.1.20"}.Names()
	if diff := cmp.Diff([]string{"127.0.0.1", "localhost", "10.0.2.2", "192.168.1.20"}, names); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	origins := address.Place{Host: "192.168.1.20"}.Origins()
	if diff := cmp.Diff([]string{
		"http://localhost", "http://localhost:*", "http://127.0.0.1", "http://127.0.0.1:*",
		"http://192.168.1.20", "http://192.168.1.20:*",
	}, origins); diff != "" {
		t.Errorf("origins (-want +got):\n%s", diff)
	}
}
