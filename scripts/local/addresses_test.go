package main

import (
	"bytes"
	"cmp"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

func TestPrintClients(t *testing.T) {
	const here = `
To paste into an app, whose Firebase project is demo-facescan, with any API key:
  Android emulator  val api = "http://10.0.2.2:8080"; Firebase.auth.useEmulator("10.0.2.2", 9099)
  iOS simulator     let api = "http://127.0.0.1:8080"; Auth.auth().useEmulator(withHost: "127.0.0.1", port: 9099)
  web page          const api = "http://127.0.0.1:8080"; connectAuthEmulator(getAuth(), "http://127.0.0.1:9099");
`
	for host, phone := range map[string]string{
		"": "  A phone cannot reach 127.0.0.1 of this machine: stop, and make run LAN=1\n",
		"10.1.1.20": `  phone, Android    val api = "http://10.1.1.20:8080"; Firebase.auth.useEmulator("10.1.1.20", 9099)
  phone, iOS        let api = "http://10.1.1.20:8080"; Auth.auth().useEmulator(withHost: "10.1.1.20", port: 9099)
  phone, Flutter    const api = 'http://10.1.1.20:8080'; await FirebaseAuth.instance.useAuthEmulator('10.1.1.20', 9099);
  Anybody who reaches 10.1.1.20 can sign in as anybody: use a network that you trust.
`,
	} {
		var out bytes.Buffer
		printClients(&out, host, cmp.Or(host, "127.0.0.1")+":8080", "127.0.0.1:9099")
		if diff := gocmp.Diff(here+phone, out.String()); diff != "" {
			t.Errorf("HOST=%s (-want +got):\n%s", host, diff)
		}
	}
}
