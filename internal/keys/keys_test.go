package keys_test

import (
	"encoding/base64"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/keys"
)

// secret is that of a deployment before there were uses: its ids are still found.
var secret = []byte("a key of 32 bytes, for the test..")

// ring returns the ring of the use with the secret alone.
func ring(use keys.Use) keys.Ring { return keys.NewRing(use, secret) }

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
		{keys.AuditSubject, []string{"26 random characters of a link"}, "5onuw73i3tql7ccp3yrs445vcq"},
		{keys.AuditActor, []string{"boss"}, "cqg7rcylf5fghnpx5tskqpnmca"},
		{keys.AuditObject, []string{"link", "id"}, "5xzhvn3aklofhdxl443y5zcgxq"},
		{keys.Owed, []string{"{}"}, "cgr37h2lbknvaatndkzewncdza"},
	} {
		if got := ring(useOf[tt.purpose]).ID(tt.purpose, tt.parts...); got != tt.want {
			t.Errorf("ID(%q, %q) = %s, want %s", tt.purpose, tt.parts, got, tt.want)
		}
		same := ring(useOf[tt.purpose]).ID(tt.purpose, "the same")
		if seen[same] {
			t.Errorf("the purpose %q is another's, too", tt.purpose)
		}
		seen[same] = true
	}
}

var useOf = map[keys.Purpose]keys.Use{
	keys.Scan: keys.ForScans, keys.Series: keys.ForScans, keys.Look: keys.ForScans, keys.Request: keys.ForScans,
	keys.Photo: keys.ForPhotos, keys.Limit: keys.ForLimits, keys.Struck: keys.ForRatings,
	keys.Friends: keys.ForFriends, keys.FriendCode: keys.ForFriends, keys.FriendLookup: keys.ForFriends,
	keys.Receipt: keys.ForReceipts, keys.Erased: keys.ForErased, keys.Cursor: keys.ForCursors,
	keys.Client: keys.ForClients, keys.Unsubscribe: keys.ForUnsubscribing, keys.Owed: keys.ForWriter("rank"),
	keys.DeletionAddress: keys.ForDeletions, keys.DeletionLink: keys.ForDeletions,
	keys.AuditSubject: keys.ForAudit, keys.AuditActor: keys.ForAudit, keys.AuditObject: keys.ForAudit,
}

// What has the secret of one use computes nothing of another.
func TestRing_refusesOtherPurposes(t *testing.T) {
	t.Parallel()
	for purpose, of := range useOf {
		for _, use := range append(keys.Uses(), keys.ForWriter("rank")) {
			for name, do := range map[string]func(keys.Ring){
				"ID":   func(r keys.Ring) { r.ID(purpose, "a") },
				"IDs":  func(r keys.Ring) { r.IDs(purpose, "a") },
				"Seal": func(r keys.Ring) { _, _ = r.Seal(purpose, "a", "") },
				"Open": func(r keys.Ring) { r.Open(purpose, "YQ", "") },
			} {
				if got := panics(func() { do(ring(use)) }); got != (use != of) {
					t.Errorf("%s for %q with the ring for %s panics: %v", name, purpose, use, got)
				}
			}
		}
		if !panics(func() { keys.Ring{}.ID(purpose, "a") }) {
			t.Errorf("%q has an id without a secret", purpose)
		}
	}
	for _, use := range keys.Uses() {
		if got := panics(func() { ring(use).Pseudonym("anna") }); got != (use != keys.ForLogs) {
			t.Errorf("Pseudonym with the ring for %s panics: %v", use, got)
		}
	}
}

func panics(do func()) (did bool) {
	defer func() { did = recover() != nil }()
	do()
	return false
}

func TestRing_rotated(t *testing.T) {
	t.Parallel()
	before, other := ring(keys.ForScans), []byte("the next one")
	known := keys.NewRing(keys.ForScans, secret, other)
	after := keys.NewRing(keys.ForScans, other, secret)
	id, next := before.ID(keys.Scan, "a"), keys.NewRing(keys.ForScans, other).ID(keys.Scan, "a")
	if id == next {
		t.Fatal("both secrets give one id")
	}
	if got := known.ID(keys.Scan, "a"); got != id {
		t.Error("a secret that is only known makes ids")
	}
	if diff := cmp.Diff([]string{next, id}, after.IDs(keys.Scan, "a")); diff != "" {
		t.Errorf("ids after the rotation (-want +got):\n%s", diff)
	}
	for name, tt := range map[string]struct{ known, want string }{
		"the earlier is known": {id, id}, "the present is known": {next, next}, "neither is": {"x", next},
	} {
		is := func(one string) bool { return one == tt.known }
		if got := after.Known(is, keys.Scan, "a"); got != tt.want {
			t.Errorf("%s: Known = %s, want %s", name, got, tt.want)
		}
	}
	all := after.Each()
	if len(all) != 2 || all[0].ID(keys.Scan, "a") != next || all[1].ID(keys.Scan, "a") != id {
		t.Errorf("Each = %d rings of other secrets", len(all))
	}
}

