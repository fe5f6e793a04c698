package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/face/reliability"
	"github.com/facescan/facescan/internal/face/report"
)

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "internal", "face", path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// What the leaderboard counts with is what RELIABILITY.md says of the engine in use.
func TestScoresOfTheAccount(t *testing.T) {
	t.Parallel()
	account := read(t, "RELIABILITY.md")
	source, err := scoresSource(account)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(source), read(t, "reliability/scores.gen.go")); diff != "" {
		t.Errorf("stale, run `make generate` (-account +table):\n%s", diff)
	}
	got := reliability.Of(report.MajorVersion())
	for name, value := range map[string]float64{figureICC: got.ICC, figureMean: got.Mean} {
		if want, err := figureIn(account, name); err != nil || value != want {
			t.Errorf("%s: %v in the table, %v (%v) in the account", name, value, want, err)
		}
	}
	if got != reliability.Of(99) || reliability.Of(1) != earlier[1] {
		t.Errorf("an unknown engine has %+v, the first %+v", reliability.Of(99), reliability.Of(1))
	}
	for _, name := range []string{figureICC, figureMean, figureSD, "Engine `facescan-"} {
		if _, err := scoresSource(strings.Replace(account, name, "x", 1)); !errors.Is(err, errNoFigure) {
			t.Errorf("without %q: %v", name, err)
		}
	}
}
