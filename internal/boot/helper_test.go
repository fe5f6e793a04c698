package boot

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/GoogleCloudPlatform/functions-framework-go/funcframework"
	"github.com/GoogleCloudPlatform/functions-framework-go/functions"

	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/testkit"
)

// helperVariable makes the test binary another process: a function that starts, or serves.
const (
	helperVariable = "BOOT_TEST_HELPER"
	helperPort     = "BOOT_TEST_PORT"

	registerHTTP  = "register-http"
	registerEvent = "register-event"
	// These need environment variables of their own.
	registerNeedy      = "register-needy"
	registerNeedyEvent = "register-needy-event"

	serveSlowly = "serve-slowly"
	serveAPI    = "serve-api"
)

const registered = "registered"

func helper(mode string) int {
	switch mode {
	case registerHTTP:
		HTTP("probe", func(context.Context, *Process) (http.Handler, error) { return nil, errors.ErrUnsupported })
		fmt.Println(registered)
		return 0
	case registerNeedy:
		HTTP("probe", func(context.Context, *Process) (http.Handler, error) { return nil, errors.ErrUnsupported },
			"FACESCAN_PUBLIC_URL", "FACESCAN_KEY_UNSUBSCRIBE")
		fmt.Println(registered)
		return 0
	case registerNeedyEvent:
		// As package consume does it.
		Register("probe", func(c Config) error { return errors.Join(c.NeedPush(), c.Need("FACESCAN_KEY_UNSUBSCRIBE")) },
			func(context.Context, *Process) (http.Handler, error) { return nil, errors.ErrUnsupported })
		fmt.Println(registered)
		return 0
	case registerEvent:
		Register("probe", Config.NeedPush,
			func(context.Context, *Process) (http.Handler, error) { return nil, errors.ErrUnsupported })
		fmt.Println(registered)
		return 0
	case serveSlowly:
		return helpServeSlowly()
	case serveAPI:
		HTTP("probe", func(context.Context, *Process) (http.Handler, error) { return httpapi.New(httpapi.Options{}), nil })
		return startFramework()
	}
	return 2
}

// startFramework is the main that the buildpack writes, which a test can keep to a port of the
// loopback.
func startFramework() int {
	port := os.Getenv(helperPort)
	if port == "" {
		port = os.Getenv(variablePort)
	}
	fmt.Fprintln(os.Stderr, funcframework.StartHostPort("127.0.0.1", port))
	return 1
}

// slowBody is longer than net/http's buffers and of no declared length, so that its end is written
// after the handler's return.
var slowBody = strings.Repeat("0123456789abcdef", 1<<10)

// helpServeSlowly serves /slow, which says "started" on stdout and answers once stdin is closed,
// and /quick.
func helpServeSlowly() int {
	release := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		close(release)
	}()
	HTTP("probe", func(context.Context, *Process) (http.Handler, error) {
		mux := http.NewServeMux()
		mux.HandleFunc("GET /slow", func(w http.ResponseWriter, _ *http.Request) {
			fmt.Println("started")
			<-release
			_, _ = io.WriteString(w, slowBody)
		})
		mux.HandleFunc("GET /quick", func(http.ResponseWriter, *http.Request) {})
		return mux, nil
	})
	// Behind another function that holds a response's end back until the drainer has seen all handlers
	// return: on a busy instance net/http may be as late.
	functions.HTTP("late", func(w http.ResponseWriter, r *http.Request) {
		probe, _ := Function("probe")
		probe(w, r)
		if r.URL.Path == "/slow" {
			<-drain.idle
		}
	})
	return startFramework()
}

// process is the test binary as another process.
type process struct {
	*exec.Cmd
	stdin  io.WriteCloser
	stdout *testkit.Buffer
	stderr *testkit.Buffer
}

// startHelper starts the test binary in the mode, with this environment and nothing of the test's
// own.
func startHelper(t *testing.T, mode string, environ map[string]string) *process {
	t.Helper()
	p := &process{
		Cmd: exec.CommandContext(t.Context(), os.Args[0]), stdout: new(testkit.Buffer), stderr: new(testkit.Buffer),
	}
	p.Env = []string{
		helperVariable + "=" + mode, "PATH=" + os.Getenv("PATH"), "TMPDIR=" + os.TempDir(),
		"GORACE=atexit_sleep_ms=0", // the race detector would lend every process a second at its end
	}
	for name, value := range environ {
		p.Env = append(p.Env, name+"="+value)
	}
	p.Stdout, p.Stderr = p.stdout, p.stderr
	var err error
	if p.stdin, err = p.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.stdin.Close()
		if p.ProcessState == nil {
			_ = p.Process.Kill()
			_ = p.Wait()
		}
		if t.Failed() {
			t.Logf("stdout:\n%s\nstderr:\n%s", p.stdout, p.stderr)
		}
	})
	return p
}

// exitCode waits for the process's end.
func (p *process) exitCode(t *testing.T) int {
	t.Helper()
	var exit *exec.ExitError
	if err := p.Wait(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return p.ProcessState.ExitCode()
}

// nonEmptyLines are the lines of a log; the framework adds empty ones.
func nonEmptyLines(text string) []string {
	var lines []string
	for s := bufio.NewScanner(bytes.NewBufferString(text)); s.Scan(); {
		if s.Text() != "" {
			lines = append(lines, s.Text())
		}
	}
	return lines
}