// Lines of both periods are joined by who has both secrets alone.
func TestRing_Pseudonym_rotated(t *testing.T) {
	t.Parallel()
	before := ring(keys.ForLogs).Pseudonym("anna")
	after := keys.NewRing(keys.ForLogs, []byte("the next one"), secret)
	if after.Pseudonym("anna") == before {
		t.Error("the earlier secret still makes pseudonyms")
	}
	if after.Each()[1].Pseudonym("anna") != before {
		t.Error("who has both secrets cannot join the lines")
	}
}

// The sweep knows the secrets of all writers, and a writer those of no other.
func TestRing_OfWriter(t *testing.T) {
	t.Parallel()
	root := keys.NewRing(keys.ForOutbox, []byte("the next one"), secret)
	rank := root.OfWriter("rank")
	if rank.Writer() != "rank" || root.Writer() != "" || rank.Len() != 2 {
		t.Errorf("of %q and %q, with %d secrets", rank.Writer(), root.Writer(), rank.Len())
	}
	if rank.ID(keys.Owed, "a") == root.OfWriter("scans").ID(keys.Owed, "a") {
		t.Error("two writers have one secret")
	}
	same, err := keys.Parse(keys.ForWriter("rank"), rank.Text())
	if err != nil || same.ID(keys.Owed, "a") != rank.ID(keys.Owed, "a") {
		t.Errorf("what rank is given is another secret (%v)", err)
	}
	if !panics(func() { rank.OfWriter("scans") }) {
		t.Error("a writer derives the secret of another")
	}
}

func TestUseOf(t *testing.T) {
	t.Parallel()
	for _, use := range append(keys.Uses(), keys.ForWriter("rank")) {
		if got, ok := keys.UseOf(use.Variable()); got != use || !ok {
			t.Errorf("UseOf(%s) = %s, %v", use.Variable(), got, ok)
		}
	}
	for _, other := range []string{"FACESCAN_RECEIPT_KEY", "FACESCAN_DATABASE", "KEY_LOGS"} {
		if use, ok := keys.UseOf(other); ok {
			t.Errorf("UseOf(%s) = %s", other, use)
		}
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	one, two := keys.Derive([]byte("root"), keys.ForScans), keys.Derive([]byte("root"), keys.ForPhotos)
	if one == two || one != keys.Derive([]byte("root"), keys.ForScans) {
		t.Fatal("Derive gives uses one secret, or a use several")
	}
	for name, tt := range map[string]struct {
		text string
		want int
	}{
		"one": {one, 1}, "two": {one + "," + two, 2}, "with spaces": {" " + one + " , " + two + "\n", 2},
		"three": {one + "," + two + "," + one, 3}, "four": {strings.Repeat(one+",", 3) + two, 0},
		"none": {"", 0}, "a comma": {",", 0}, "a trailing comma": {one + ",", 0}, "no base64": {strings.Repeat("!", 44), 0},
		"of URLs": {strings.Repeat("_", 43) + "=", 0}, "short": {base64.StdEncoding.EncodeToString(make([]byte, 31)), 0},
		"a short second": {one + "," + one[:20], 0}, "without padding": {one[:43], 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := keys.Parse(keys.ForScans, tt.text)
			if got.Len() != tt.want || (err == nil) != (tt.want > 0) {
				t.Fatalf("%d secrets, %v", got.Len(), err)
			}
			for part := range strings.SplitSeq(tt.text, ",") {
				if err != nil && len(part) > 1 && strings.Contains(err.Error(), part) {
					t.Errorf("the error tells the secret: %v", err)
				}
			}
		})
	}
}

func TestRing_ID_dependsOnAll(t *testing.T) {
	t.Parallel()
	ring := ring(keys.ForScans)
	ids := []string{
		ring.ID(keys.Scan),
		ring.ID(keys.Scan, "a"),
		ring.ID(keys.Scan, "a", "b"),
		ring.ID(keys.Scan, "b", "a"),
		ring.ID(keys.Scan, "ab"),
		ring.ID(keys.Scan, "a", ""),
		ring.ID(keys.Series, "a", "b"),
		keys.NewRing(keys.ForScans, []byte("another key")).ID(keys.Scan, "a", "b"),
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
	ring := ring(keys.ForLogs)
	if got := ring.Pseudonym("anna"); got != "353f527d3305892e" {
		t.Errorf("Pseudonym = %s, so that lines of earlier logs are another's", got)
	}
	if ring.Pseudonym("anna") == ring.Pseudonym("ben") ||
		ring.Pseudonym("anna") == keys.NewRing(keys.ForLogs, []byte("another")).Pseudonym("anna") {
		t.Error("Pseudonym does not depend on the user and the key")
	}
}
