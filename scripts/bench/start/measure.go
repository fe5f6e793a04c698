package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/local/terminal"
)

// ms is a time in milliseconds.
type ms float64

// since is the time that has passed.
func since(t time.Time) ms { return ms(time.Since(t).Seconds() * 1000) }

// inits are what runtime's GODEBUG=inittrace=1 tells of the packages that have something to
// initialize.
type inits struct {
	packages int
	took     ms
}

// traces is how many starts of a program tell their initialization: the shortest counts.
const traces = 3

// startsWithin and answersWithin bound what one start may take.
const (
	startsWithin  = 20 * time.Second
	answersWithin = 20 * time.Second
)

// measure starts the programs so many times, in turn.
func measure(ctx context.Context, dir string, programs []*program, runs int, progress io.Writer) error {
	credentials, err := writeCredentials(dir)
	if err != nil {
		return err
	}
	bar := terminal.Bar(progress, (runs+traces)*len(programs), "start")
	defer func() { _ = bar.Clear() }()
	for n := range runs + traces {
		for _, p := range programs {
			if err := p.start(ctx, credentials, n < traces); err != nil {
				return fmt.Errorf("start %s: %w", p.name, err)
			}
			_ = bar.Add(1)
		}
	}
	return nil
}

// start starts the program, waits until it listens, asks it once and ends it. A start whose
// initialization is traced is not timed.
func (p *program) start(ctx context.Context, credentials string, trace bool) error {
	var once attempt
	for tries := 0; ; tries++ {
		var err error
		once, err = p.try(ctx, credentials, trace)
		// Another process may have got the port meanwhile, and then even have answered for this one.
		if strings.Contains(once.stderr, "address already in use") && tries < 3 && ctx.Err() == nil {
			continue
		}
		if err != nil {
			return fmt.Errorf("%w\n%s", err, withoutInits(once.stderr))
		}
		break
	}
	if trace {
		return p.readInits(once.stderr)
	}
	p.starts, p.firsts = append(p.starts, once.starts), append(p.firsts, once.firsts)
	return nil
}

// attempt is one start.
type attempt struct {
	starts, firsts ms
	stderr         string
}

func (p *program) try(ctx context.Context, credentials string, trace bool) (a attempt, err error) {
	port, err := freePort(ctx)
	if err != nil {
		return a, err
	}
	ctx, cancel := context.WithTimeout(ctx, startsWithin)
	defer cancel()
	var stderr strings.Builder
	cmd := exec.CommandContext(ctx, p.file) //nolint:gosec // just built
	cmd.Env, cmd.Stderr = environ(p.name, port, credentials), &stderr
	if trace {
		cmd.Env = append(cmd.Env, "GODEBUG=inittrace=1")
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return a, err
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // it is killed, or says why it ended
		cancel()
	}()
	a.starts, a.firsts, err = p.ask(ctx, "127.0.0.1:"+port, began)
	cancel()
	<-ended
	a.stderr = stderr.String()
	return a, err
}

// withoutInits returns what a program says besides its initialization.
func withoutInits(stderr string) string {
	var rest strings.Builder
	for line := range strings.Lines(stderr) {
		if !strings.HasPrefix(line, "init ") {
			rest.WriteString(line)
		}
	}
	return rest.String()
}

// pause lies between two looks whether a program listens.
const pause = 50 * time.Microsecond

