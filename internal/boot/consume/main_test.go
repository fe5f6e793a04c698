package consume

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/facescan/facescan/internal/boot"
	"github.com/facescan/facescan/internal/boot/database"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/telemetry"
	"github.com/facescan/facescan/internal/testkit"
)

const (
	testTrace       = "4bf92f3577b34da6a3ce929d0e0e4736"
	testSpan        = "00f067aa0ba902b7"
	testTraceparent = "00-" + testTrace + "-" + testSpan + "-01"

	testProject  = "demo-consume-tests"
	testAudience = "https://probe-123.europe-west1.run.app"
	testAccount  = "push@facescan-prod.iam.gserviceaccount.com"
)

// logs is what the process logs, of all tests: each looks for ids of its own.
var logs testkit.Buffer

func TestMain(m *testing.M) {
	if err := os.Setenv("GOOGLE_CLOUD_PROJECT", testProject); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	boot.LogTo(&logs)
	slog.SetDefault(telemetry.NewLogger(&logs, telemetry.Traces{Project: testProject}, slog.LevelInfo))
	telemetry.StartTracing(telemetry.Traces{Ratio: 1})
	code := emulatortest.Main(m, emulator.Firestore)
	if code == 0 {
		code = leaks()
	}
	os.Exit(code)
}

// leaks looks for goroutines that outlive the tests.
func leaks() int {
	if p, err := boot.Current(); err == nil {
		if fs, err := database.Open(context.Background(), p); err == nil {
			_ = fs.Close()
		}
	}
	err := goleak.Find(
		// Waits for Ctrl-C for as long as the process lives.
		goleak.IgnoreAnyFunction("github.com/facescan/facescan/internal/local/emulator/emulatortest.closeOnSignal.func1"),
		// The metrics of the Firestore client.
		goleak.IgnoreAnyFunction("go.opencensus.io/stats/view.(*worker).start"),
	)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// process is one of the environment, with a project of its own. Its clients talk to the emulator,
// whatever the environment says.
func process(t *testing.T, environ map[string]string) *boot.Process {
	t.Helper()
	environ = maps.Clone(environ)
	environ["GOOGLE_CLOUD_PROJECT"] = emulatortest.UniqueProject(t)
	config, err := boot.ReadConfig(environ)
	if err != nil {
		t.Fatal(err)
	}
	p := &boot.Process{Config: config}
	t.Cleanup(func() {
		if fs, err := database.Open(context.WithoutCancel(t.Context()), p); err == nil {
			_ = fs.Close()
		}
	})
	return p
}

// linesOf returns the lines of the log that hold the text.
func linesOf(log *testkit.Buffer, text string) []string {
	var found []string
	for line := range strings.Lines(log.String()) {
		if strings.Contains(line, text) {
			found = append(found, line)
		}
	}
	return found
}
