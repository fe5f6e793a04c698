package catalog_test

import (
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/catalog"
)

// heavy are the packages that few functions may link, and which do. Each costs memory and time at a
// cold start, and what is not linked cannot be reached by an attacker. The root package of
// Firebase's SDK imports FCM's and Cloud Storage's, so each function that verifies users links
// them.
var heavy = map[string][]string{
	"google.golang.org/grpc/xds":                 nil, // see catalog.BuildTag
	"github.com/facescan/facescan/internal/face": {"analyze", "coach"},
	"github.com/esimov/pigo/core":                {"analyze", "coach"},
	"github.com/wneessen/go-mail":                {"erase", "notify"},
	"firebase.google.com/go/v4/messaging": {
		"admin", "coach", "erase", "inbox", "leaderboard", "notify", "profile", "register", "scans", "sweep", "upload",
	},
	"github.com/facescan/facescan/internal/local/emulator": nil,
	// Health starts before all others, and answers for every path that none of them owns.
	"cloud.google.com/go/firestore":                                   allBut("health"),
	"google.golang.org/grpc":                                          allBut("health"),
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc": allBut("health"),
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp": allBut("health"),
	"google.golang.org/protobuf/proto":                                allBut("health"),
}

// healthLinks are the module's own packages that health is made of: none of a domain.
var healthLinks = []string{
	"functions/health", "internal/boot", "internal/boot/ready", "internal/crossorigin", "internal/event",
	"internal/fault", "internal/httpapi", "internal/httpapi/contract", "internal/httpapi/health", "internal/keys",
	"internal/rate", "internal/reached", "internal/schema", "internal/sentence", "internal/telemetry", "internal/throttle",
	"internal/web", "internal/web/reference",
}

// allBut returns the functions of the catalog without one.
func allBut(function string) []string {
	var all []string
	for _, f := range catalog.Functions() {
		if f.Name != function {
			all = append(all, f.Name)
		}
	}
	return all
}

func TestLinks(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(
		t.Context(), "go", "list", "-tags="+catalog.BuildTag, "-f", `{{.ImportPath}} {{join .Deps " "}}`, "./functions/...",
	)
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]string{}
	for name := range heavy {
		got[name] = nil
	}
	functions := 0
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		function := strings.TrimPrefix(fields[0], "github.com/facescan/facescan/functions/")
		functions++
		for _, dep := range fields[1:] {
			if _, watched := got[dep]; watched {
				got[dep] = append(got[dep], function)
			}
		}
	}
	if functions != len(catalog.Functions()) {
		t.Errorf("%d functions are listed, the catalog has %d", functions, len(catalog.Functions()))
	}
	for _, name := range slices.Sorted(maps.Keys(heavy)) {
		if diff := cmp.Diff(heavy[name], got[name]); diff != "" {
			t.Errorf("who links %s (-want +got):\n%s", name, diff)
		}
	}
}

func TestHealth_linksNoDomain(t *testing.T) {
	t.Parallel()
	var got []string
	for _, pkg := range deps(t, "./functions/health") {
		if own, ok := strings.CutPrefix(pkg, "github.com/facescan/facescan/"); ok {
			got = append(got, own)
		}
	}
	slices.Sort(got)
	if diff := cmp.Diff(healthLinks, got); diff != "" {
		t.Errorf("health links (-want +got):\n%s", diff)
	}
}
