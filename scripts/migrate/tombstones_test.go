package main

import (
	"errors"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/storage"
	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/erasure"
	"github.com/facescan/facescan/internal/erasure/tombstone"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/local/emulator"
)

// newStones are an empty bucket and the key by which testdata/tombstones.json was made.
func newStones(t *testing.T) *stones {
	t.Helper()
	s, err := emulator.NewStorage(t.Context(), emulator.StorageOptions{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	client, err := storage.NewClient(t.Context(), s.ClientOptions()...)
	if err := errors.Join(err, s.CreateBucket("tombstones")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return &stones{bucket: client.Bucket("tombstones"), key: keys.NewRing(keys.ForErased, []byte("key"))}
}

// testdata/tombstones.json is what 765206a wrote. ada was erased, and bob is being erased. dan and
// eve withdrew their consents, and eve gave hers anew; cora's withdrawal is under way. old withdrew
// theirs forty days earlier, and fay did nothing.
func TestTombstones(t *testing.T) {
	t.Parallel()
	_, fs := database(t, "tombstones.json")
	kept := newStones(t)
	run := func(stones *stones, dry bool) (said string, err error) {
		var out strings.Builder
		r := runner{fs: fs, now: func() time.Time { return today }, out: &out, dry: dry, stones: stones}
		for _, s := range steps {
			if s.is("tombstones") {
				err = errors.Join(err, r.run(t.Context(), s))
			}
		}
		return out.String(), err
	}
	if said, err := run(nil, false); !errors.Is(err, errIncomplete) || !strings.Contains(said, errNoTombstones.Error()) {
		t.Errorf("without a bucket: %v, %s", err, said)
	}
	read := func() map[string]tombstone.Latest {
		t.Helper()
		all, err := tombstone.Read(t.Context(), kept.bucket)
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	if said, err := run(kept, true); err != nil || strings.Count(said, "keep the tombstone of ") != 5 || len(read()) > 0 {
		t.Errorf("dry: %v, %v, %s", err, read(), said)
	}
	if said, err := run(kept, false); err != nil {
		t.Errorf("%v, %s", err, said)
	}
	at := func(text string) time.Time {
		t.Helper()
		parsed, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return parsed
	}
	of := func(uid account.UID) string { return erasure.Pseudonym(kept.key, uid) }
	want := map[string]tombstone.Latest{
		of("ada"):  {Account: at("2026-11-29T13:25:00Z")},
		of("bob"):  {Account: at("2026-11-29T15:15:00Z")},
		of("dan"):  {Consent: at("2026-11-29T13:25:00Z")},
		of("eve"):  {Consent: at("2026-11-29T13:50:00Z")},
		of("cora"): {Consent: at("2026-11-29T15:15:00Z")},
	}
	if diff := cmp.Diff(want, read()); diff != "" {
		t.Errorf("tombstones (-want +got):\n%s", diff)
	}
	if said, err := run(kept, false); err != nil || strings.Contains(said, "1 migrated") {
		t.Errorf("again: %v, %s", err, said)
	}
}
