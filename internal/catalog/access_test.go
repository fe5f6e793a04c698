package catalog_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/facescan/facescan/internal/catalog"
)

// TestAccess_isWhatIsLinked: a client that is not linked cannot be used, and one that is linked is
// there to be used. So the grants are compared with the constructors of clients that each function
// links.
func TestAccess_isWhatIsLinked(t *testing.T) {
	t.Parallel()
	for _, f := range catalog.Functions() {
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			linked := deps(t, "./functions/"+f.Name)
			for _, tt := range []struct {
				client  string
				granted bool
			}{
				{"internal/boot/blob", f.Uploads != "" || f.Results != "" || f.Tombstones != "" || f.Signs},
				{"internal/boot/bus", len(f.Publishes) > 0},
				{"internal/boot/identity", f.Auth != ""},
				{"internal/boot/push", f.Push},
			} {
				if got := slices.Contains(linked, "github.com/facescan/facescan/"+tt.client); got != tt.granted {
					t.Errorf("links %s: %v, granted: %v", tt.client, got, tt.granted)
				}
			}
			if !slices.Contains(f.Secrets, "hash-key") {
				t.Error("without FACESCAN_HASH_KEY it does not start")
			}
		})
	}
}

// TestSettings_areWhatIsRead: a function that reads a variable that it is not given fails at its
// first request, in production only.
func TestSettings_areWhatIsRead(t *testing.T) {
	t.Parallel()
	config, err := os.ReadFile("../boot/config.go")
	if err != nil {
		t.Fatal(err)
	}
	variables := map[string]string{}
	for _, m := range configField.FindAllStringSubmatch(string(config), -1) {
		variables[m[1]] = m[2]
	}
	// Read by constructors of package boot's; FACESCAN_SIGNING_ACCOUNT is the function's own account.
	constructors := map[string][]string{
		"blob.Uploads":    {"FACESCAN_UPLOADS_BUCKET"},
		"blob.Results":    {"FACESCAN_RESULTS_BUCKET"},
		"blob.Tombstones": {"FACESCAN_TOMBSTONES_BUCKET"},
		"mail.Mailer":     {"FACESCAN_SMTP", "FACESCAN_SMTP_USER", "FACESCAN_SMTP_PASSWORD", "FACESCAN_MAIL_FROM"},
	}
	for _, f := range catalog.Functions() {
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			source := sourceOf(t, f.Name)
			read := map[string]bool{}
			for _, m := range configRead.FindAllStringSubmatch(string(source), -1) {
				read[variables[m[1]]] = true
			}
			for call, variables := range constructors {
				if !strings.Contains(string(source), call) {
					continue
				}
				for _, variable := range variables {
					read[variable] = true
				}
			}
			given := map[string]bool{}
			for _, variable := range f.Settings {
				given[variable] = true
			}
			for _, secret := range f.Secrets {
				given[catalog.Variable(secret)] = true
			}
			for variable := range read {
				if variable != "" && !given[variable] && !slices.Contains(localOnly, variable) {
					t.Errorf("reads %s and is not given it", variable)
				}
			}
			for variable := range given {
				if !read[variable] && variable != "FACESCAN_HASH_KEY" {
					t.Errorf("is given %s and does not read it", variable)
				}
			}
		})
	}
}

// sourceOf returns the source of the function's folder.
func sourceOf(t *testing.T, function string) []byte {
	t.Helper()
	files, err := filepath.Glob("../../functions/" + function + "/*.go")
	if err != nil {
		t.Fatal(err)
	}
	var all []byte
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, source...)
	}
	return all
}

// localOnly are refused in production.
var localOnly = []string{
	"FACESCAN_SIGNING_KEY", "FACESCAN_FCM_ENDPOINT", "FACESCAN_ERASURE_WAIT", "FACESCAN_SCAN_LEASE", "FACESCAN_LOOK_AFTER",
}

var (
	configField = regexp.MustCompile(`(?m)^\t(\w+) +\S+ +` + "`" + `env:"(FACESCAN_\w+)"`)
	configRead  = regexp.MustCompile(`\b(?:Config|c)\.([A-Z]\w+)`)
)

func deps(t *testing.T, pkg string) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", pkg)
	cmd.Dir = "../.."
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.Bytes())
	}
	return strings.Fields(string(out))
}

// TestEveryTopic_hasAPublisher: the sweep alone would deliver a minute late.
func TestEveryTopic_hasAPublisher(t *testing.T) {
	t.Parallel()
	published := map[string]bool{}
	for _, f := range catalog.Functions() {
		topics := f.Publishes
		if f.Name == "sweep" {
			topics = catalog.SweepOwes()
		}
		for _, topic := range topics {
			published[topic] = true
		}
	}
	for _, topic := range catalog.Topics() {
		outside := topic == catalog.DeadLetterTopic || topic == "upload-finalized" || topic == "sweep-requested-v1"
		if !outside && !published[topic] {
			t.Errorf("nobody may publish to %s", topic)
		}
	}
}
