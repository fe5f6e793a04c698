package outbox_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/testkit"
)

// The sweep publishes what its writer may tell, and nothing that another function has put into the
// outbox in its place.
func TestSweep_judges(t *testing.T) {
	t.Parallel()
	const writer, other = "rank", "scans"
	may := func(who, topic string) bool { return who == writer && topic == event.Topic("scan.failed.v1") }
	set := func(path string, value any) func(*testing.T, *firestore.DocumentRef) {
		return func(t *testing.T, ref *firestore.DocumentRef) {
			t.Helper()
			if _, err := ref.Update(t.Context(), []firestore.Update{{Path: path, Value: value}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	before := keys.NewRing(keys.ForOutbox, []byte("before"))
	unsigned := func(t *testing.T, ref *firestore.DocumentRef) {
		t.Helper()
		for path, value := range map[string]any{
			"writer": firestore.Delete, "proof": firestore.Delete, "schema": 1,
		} {
			set(path, value)(t, ref)
		}
	}
	for name, tt := range map[string]struct {
		by     keys.Ring
		change func(*testing.T, *firestore.DocumentRef)
		want   error // of the sweep
		parked bool
	}{
		"what its writer left":               {testkit.Writer(writer), nil, nil, false},
		"by the earlier secret":              {before.OfWriter(writer), nil, nil, false},
		"by a secret that is nobody's":       {keys.NewRing(keys.ForWriter(writer), []byte("guessed")), nil, nil, true},
		"of a topic that is not its own":     {testkit.Writer(other), nil, nil, true},
		"with another writer's name":         {testkit.Writer(other), set("writer", writer), nil, true},
		"with another topic":                 {testkit.Writer(writer), set("topic", "export-ready-v1"), nil, true},
		"with other data":                    {testkit.Writer(writer), set("data", []byte(`{"uid":"x"}`)), nil, true},
		"with other attributes":              {testkit.Writer(writer), set("attributes.type", "x"), nil, true},
		"without a proof":                    {testkit.Writer(writer), set("proof", firestore.Delete), nil, true},
		"without a writer":                   {testkit.Writer(writer), set("writer", firestore.Delete), nil, true},
		"that says it is of an old version":  {testkit.Writer(writer), set("schema", 1), nil, false},
		"of a version before the signatures": {testkit.Writer(writer), unsigned, outbox.ErrUnsigned, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.box = outbox.New(f.fs, f.topics, tt.by, f.now)
			f.topics.setFail(failing([]string{"error"}))
			if err := f.commit(t.Context(), t, "a"); err != nil {
				t.Fatal(err)
			}
			if tt.change != nil {
				tt.change(t, f.fs.Collection("outbox").Doc("a"))
			}
			f.topics.setFail(nil)
			f.advance(time.Hour)
			root := keys.NewRing(keys.ForOutbox, testkit.Secret(keys.ForOutbox), []byte("before"))
			_, err := f.box.Judging(root, may).Sweep(t.Context(), 0)
			if !errors.Is(err, tt.want) || (err == nil) != (tt.want == nil) {
				t.Fatalf("err = %v, want %v", err, tt.want)
			}
			wrong := tt.parked || tt.want != nil
			if published := ids(f.topics.take()); slices.Contains(published, "a") == wrong {
				t.Errorf("published %q", published)
			}
			if left := f.owed(t); (len(left) > 0) != (tt.want != nil) {
				t.Errorf("in the outbox: %q", left)
			}
			if kept := parkedIn(t, f.fs); (kept == 1) != tt.parked {
				t.Errorf("%d events are parked", kept)
			}
		})
	}
}

func parkedIn(t *testing.T, fs *firestore.Client) int {
	t.Helper()
	all, err := fs.Collection("parked").Documents(t.Context()).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

// A document that was published and removed can be put back by any function. It is the same event
// with the same id, by which its consumers drop it, and it cannot be given another.
func TestSweep_replayed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.topics.setFail(failing([]string{"error"}))
	if err := f.commit(t.Context(), t, "a"); err != nil {
		t.Fatal(err)
	}
	f.topics.setFail(nil)
	snap, err := f.fs.Collection("outbox").Doc("a").Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.fs.Collection("outbox").Doc("b").Set(t.Context(), snap.Data()); err != nil {
		t.Fatal(err)
	}
	f.advance(time.Hour)
	if _, err := f.box.Sweep(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if diff := ids(f.topics.take()); !slices.Equal(diff, []string{"a"}) || parkedIn(t, f.fs) != 1 {
		t.Errorf("published %q, %d parked", diff, parkedIn(t, f.fs))
	}
}