// ask returns how long it took since began until the program listened, and until it had answered.
// Any answer will do that needs the function's handler, which is made with all its clients: 401 of
// most.
func (p *program) ask(ctx context.Context, address string, began time.Time) (starts, firsts ms, err error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	for ; err != nil; conn, err = new(net.Dialer).DialContext(ctx, "tcp", address) {
		select {
		case <-ctx.Done():
			return 0, 0, errors.Join(errors.New("it does not listen"), context.Cause(ctx))
		case <-time.After(pause):
		}
	}
	defer func() { _ = conn.Close() }()
	starts = since(began)
	if err := conn.SetDeadline(time.Now().Add(answersWithin)); err != nil {
		return 0, 0, err
	}
	req, err := p.request(ctx)
	if err != nil {
		return 0, 0, err
	}
	if err := req.Write(conn); err != nil {
		return 0, 0, fmt.Errorf("ask: %w", err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), req)
	if err != nil {
		return 0, 0, fmt.Errorf("read the answer: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	firsts = since(began)
	if resp.StatusCode >= http.StatusInternalServerError {
		err = errors.Join(err, fmt.Errorf("it answers %s: %s", resp.Status, body))
	}
	return starts, firsts, err
}

// request returns one that the function answers itself.
func (p *program) request(ctx context.Context) (*http.Request, error) {
	method, path := http.MethodPost, "/"
	if p.trigger == catalog.HTTP {
		method, path = http.MethodGet, strings.TrimSuffix(pathsOf(p.name)[0], "*")
	}
	return http.NewRequestWithContext(ctx, method, "http://function"+path, http.NoBody)
}

func pathsOf(function string) []string {
	for _, f := range catalog.Functions() {
		if f.Name == function {
			return f.Paths
		}
	}
	return nil
}

// readInits reads lines such as "init net/http @2.8 ms, 0.029 ms clock, 4712 bytes, 49 allocs".
func (p *program) readInits(stderr string) error {
	var all inits
	for line := range strings.Lines(stderr) {
		fields := strings.Fields(line)
		if len(fields) < 6 || fields[0] != "init" || fields[5] != "ms" {
			continue
		}
		took, err := strconv.ParseFloat(fields[4], 64)
		if err != nil {
			return fmt.Errorf("read %q: %w", line, err)
		}
		all.packages++
		all.took += ms(took)
	}
	if all.packages == 0 {
		return errors.New("its packages say nothing of their initialization")
	}
	if p.inits.packages == 0 || all.took < p.inits.took {
		p.inits = all
	}
	return nil
}

// environ is the environment of a deployed function, with which it starts and makes its clients.
// Nothing is asked of Google for that: the credentials are a file.
func environ(function, port, credentials string) []string {
	all := []string{
		"PORT=" + port, "FUNCTION_TARGET=" + function, "K_SERVICE=facescan-" + function, "K_REVISION=1",
		"GOOGLE_CLOUD_PROJECT=facescan-start", "GOOGLE_APPLICATION_CREDENTIALS=" + credentials,
		"CLOUD_RUN_TIMEOUT_SECONDS=60", "FACESCAN_PUSH_AUDIENCE=https://function.example",
		"FACESCAN_PUSH_ACCOUNT=push@facescan-start.iam.gserviceaccount.com",
		"FACESCAN_SIGNING_ACCOUNT=function@facescan-start.iam.gserviceaccount.com",
	}
	for _, f := range catalog.Functions() {
		if f.Name != function {
			continue
		}
		for _, use := range f.Keys {
			all = append(all, use.Variable()+"="+keys.Derive([]byte("root"), use))
		}
		for _, name := range f.Settings {
			if value := settings[name]; value != "" {
				all = append(all, name+"="+value)
			}
		}
		for _, secret := range f.Secrets {
			if value := settings[catalog.Variable(secret)]; value != "" {
				all = append(all, catalog.Variable(secret)+"="+value)
			}
		}
	}
	return all
}

// seed is 32 bytes in base64.
var seed = base64.StdEncoding.EncodeToString(make([]byte, 32))

// settings are values of what functions are given besides secrets of package keys; the others have
// defaults.
var settings = map[string]string{
	"FACESCAN_UPLOADS_BUCKET": "uploads", "FACESCAN_RESULTS_BUCKET": "results", "FACESCAN_TOMBSTONES_BUCKET": "tombstones",
	"FACESCAN_PUBLIC_URL": "https://api.example", "FACESCAN_RECEIPT_KEY": seed, "FACESCAN_RECEIPT_PUBLIC_KEYS": seed,
	"FACESCAN_SMTP": "mail.example:587", "FACESCAN_SMTP_USER": "facescan", "FACESCAN_SMTP_PASSWORD": "secret",
	"FACESCAN_MAIL_FROM": "facescan@api.example", "FACESCAN_FIREBASE_API_KEY": "key",
}

// writeCredentials writes those of a service account that is nowhere.
func writeCredentials(dir string) (string, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return "", fmt.Errorf("make credentials: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", fmt.Errorf("make credentials: %w", err)
	}
	text, err := json.Marshal(map[string]string{ //nolint:gosec // a key that was just made
		"type": "service_account", "project_id": "facescan-start", "token_uri": "https://oauth2.googleapis.com/token",
		"client_email": "function@facescan-start.iam.gserviceaccount.com", "private_key_id": "1",
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	})
	if err != nil {
		return "", fmt.Errorf("make credentials: %w", err)
	}
	file := filepath.Join(dir, "credentials.json")
	return file, os.WriteFile(file, text, 0o600)
}

func freePort(ctx context.Context) (string, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	return port, errors.Join(err, listener.Close())
}
