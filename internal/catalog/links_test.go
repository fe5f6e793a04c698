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
	"github.com/facescan/facescan/internal/face": {"analyze", "coach"},
	"github.com/esimov/pigo/core":                {"analyze", "coach"},
	"github.com/wneessen/go-mail":                {"erase", "notify"},
	"firebase.google.com/go/v4/messaging": {
		"coach", "erase", "inbox", "leaderboard", "notify", "profile", "register", "scans", "sweep", "upload",
	},
	"github.com/facescan/facescan/internal/local/emulator": nil,
}

func TestLinks(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-f", `{{.ImportPath}} {{join .Deps " "}}`, "./functions/...")
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
