package host

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"testing"

	"github.com/facescan/facescan/internal/local/address"
)

// stubVariable makes this test program another than the functions' process, or its parent, for
// tests without emulators.
const stubVariable = "FACESCAN_TEST_STUB"

func TestMain(m *testing.M) {
	switch os.Getenv(stubVariable) {
	case "serves":
		stub()
	case "fails":
		fmt.Fprintln(os.Stderr, `{"message":"a line of the log"}`)
		fmt.Fprintln(os.Stderr, "fatal error: it fails")
		os.Exit(3)
	case "parent":
		stubParent()
	}
	getStuckOnce()
	ServeFunctions()
	os.Exit(m.Run())
}

// stubCommand runs this test program as the stub of the name.
func stubCommand(name string) func(context.Context) (*exec.Cmd, error) {
	return func(ctx context.Context) (*exec.Cmd, error) {
		cmd := exec.CommandContext(ctx, os.Args[0])
		cmd.Env = append(os.Environ(), stubVariable+"="+name)
		return cmd, nil
	}
}

// seen is a request as the stub got it.
type seen struct {
	PID              int
	RequestURI, Host string
	Header           http.Header
}

// stub ends at a request to /end, and tells how any other came.
func stub() {
	endWith(os.Stdin)
	s, err := listen(context.Background(), 0, address.Loopback)
	if err != nil {
		panic(err)
	}
	s.serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/end" {
			os.Exit(3)
		}
		_ = json.NewEncoder(w).Encode(seen{PID: os.Getpid(), RequestURI: r.RequestURI, Host: r.Host, Header: r.Header})
	}))
	_ = json.NewEncoder(os.Stdout).Encode(addresses{Public: s.address(), Events: s.address()})
	select {}
}

// stubParent starts a stub, tells its address and waits to be killed.
func stubParent() {
	c := startChild(stubCommand("serves"), os.Stderr, os.Stderr, func(string) {})
	serving, err := c.await(context.Background(), nil)
	if err != nil {
		panic(err)
	}
	fmt.Println(serving.Public)
	select {}
}
