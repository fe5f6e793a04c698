package keys_test

import (
	"regexp"
	"slices"
	"testing"

	"github.com/facescan/facescan/internal/keys"
)

var ring = keys.Ring("a key of 32 bytes, for the test..")

// Documents, objects and URLs bear these ids.
func TestRing_ID(t *testing.T) {
	t.Parallel()
	sum := "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
	seen := map[string]bool{}
	for _, tt := range []struct {
		purpose keys.Purpose
		parts   []string
		want    string
	}{
		{keys.Scan, []string{"anna", "idempotency-key"}, "4agpcbbovig2imbclrjn6bnz24"},
		{keys.Series, []string{"anna", "idempotency-key"}, "pva7kocxyv5fanug3rxofdln5q"},
		{keys.Look, []string{"anna", "jesljybyuuavdvlh7k7widg5ry", "0"}, "czrhvatjfmbpfyzfv3oumgdvmi"},
		{keys.Request, []string{"anna", `{"contentType":"image/jpeg"}`}, "uqbpkhoesyaw35gq3u4wd7xdae"},
		{keys.Photo, []string{"anna", sum}, "gag42qz3la5iy7rjimth2ntzae"},
		{
			keys.Limit, []string{"uploads", "mailbox", "anna@example.com", "2026-11-28T00:00:00Z"}, "l73z35zi3afqprucj5l7k4hl5m",
		},
		{keys.Struck, []string{"anna", "jesljybyuuavdvlh7k7widg5ry"}, "d5t3tmnepdkulrkogmansibayq"},
		{keys.Friends, []string{"anna", "ben"}, "sd5k3mjnj3spskhn3q6lihwce4"},
		{keys.FriendCode, []string{"anna", "16 random bytes."}, "3zn3sef3q27qr4awdh6xfubx7m"},
		{keys.FriendLookup, []string{"7KQ2M9XD40TBZR6N"}, "7atsnkx6bocxi5miw32ospsavi"},
		{keys.Receipt, []string{"anna", "1795867200000000"}, "3qyfx4l6p4spjbhosy3ae4wy5y"},
		{keys.Erased, []string{"anna"}, "ri27fpgk3lpfgkzkqdpbvx2jgq"},
	} {
		if got := ring.ID(tt.purpose, tt.parts...); got != tt.want {
			t.Errorf("ID(%q, %q) = %s, want %s", tt.purpose, tt.parts, got, tt.want)
		}
		same := ring.ID(tt.purpose, "the same")
		if seen[same] {
			t.Errorf("the purpose %q is another's, too", tt.purpose)
		}
		seen[same] = true
	}
}

func TestRing_ID_dependsOnAll(t *testing.T) {
	t.Parallel()
	ids := []string{
		ring.ID(keys.Scan),
		ring.ID(keys.Scan, "a"),
		ring.ID(keys.Scan, "a", "b"),
		ring.ID(keys.Scan, "b", "a"),
		ring.ID(keys.Scan, "ab"),
		ring.ID(keys.Scan, "a", ""),
		ring.ID(keys.Photo, "a", "b"),
		keys.Ring("another key").ID(keys.Scan, "a", "b"),
	}
	wellFormed := regexp.MustCompile(`^[a-z2-7]{26}$`)
	for i, id := range ids {
		if !wellFormed.MatchString(id) {
			t.Errorf("the id %q is malformed", id)
		}
		if slices.Contains(ids[:i], id) {
			t.Errorf("the id %q comes twice", id)
		}
	}
}

func TestRing_Pseudonym(t *testing.T) {
	t.Parallel()
	if got := ring.Pseudonym("anna"); got != "353f527d3305892e" {
		t.Errorf("Pseudonym = %s, so that lines of earlier logs are another's", got)
	}
	if ring.Pseudonym("anna") == ring.Pseudonym("ben") ||
		ring.Pseudonym("anna") == keys.Ring("another").Pseudonym("anna") {
		t.Error("Pseudonym does not depend on the user and the key")
	}
}
