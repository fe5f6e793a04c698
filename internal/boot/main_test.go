package boot

import (
	"fmt"
	"log/slog"
	"maps"
	"os"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/facescan/facescan/internal/telemetry"
	"github.com/facescan/facescan/internal/testkit"
)

// logs is what the process logs, of all tests: each looks for ids of its own.
var logs testkit.Buffer

// TestMain is the tests' start, and that of the processes that they start (see helper_test.go).
func TestMain(m *testing.M) {
	if mode := os.Getenv(helperVariable); mode != "" {
		os.Exit(helper(mode))
	}
	for name, value := range localEnviron() {
		if err := os.Setenv(name, value); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	LogTo(&logs)
	slog.SetDefault(telemetry.NewLogger(&logs, telemetry.Traces{Project: testProject}, slog.LevelInfo))
	goleak.VerifyTestMain(m)
}

const testProject = "demo-boot-tests"

// localEnviron is fit for a process on the emulators, which the tests do not call.
func localEnviron() map[string]string {
	return map[string]string{"GOOGLE_CLOUD_PROJECT": testProject, "FIRESTORE_EMULATOR_HOST": "127.0.0.1:1"}
}

// productionEnviron is fit for a deployed function, changed by the pairs (name, value); the value
// "" unsets.
func productionEnviron(pairs ...string) map[string]string {
	environ := map[string]string{
		"K_SERVICE":              "probe",
		"GOOGLE_CLOUD_PROJECT":   "facescan-prod",
		"FACESCAN_PUSH_AUDIENCE": testAudience,
		"FACESCAN_PUSH_ACCOUNT":  testAccount,
	}
	return changed(environ, pairs...)
}

func changed(environ map[string]string, pairs ...string) map[string]string {
	environ = maps.Clone(environ)
	for i := 0; i+1 < len(pairs); i += 2 {
		environ[pairs[i]] = pairs[i+1]
		if pairs[i+1] == "" {
			delete(environ, pairs[i])
		}
	}
	return environ
}

const (
	testAudience = "https://probe-123.europe-west1.run.app"
	testAccount  = "push@facescan-prod.iam.gserviceaccount.com"
)

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
