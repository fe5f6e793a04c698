package terms_test

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"github.com/facescan/facescan/internal/account/terms"
	"github.com/facescan/facescan/internal/sentence"
)

// A text is the same for ever, in each language. If this fails, give the text another version, and
// keep the sum of the former one.
func TestText_isThatOfItsVersion(t *testing.T) {
	t.Parallel()
	sums := map[string]string{
		"2026-11-29 en": "92d39fba4633345a",
		"2026-11-29 de": "9b003fb88a5b4525",
	}
	for _, lang := range []sentence.Lang{sentence.English, sentence.German} {
		of := terms.Current.In(lang)
		sum := sha256.Sum256([]byte(of.Purpose + "\n" + of.Retention))
		name := of.Version + " " + string(lang)
		if got := hex.EncodeToString(sum[:8]); got != sums[name] {
			t.Errorf("the text %s has the sum %s, want %q", name, got, sums[name])
		}
	}
	if terms.Current.In(sentence.English) != terms.Current {
		t.Error("the English text is another one")
	}
}

func TestKeepsStruck(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]bool{
		"": false, "v1": false, "2026-11-01": false, "2026-11-29": true, terms.Current.Version: true,
	} {
		if got := terms.KeepsStruck(version); got != want {
			t.Errorf("%q keeps the score of a deleted scan: %v, want %v", version, got, want)
		}
	}
}
