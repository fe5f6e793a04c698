//go:build terraform

package checks

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	tfjson "github.com/hashicorp/terraform-json"
)

var (
	readMessage   = regexp.MustCompile(`jsonPayload\.message="([^"]+)"`)
	loggedMessage = regexp.MustCompile(`slog\.\w+\((?:[\w.()]+, )*"([^"]+)"`)
)

// logged is every message that the functions' code logs.
func logged(t *testing.T) map[string]bool {
	t.Helper()
	messages := map[string]bool{}
	err := filepath.WalkDir("../../internal", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		for _, found := range loggedMessage.FindAllSubmatch(source, -1) {
			messages[string(found[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return messages
}

// foreign are the metrics of lines that Google writes, with the page that says so.
var foreign = map[string]string{
	"request":          "https://docs.cloud.google.com/run/docs/logging",
	"request_failed":   "https://docs.cloud.google.com/run/docs/troubleshooting (no available instance)",
	"request_unserved": "https://docs.cloud.google.com/run/docs/troubleshooting (no available instance)",
	"memory_exceeded":  "https://docs.cloud.google.com/run/docs/troubleshooting (memory limit exceeded)",
	"backup_removed":   "https://docs.cloud.google.com/firestore/native/docs/audit-logging",
}

// A metric of a line that is not written stays at zero, and its alert silent.
func TestMetricsReadLinesThatAreLogged(t *testing.T) {
	messages := logged(t)
	each(t, func(t *testing.T, plan *tfjson.Plan) {
		metrics := resources(plan, "google_logging_metric")
		if len(metrics) == 0 {
			t.Fatal("no metrics")
		}
		for _, m := range metrics {
			read := readMessage.FindAllStringSubmatch(m.text("filter"), -1)
			if (len(read) == 0) != (foreign[m.key()] != "") {
				t.Errorf("%s reads %d messages of ours, and Google's by %q", m.Address, len(read), foreign[m.key()])
			}
			for _, found := range read {
				if !messages[found[1]] {
					t.Errorf("%s counts %q, which no code logs", m.Address, found[1])
				}
			}
		}
	})
}
