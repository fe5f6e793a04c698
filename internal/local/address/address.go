// Package address says where the local stack listens: on which ports, and at which address of this
// machine beside 127.0.0.1, so that phones and other machines reach it. What is wrong with either
// is found before anything is started.
package address

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// Loopback is where everything of the local stack listens.
const Loopback = "127.0.0.1"

// DefaultBase is the API's port by default.
const DefaultBase = 8080

// offsets of the ports from the API's. With [DefaultBase] they give the ports that the emulators of
// Firebase and gcloud have by default: Auth 9099, Storage 9199, Pub/Sub 8085. Firestore's 8080 is
// the API's here.
const (
	offsetPubSub    = 5
	offsetFirestore = 10
	offsetViews     = 15
	offsetAuth      = 1019
	offsetStorage   = 1119
)

// MaxBase is the highest port that the API can have so that all others exist.
const MaxBase = 1<<16 - 1 - offsetStorage

// Ports are where the parts of the stack listen. A zero takes a free one.
type Ports struct {
	API, Auth, Storage int
	Firestore, PubSub  int
	// Views is the port of what shows the mails, the pushes and the clock.
	Views int
}

// PortsFrom returns the ports with the base as the API's, 1 to [MaxBase]. 0 has them all free.
func PortsFrom(base int) Ports {
	if base == 0 {
		return Ports{}
	}
	return Ports{
		API: base, Auth: base + offsetAuth, Storage: base + offsetStorage,
		Firestore: base + offsetFirestore, PubSub: base + offsetPubSub, Views: base + offsetViews,
	}
}

// Place is where the local stack listens. The zero value is 127.0.0.1 alone, on free ports.
type Place struct {
	// Host is an IPv4 address of this machine at which API, Auth and Storage listen too, or "".
	Host  string
	Ports Ports
}

// Public returns the address by which the links in mails reach the API: Host, or 127.0.0.1.
func (p Place) Public() string {
	if p.Host != "" {
		return p.Host
	}
	return Loopback
}

// Listens returns the addresses of API, Auth and Storage.
func (p Place) Listens() []string {
	if p.Host == "" || p.Host == Loopback {
		return []string{Loopback}
	}
	return []string{Loopback, p.Host}
}

// androidEmulator is the address by which Android's emulator reaches 127.0.0.1 of its machine
// (https://developer.android.com/studio/run/emulator-networking).
const androidEmulator = "10.0.2.2"

// Names returns the hosts, without a port, by which clients reach API, Auth and Storage. The iOS
// simulator uses the names of its machine.
func (p Place) Names() []string {
	return append([]string{Loopback, "localhost", androidEmulator}, p.Listens()[1:]...)
}

// Origins returns the web origins of any web server on this machine, "*" for its port, so that a
// page under development needs no setting.
func (p Place) Origins() []string {
	var all []string
	for _, host := range append([]string{"localhost"}, p.Listens()...) {
		all = append(all, "http://"+host, "http://"+host+":*")
	}
	return all
}

// Interface is a network interface of this machine.
type Interface struct {
	Name string
	// Up and PointToPoint are the flags; a VPN's interface is point to point.
	Up, PointToPoint bool
	Addresses        []netip.Addr
}

// Interfaces returns those of this machine.
func Interfaces() ([]Interface, error) {
	found, err := net.Interfaces()
	if err != nil {
		return nil, fmt.Errorf("list the network interfaces: %w", err)
	}
	var all []Interface
	for _, i := range found {
		one := Interface{Name: i.Name, Up: i.Flags&net.FlagUp != 0, PointToPoint: i.Flags&net.FlagPointToPoint != 0}
		addresses, err := i.Addrs()
		if err != nil {
			continue // it has gone meanwhile
		}
		for _, a := range addresses {
			if prefix, err := netip.ParsePrefix(a.String()); err == nil {
				one.Addresses = append(one.Addresses, prefix.Addr().Unmap())
			}
		}
		all = append(all, one)
	}
	return all, nil
}

// virtual begin the names of interfaces that lead to containers, virtual machines and VPNs.
var virtual = []string{
	"docker", "br-", "bridge", "veth", "virbr", "vmnet", "vboxnet", "cni", "flannel", "podman", "lxc", "lxd",
	"tun", "tap", "utun", "wg", "tailscale", "zt", "ppp", "awdl", "llw",
}

