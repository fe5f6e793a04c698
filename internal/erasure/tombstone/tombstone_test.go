package tombstone_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/storage"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/oauth2"
	"google.golang.org/api/option"

	"github.com/facescan/facescan/internal/bucket"
	"github.com/facescan/facescan/internal/deploy/fakegcp"
	"github.com/facescan/facescan/internal/erasure/tombstone"
	"github.com/facescan/facescan/internal/local/emulator"
)

func newBucket(t *testing.T) *storage.BucketHandle {
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
	return client.Bucket("tombstones")
}

var noon = time.Date(2026, 11, 29, 12, 0, 0, 123456000, time.UTC)

func TestKeep(t *testing.T) {
	t.Parallel()
	b := newBucket(t)
	of := func(kind tombstone.Kind, phase tombstone.Phase, at time.Time) tombstone.Tombstone {
		return tombstone.Tombstone{Kind: kind, Phase: phase, At: at}
	}
	for i, tt := range []struct {
		pseudonym string
		tombstone.Tombstone
		want bool
	}{
		{"ada", of(tombstone.Account, tombstone.Begun, noon), true},
		{"ada", of(tombstone.Account, tombstone.Begun, noon), false},
		{"ada", of(tombstone.Account, tombstone.Begun, noon.In(time.FixedZone("", 3600))), false},
		{"ada", of(tombstone.Account, tombstone.Done, noon), true},
		{"bob", of(tombstone.Consent, tombstone.Done, noon.Add(time.Hour)), true},
		{"bob", of(tombstone.Consent, tombstone.Done, noon), true},
		{"bob", of(tombstone.Account, tombstone.Begun, noon), true},
	} {
		before, err := tombstone.Exists(t.Context(), b, tt.pseudonym, tt.Tombstone)
		if err != nil || before == tt.want {
			t.Errorf("%d: exists before: %v, %v", i, before, err)
		}
		if written, err := tombstone.Keep(t.Context(), b, tt.pseudonym, tt.Tombstone); err != nil || written != tt.want {
			t.Errorf("%d: written %v, %v, want %v", i, written, err, tt.want)
		}
	}
	got, err := tombstone.Read(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]tombstone.Latest{
		"ada": {Account: noon}, "bob": {Account: noon, Consent: noon.Add(time.Hour)},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("latest (-want +got):\n%s", diff)
	}
	var names []string
	for o, err := range bucket.List(t.Context(), b, "ada/") {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, o.Name)
	}
	if diff := cmp.Diff([]string{
		"ada/account-1795953600123456-begun.json", "ada/account-1795953600123456-done.json",
	}, names); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
}

// bucketAs is the fake cloud's bucket as one caller sees it.
func bucketAs(t *testing.T, environ map[string]string) *storage.BucketHandle {
	t.Helper()
	token := oauth2.StaticTokenSource(&oauth2.Token{AccessToken: environ["GOOGLE_OAUTH_ACCESS_TOKEN"]})
	client, err := storage.NewClient(t.Context(), option.WithTokenSource(token), storage.WithJSONReads(),
		option.WithEndpoint(environ["GOOGLE_BACKEND_STORAGE_CUSTOM_ENDPOINT"]))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client.Bucket("tombstones")
}

// The function that erases may create objects, and neither read nor replace them.
func TestKeep_byOneWhoMayCreateOnly(t *testing.T) {
	t.Parallel()
	fake, err := fakegcp.Start(t.Context(), fakegcp.Options{Project: "facescan-test", Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = fake.Close() })
	const eraser = "serviceAccount:erase@facescan-test.iam.gserviceaccount.com"
	b, mine := bucketAs(t, fake.Environ()), bucketAs(t, fake.EnvironAs(eraser))
	if err := b.Create(t.Context(), "facescan-test", nil); err != nil {
		t.Fatal(err)
	}
	stone := tombstone.Tombstone{Kind: tombstone.Account, Phase: tombstone.Begun, At: noon}
	if _, err := tombstone.Keep(t.Context(), mine, "ada", stone); err == nil {
		t.Error("a tombstone is kept by one who may not")
	}
	policy := `{"bindings":[{"role":"roles/storage.objectCreator","members":["allAuthenticatedUsers"]}]}`
	grant, err := http.NewRequestWithContext(t.Context(), http.MethodPut,
		fake.Environ()["GOOGLE_BACKEND_STORAGE_CUSTOM_ENDPOINT"]+"b/tombstones/iam", strings.NewReader(policy))
	if err != nil {
		t.Fatal(err)
	}
	grant.Header.Set("Content-Type", "application/json")
	grant.Header.Set("Authorization", "Bearer "+fake.Environ()["GOOGLE_OAUTH_ACCESS_TOKEN"])
	if granted, err := http.DefaultClient.Do(grant); err != nil || granted.StatusCode != http.StatusOK {
		t.Fatal(granted, err)
	} else if err := granted.Body.Close(); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := tombstone.Keep(t.Context(), mine, "ada", stone); err != nil {
			t.Error(err)
		}
	}
	got, err := tombstone.Read(t.Context(), b)
	if diff := cmp.Diff(map[string]tombstone.Latest{"ada": {Account: noon}}, got); diff != "" || err != nil {
		t.Errorf("%v, latest (-want +got):\n%s", err, diff)
	}
	if _, err := tombstone.Read(t.Context(), mine); err == nil {
		t.Error("the eraser reads tombstones")
	}
}

func TestRead_refusesWhatIsNoTombstone(t *testing.T) {
	t.Parallel()
	const name = "ada/account-1795953600123456-begun.json"
	good := `{"schema":1,"kind":"account","phase":"begun","at":"2026-11-29T12:00:00.123456Z"}`
	for about, object := range map[string]struct{ name, body string }{
		"another's file":              {"README", good},
		"no JSON":                     {name, "{"},
		"a later version's":           {name, strings.Replace(good, `"schema":1`, `"schema":2`, 1)},
		"a kind that is none":         {name, strings.Replace(good, `"account"`, `"photo"`, 1)},
		"another time than its name":  {name, strings.Replace(good, "12:00", "13:00", 1)},
		"more than its name":          {strings.Replace(name, ".json", "-2.json", 1), good},
		"another phase than its name": {name, strings.Replace(good, "begun", "done", 1)},
	} {
		t.Run(about, func(t *testing.T) {
			t.Parallel()
			b := newBucket(t)
			w := b.Object(object.name).NewWriter(t.Context())
			_, err := w.Write([]byte(object.body))
			if err := errors.Join(err, w.Close()); err != nil {
				t.Fatal(err)
			}
			if all, err := tombstone.Read(t.Context(), b); err == nil || !strings.Contains(err.Error(), object.name) {
				t.Errorf("read %v, %v", all, err)
			}
		})
	}
}
