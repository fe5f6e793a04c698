package boot

import (
	"encoding/json"
	"strings"
	"testing"
)

// A revision whose environment is unfit must not get traffic, so its process ends before it
// listens.
func TestRefusalToStart(t *testing.T) {
	t.Parallel()
	noPush := productionEnviron("FACESCAN_PUSH_AUDIENCE", "", "FACESCAN_PUSH_ACCOUNT", "")
	for name, tt := range map[string]struct {
		mode    string
		environ map[string]string
		want    []string // the variables that the refusal names; none is a start
	}{
		"a fit HTTP function starts":             {registerHTTP, productionEnviron(), nil},
		"a fit event function starts":            {registerEvent, productionEnviron(), nil},
		"an HTTP function needs no push account": {registerHTTP, noPush, nil},
		"an event function needs audience, account": {
			registerEvent, noPush, []string{"FACESCAN_PUSH_AUDIENCE", "FACESCAN_PUSH_ACCOUNT"},
		},
		"an emulator's variable is refused": {
			registerHTTP, productionEnviron("FIRESTORE_EMULATOR_HOST", "h:1"), []string{"FIRESTORE_EMULATOR_HOST"},
		},
		"a local variable is refused": {
			registerEvent, productionEnviron("FACESCAN_SIGNING_KEY", `a "key"`), []string{"FACESCAN_SIGNING_KEY"},
		},
		"every fault is named": {
			registerHTTP,
			productionEnviron("GOOGLE_CLOUD_PROJECT", "", "FACESCAN_KEY_LOGS", "short", "FACESCAN_TRACE_RATIO", `"\x00`),
			[]string{"GOOGLE_CLOUD_PROJECT", "FACESCAN_KEY_LOGS", "FACESCAN_TRACE_RATIO"},
		},
		"what a function needs of its own": {
			registerNeedy, productionEnviron("FACESCAN_PUBLIC_URL", "https://api.example"),
			[]string{"FACESCAN_KEY_UNSUBSCRIBE"},
		},
		"what a function needs is there": {
			registerNeedy,
			productionEnviron("FACESCAN_PUBLIC_URL", "https://api.example", "FACESCAN_KEY_UNSUBSCRIBE", secret(32)), nil,
		},
		"what an event function needs of its own": {registerNeedyEvent, noPush, []string{
			"FACESCAN_PUSH_AUDIENCE", "FACESCAN_KEY_UNSUBSCRIBE",
		}},
		"outside Cloud Run the environment is set later": {registerEvent, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := startHelper(t, tt.mode, tt.environ)
			code := p.exitCode(t)
			if tt.want == nil {
				if code != 0 || p.stdout.String() != registered+"\n" || p.stderr.String() != "" {
					t.Errorf("exit code %d, want a start", code)
				}
				return
			}
			if code != 1 || p.stdout.String() != "" {
				t.Errorf("exit code %d, want 1 and no start", code)
			}
			checkCritical(t, p.stderr.String(), tt.want)
		})
	}
}

// checkCritical looks for one JSON line that Cloud Logging takes for CRITICAL and that names the
// variables.
func checkCritical(t *testing.T, stderr string, variables []string) {
	t.Helper()
	lines := nonEmptyLines(stderr)
	if len(lines) != 1 {
		t.Fatalf("%d lines on stderr, want 1", len(lines))
	}
	var entry struct{ Severity, Message string }
	if err := json.Unmarshal([]byte(lines[0]), &entry); err != nil {
		t.Fatal(err)
	}
	if entry.Severity != "CRITICAL" || !strings.Contains(entry.Message, "probe") {
		t.Errorf("entry = %+v", entry)
	}
	for _, name := range variables {
		if !strings.Contains(entry.Message, name) {
			t.Errorf("message %q does not name %s", entry.Message, name)
		}
	}
	if strings.Contains(entry.Message, `"key"`) {
		t.Errorf("message %q tells a secret's value", entry.Message)
	}
}