func (i Interface) virtual() bool {
	return i.PointToPoint || slices.ContainsFunc(virtual, func(p string) bool { return strings.HasPrefix(i.Name, p) })
}

// LAN returns the address by which machines of the local network reach this one: the first private
// IPv4 address (RFC 1918) of an interface that is up, those of containers, virtual machines and
// VPNs last. It never returns a public address: by that, the whole internet could reach the stack.
func LAN(all []Interface) (string, error) {
	var second, others []string
	for _, i := range all {
		for _, a := range i.Addresses {
			switch {
			case !i.Up || !a.Is4() || a.IsLoopback() || a.IsLinkLocalUnicast():
			case !a.IsPrivate():
				others = append(others, a.String())
			case i.virtual():
				second = append(second, a.String())
			default:
				return a.String(), nil
			}
		}
	}
	switch {
	case len(second) > 0:
		return second[0], nil
	case len(others) > 0:
		return "", fmt.Errorf(
			"LAN=1 finds no address of a private network; if you trust all who reach %s, name it: make run HOST=%s",
			others[0], others[0],
		)
	}
	return "", errors.New("LAN=1 finds no address of a private network; connect this machine to the phone's network")
}

// Own returns the IPv4 address that the text names, or an error if it is none of this machine's.
func Own(ctx context.Context, text string, all []Interface) (string, error) {
	if text == "localhost" {
		return Loopback, nil
	}
	a, err := netip.ParseAddr(text)
	if err != nil || !a.Is4() || a.IsUnspecified() {
		return "", fmt.Errorf("HOST=%s is no IPv4 address of this machine; %s", text, choices(all))
	}
	// Asking the kernel is better than comparing: Linux has all of 127.0.0.0/8.
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp4", net.JoinHostPort(a.String(), "0"))
	if err != nil {
		return "", fmt.Errorf("HOST=%s is no address of this machine (%w); %s", text, err, choices(all))
	}
	return a.String(), listener.Close()
}

// choices says which addresses there are.
func choices(all []Interface) string {
	var own []string
	for _, i := range all {
		for _, a := range i.Addresses {
			if i.Up && a.Is4() && !a.IsLoopback() && !a.IsLinkLocalUnicast() {
				own = append(own, a.String()+" ("+i.Name+")")
			}
		}
	}
	if len(own) == 0 {
		return "it has no address but 127.0.0.1"
	}
	return "it has " + strings.Join(own, ", ") + "; LAN=1 chooses one"
}

// Port is a port that a part of the stack takes.
type Port struct {
	// Part is what listens there, such as "Firebase Auth".
	Part string
	Host string
	Port int
}

// Taken returns the ports that the place takes, without those that are free ones.
func (p Place) Taken() []Port {
	var all []Port
	for _, host := range p.Listens() {
		all = append(all, Port{PartAPI, host, p.Ports.API}, Port{PartAuth, host, p.Ports.Auth},
			Port{PartStorage, host, p.Ports.Storage})
	}
	all = append(all, Port{PartFirestore, Loopback, p.Ports.Firestore}, Port{PartPubSub, Loopback, p.Ports.PubSub},
		Port{PartViews, Loopback, p.Ports.Views})
	return slices.DeleteFunc(all, func(one Port) bool { return one.Port == 0 })
}

// The parts of the stack.
const (
	PartAPI       = "the API"
	PartAuth      = "Firebase Auth"
	PartStorage   = "Cloud Storage"
	PartFirestore = "Firestore"
	PartPubSub    = "Pub/Sub"
	PartViews     = "mails, pushes and the clock"
)

// Check listens for an instant, and says why the part could not. Another program may still take the
// port later, and then the start fails.
func (p Port) Check(ctx context.Context) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp4", net.JoinHostPort(p.Host, strconv.Itoa(p.Port)))
	switch {
	case err == nil:
		return listener.Close()
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("port %d of %s, for %s, is in use; end the program that listens there, or take other ports",
			p.Port, p.Host, p.Part)
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("port %d of %s, for %s, is the administrator's; take ports above 1023", p.Port, p.Host, p.Part)
	default:
		return fmt.Errorf("port %d of %s, for %s, cannot be listened on (%w); take other ports", p.Port, p.Host, p.Part, err)
	}
}
