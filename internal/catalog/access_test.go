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
	"github.com/facescan/facescan/internal/keys"
)

// TestAccess_isWhatIsLinked: code that links no client of a service needs no right to it, and code
// that links one fails without. So the grants are compared with the constructors of clients that
// each function links. What is not linked is no bound by itself: code that an attacker brings into
// the function has all that its account may do.
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
				{"internal/telemetry/otlp", f.Traces},
			} {
				if got := slices.Contains(linked, "github.com/facescan/facescan/"+tt.client); got != tt.granted {
					t.Errorf("links %s: %v, granted: %v", tt.client, got, tt.granted)
				}
			}
		})
	}
}

// handed are the ways in which a function's wiring gets a Firestore client. It registers for events
// by the last one, whose deliveries are noted in documents.
var handed = regexp.MustCompile(`\bdatabase\.(Open|Listening)\(|\bidentity\.Open\(|\bconsume\.Events\(`)

// write finds what changes documents in code that uses Firestore.
var write = regexp.MustCompile(`\.(Create|Set|Update|Delete|BulkWriter)\(`)

// TestFirestore_isWhatTheCodeDoes: without a client, a function has nothing of the database, or
// package ready looks for it whether that answers. One with a client has to link
// code that writes; one that only reads with it would be given less.
func TestFirestore_isWhatTheCodeDoes(t *testing.T) {
	t.Parallel()
	skeleton := deps(t, "./internal/boot")
	for _, f := range catalog.Functions() {
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			source := sourceOf(t, f.Name)
			var writers []string
			for _, pkg := range deps(t, "./functions/"+f.Name) {
				if !slices.Contains(skeleton, pkg) && writes(t, pkg) {
					writers = append(writers, pkg)
				}
			}
			want := ""
			switch client := handed.Match(source); {
			case client && len(writers) > 0:
				want = catalog.DatabaseWrite
			case client, strings.Contains(string(source), "ready.Database("):
				want = catalog.DatabaseRead
			}
			if f.Firestore != want {
				t.Errorf("granted is %q, the code needs %q; what it links writes in %q", f.Firestore, want, writers)
			}
		})
	}
}

// writes reports whether the package is of this module and writes documents.
func writes(t *testing.T, pkg string) bool {
	t.Helper()
	folder, own := strings.CutPrefix(pkg, "github.com/facescan/facescan/")
	if !own {
		return false
	}
	for _, source := range sources(t, folder) {
		if bytes.Contains(source, []byte(`"cloud.google.com/go/firestore"`)) && write.Match(source) {
			return true
		}
	}
	return false
}

// sources returns the content of the folder's Go files that are no tests.
func sources(t *testing.T, folder string) [][]byte {
	t.Helper()
	files, err := filepath.Glob("../../" + folder + "/*.go")
	if err != nil {
		t.Fatal(err)
	}
	var all [][]byte
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, source)
	}
	return all
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
			for _, use := range usesOf(t, string(source)) {
				read[use.Variable()] = true
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
				if !read[variable] {
					t.Errorf("is given %s and does not read it", variable)
				}
			}
		})
	}
}

// usesOf returns the uses of secrets that the source names.
func usesOf(t *testing.T, source string) []keys.Use {
	t.Helper()
	declared, err := os.ReadFile("../keys/keys.go")
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]keys.Use{}
	for _, m := range useConstant.FindAllStringSubmatch(string(declared), -1) {
		byName[m[1]] = keys.Use(m[2])
	}
	if len(byName) != len(keys.Uses()) {
		t.Fatalf("%d constants of %d uses", len(byName), len(keys.Uses()))
	}
	var uses []keys.Use
	for _, m := range useMention.FindAllStringSubmatch(source, -1) {
		if m[1] == "ForWriter" {
			uses = append(uses, keys.ForWriter(m[2]))
		} else {
			uses = append(uses, byName[m[1]])
		}
	}
	return uses
}

// sourceOf returns the source of the function's folder.
func sourceOf(t *testing.T, function string) []byte {
	t.Helper()
	return bytes.Join(sources(t, "functions/"+function), nil)
}

// localOnly are refused in production.
var localOnly = []string{
	"FACESCAN_SIGNING_KEY", "FACESCAN_FCM_ENDPOINT", "FACESCAN_ERASURE_WAIT", "FACESCAN_SCAN_LEASE", "FACESCAN_LOOK_AFTER",
}

var (
	configField = regexp.MustCompile(`(?m)^\t(\w+) +\S+ +` + "`" + `env:"(FACESCAN_\w+)"`)
	useConstant = regexp.MustCompile(`(?m)^\t(For\w+) +Use = "(\w+)"`)
	useMention  = regexp.MustCompile(`\bkeys\.(For\w+)(?:\("(\w+)"\))?`)
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
