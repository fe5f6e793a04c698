package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"strings"

	"github.com/facescan/facescan/internal/local/address"
	"github.com/facescan/facescan/internal/local/faults"
	"github.com/facescan/facescan/internal/local/host"
)

func printAddresses(w io.Writer, h *host.Host) {
	for _, line := range [][2]string{
		{"console", h.ConsoleURL() + ", to see it work"},
		{"API", h.URL},
		{"health", h.URL + "/health, " + h.URL + "/ready"},
		{"contract", h.URL + "/v1/openapi.yaml, as a page " + h.URL + "/docs"},
		{"test photos", h.PhotosURL() + ", one for each outcome of a scan"},
		{"Firestore", os.Getenv("FIRESTORE_EMULATOR_HOST")},
		{"Pub/Sub", os.Getenv("PUBSUB_EMULATOR_HOST")},
		{"Firebase Auth", h.AuthHost},
		{"Cloud Storage", h.StorageHost()},
		{"project", host.Project},
		{"mails sent", h.MailboxURL() + ", for programs " + h.MailURL()},
		{"sign-in mails", "http://" + h.AuthHost + "/emulator/v1/projects/" + host.Project + "/oobCodes"},
		{"pushes sent", h.PushboxURL() + ", for programs " + h.PushURL()},
		{"traces", traces(h)},
		{"operator", `eval "$(curl -s ` + h.OperatorURL() + `)", then go run ./scripts/admin help`},
		{"clock", h.ClockURL() + `, moved by POST {"advance":"24h"}`},
		{"faults", h.FaultsURL() + ", now " + faultsInForce(h.Faults())},
	} {
		fmt.Fprintf(w, "%-15s %s\n", line[0], line[1])
	}
}

// traces says where the traces are.
func traces(h *host.Host) string {
	if url := h.TracesURL(); url != "" {
		return url + ", also by the id of a scan or a user: ?q=ID"
	}
	return "at the collector that OTEL_EXPORTER_OTLP_ENDPOINT names"
}

// faultsInForce says what fails on purpose.
func faultsInForce(i *faults.Injector) string {
	if spec := i.Spec().String(); spec != "" {
		return fmt.Sprintf("%s by seed %d", spec, i.Seed())
	}
	return "none"
}

// printClients writes what is pasted into an app under development, for each kind of client: the
// API's base, and the Auth emulator for the Firebase SDK. host is the address beside 127.0.0.1, or
// "".
func printClients(w io.Writer, host, api, auth string) {
	fmt.Fprintln(w, "\nTo paste into an app, whose Firebase project is demo-facescan, with any API key:")
	for _, c := range []struct{ client, host, code string }{
		{"Android emulator", "10.0.2.2", kotlin},
		{"iOS simulator", address.Loopback, swift},
		{"web page", address.Loopback, javaScript},
		{"phone, Android", host, kotlin},
		{"phone, iOS", host, swift},
		{"phone, Flutter", host, dart},
	} {
		if c.host != "" {
			line := strings.NewReplacer("HOST", c.host, "PORT", port(api), "AUTH", port(auth)).Replace(c.code)
			fmt.Fprintf(w, "  %-17s %s\n", c.client, line)
		}
	}
	if host == "" {
		fmt.Fprintln(w, "  A phone cannot reach 127.0.0.1 of this machine: stop, and make run LAN=1")
		return
	}
	fmt.Fprintf(w, "  Anybody who reaches %s can sign in as anybody: use a network that you trust.\n", host)
}

// What is pasted, in each client's language.
const (
	kotlin     = `val api = "http://HOST:PORT"; Firebase.auth.useEmulator("HOST", AUTH)`
	swift      = `let api = "http://HOST:PORT"; Auth.auth().useEmulator(withHost: "HOST", port: AUTH)`
	javaScript = `const api = "http://HOST:PORT"; connectAuthEmulator(getAuth(), "http://HOST:AUTH");`
	dart       = `const api = 'http://HOST:PORT'; await FirebaseAuth.instance.useAuthEmulator('HOST', AUTH);`
)

// port returns the port of host:port, or all of it if it has none, for the reader to see.
func port(of string) string {
	if _, port, err := net.SplitHostPort(of); err == nil {
		return port
	}
	return of
}
