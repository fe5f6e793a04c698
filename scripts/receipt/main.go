// Command receipt verifies the receipt of an erased account, without trusting the party that shows
// it.
//
//	go run ./scripts/receipt verify https://api.example.com/v1/erasures/k3v9q7x2m5abw4tzn6y2cdfhjl
//	go run ./scripts/receipt verify -key keys.json receipt.jws
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/facescan/facescan/internal/erasure/receipt"
)

const usage = `usage: receipt verify [-key KEYS] RECEIPT

Verifies that the receipt of an erased account was signed by FaceScan, and prints what it says.

  RECEIPT    the URL that the erasure answered, or a file with the receipt: the URL's answer, or the compact JWS alone;
             "-" is the standard input
  -key KEYS  a file or URL with the public keys, a JSON Web Key Set; by default /v1/erasures/key beside the RECEIPT's
             URL. Take keys that you kept from before if you do not trust the server.

Exit codes: 0 the receipt is good, 1 it is not, or could not be had, 2 wrong usage.
`

const (
	// maxRead bounds what is read from a file or a server, in bytes.
	maxRead = 1 << 20
	timeout = 30 * time.Second
)

var errUsage = errors.New("usage")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	receipt, keys, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, usage)
		return 0
	}
	if err != nil {
		fmt.Fprint(stderr, usage)
		return 2
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	r, err := verify(ctx, receipt, keys, stdin)
	if err != nil {
		fmt.Fprintln(stderr, "receipt:", err)
		return 1
	}
	if err := r.Print(stdout); err != nil {
		fmt.Fprintln(stderr, "receipt:", err)
		return 1
	}
	return 0
}

func parse(args []string) (receipt, keys string, err error) {
	if len(args) > 0 && (args[0] == "help" || args[0] == "-h" || args[0] == "-help" || args[0] == "--help") {
		return "", "", flag.ErrHelp
	}
	if len(args) == 0 || args[0] != "verify" {
		return "", "", errUsage
	}
	set := flag.NewFlagSet("verify", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.StringVar(&keys, "key", "", "")
	if err := set.Parse(args[1:]); err != nil {
		return "", "", err
	}
	if set.NArg() != 1 {
		return "", "", errUsage
	}
	receipt = set.Arg(0)
	if keys == "" {
		if keys, err = besides(receipt); err != nil {
			return "", "", err
		}
	}
	return receipt, keys, nil
}

// besides returns where the server of the receipt has its keys.
func besides(receipt string) (string, error) {
	if !isURL(receipt) {
		return "", errUsage
	}
	u, err := url.Parse(receipt)
	if err != nil {
		return "", err
	}
	return u.ResolveReference(&url.URL{Path: "/v1/erasures/key"}).String(), nil
}

func isURL(name string) bool {
	return strings.HasPrefix(name, "https://") || strings.HasPrefix(name, "http://")
}

func verify(ctx context.Context, source, keys string, stdin io.Reader) (receipt.Receipt, error) {
	text, err := read(ctx, source, stdin)
	if err != nil {
		return receipt.Receipt{}, err
	}
	jws, err := find(text)
	if err != nil {
		return receipt.Receipt{}, err
	}
	encoded, err := read(ctx, keys, stdin)
	if err != nil {
		return receipt.Receipt{}, err
	}
	var set receipt.Keys
	if err := json.Unmarshal(encoded, &set); err != nil {
		return receipt.Receipt{}, fmt.Errorf("the keys cannot be read: %w", err)
	}
	return set.Verify(jws)
}

// find returns the compact JWS in what the server answered, or the text itself.
func find(text []byte) (string, error) {
	var answer struct {
		State   string `json:"state"`
		Receipt string `json:"receipt"`
	}
	if isJSON := json.Unmarshal(text, &answer) == nil; !isJSON {
		return string(text), nil
	}
	if answer.Receipt == "" {
		return "", fmt.Errorf("there is no receipt yet: the erasure's state is %q", answer.State)
	}
	return answer.Receipt, nil
}

func read(ctx context.Context, name string, stdin io.Reader) ([]byte, error) {
	switch {
	case name == "-":
		return io.ReadAll(io.LimitReader(stdin, maxRead))
	case isURL(name):
		return fetch(ctx, name)
	default:
		return os.ReadFile(name) //nolint:gosec // reading the caller's file is the purpose
	}
}

func fetch(ctx context.Context, target string) (_ []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil) //nolint:gosec // the caller's own URL
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req) //nolint:gosec // as above
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", target, resp.Status)
	}
	return io.ReadAll(io.LimitReader(resp.Body, maxRead))
}
