package main

import (
	"errors"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/storage"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/erasure"
	"github.com/facescan/facescan/internal/erasure/tombstone"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/testkit"
)

func TestMain(m *testing.M) { os.Exit(emulatortest.Main(m, emulator.Firestore)) }

var (
	erased   = keys.NewRing(keys.ForErased, []byte("the functions' key"))
	receipts = keys.NewRing(keys.ForReceipts, []byte("the functions' key of receipts"))
)

// TestReplay: what a replay does to users is tested in package erasure. This is the command, on a
// named database.
func TestReplay(t *testing.T) {
	t.Parallel()
	objects, err := emulator.NewStorage(t.Context(), emulator.StorageOptions{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = objects.Close() })
	client, err := storage.NewClient(t.Context(), objects.ClientOptions()...)
	if err := errors.Join(err, objects.CreateBucket("tombstones")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	fs, err := firestore.NewClientWithDatabase(t.Context(), emulatortest.UniqueProject(t), "restored")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = fs.Close() })

	created := time.Now().Add(-time.Hour).UTC()
	for _, uid := range []account.UID{"ada", "bob"} {
		u := account.User{Schema: account.UserSchema, UID: uid, State: account.Active, CreatedAt: created}
		if _, err := account.Ref(fs, uid).Set(t.Context(), u); err != nil {
			t.Fatal(err)
		}
	}
	ada := erasure.Pseudonym(erased, "ada")
	stone := tombstone.Tombstone{Kind: tombstone.Account, Phase: tombstone.Done, At: created.Add(time.Minute)}
	if _, err := tombstone.Keep(t.Context(), client.Bucket("tombstones"), ada, stone); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		dry  bool
		want string
	}{
		{true, "2 users, to do: erase 1, withdraw 0, remove 0; 0 failed"},
		{false, "2 users, done: erase 1, withdraw 0, remove 0; 0 failed"},
		{false, "2 users, done: erase 0, withdraw 0, remove 0; 0 failed"},
	} {
		var out strings.Builder
		o := options{project: "p", database: "restored", bucket: "tombstones", erased: erased, receipts: receipts,
			owed: testkit.Ring(keys.ForOutbox), audit: testkit.Ring(keys.ForAudit), dryRun: step.dry}
		if err := o.replay(t.Context(), fs, client.Bucket("tombstones"), &out); err != nil {
			t.Fatal(err)
		}
		if said := out.String(); !strings.Contains(said, step.want) || strings.Contains(said, "ada\n") {
			t.Errorf("said %s, want %s", said, step.want)
		}
		owed, err := fs.Collection("outbox").Documents(t.Context()).GetAll()
		if want := !step.dry; err != nil || len(owed) == 1 != want {
			t.Errorf("%d events are owed, %v", len(owed), err)
		}
	}
	for uid, want := range map[account.UID]account.State{"ada": account.Erasing, "bob": account.Active} {
		if u, err := account.Get(t.Context(), fs, uid); err != nil || u.State != want {
			t.Errorf("%s is %s, %v, want %s", uid, u.State, err, want)
		}
	}
}

// An empty bucket and another key find nothing to do, as a healthy run does: they are told apart.
func TestReplay_tellsWhatItCannotGoBy(t *testing.T) {
	t.Parallel()
	objects, err := emulator.NewStorage(t.Context(), emulator.StorageOptions{Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = objects.Close() })
	client, err := storage.NewClient(t.Context(), objects.ClientOptions()...)
	if err := errors.Join(err, objects.CreateBucket("tombstones")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	fs, err := firestore.NewClient(t.Context(), emulatortest.UniqueProject(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = fs.Close() })

	var out strings.Builder
	o := options{project: "p", bucket: "tombstones", receipts: receipts, owed: testkit.Ring(keys.ForOutbox),
		audit:  testkit.Ring(keys.ForAudit),
		erased: keys.NewRing(keys.ForErased, []byte("another key"))}
	if err := o.replay(t.Context(), fs, client.Bucket("tombstones"), &out); !errors.Is(err, errEmpty) {
		t.Errorf("an empty bucket: %v", err)
	}
	stone := tombstone.Tombstone{Kind: tombstone.Account, Phase: tombstone.Done, At: time.Now()}
	u := account.User{Schema: account.UserSchema, UID: "ada", State: account.Active, CreatedAt: stone.At.Add(-time.Hour)}
	_, err = tombstone.Keep(t.Context(), client.Bucket("tombstones"), erasure.Pseudonym(erased, "ada"), stone)
	if _, failed := account.Ref(fs, "ada").Set(t.Context(), u); errors.Join(err, failed) != nil {
		t.Fatal(err, failed)
	}
	if err := o.replay(t.Context(), fs, client.Bucket("tombstones"), &out); err != nil ||
		!strings.Contains(out.String(), "FACESCAN_KEY_ERASED has no secret") {
		t.Errorf("another key: %v, said %s", err, &out)
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	secret := keys.Derive([]byte("root"), keys.ForErased)
	all := map[string]string{
		"FACESCAN_KEY_ERASED": secret, "FACESCAN_KEY_RECEIPTS": secret, "FACESCAN_KEY_OUTBOX": secret,
		"FACESCAN_KEY_AUDIT":         secret,
		"FACESCAN_TOMBSTONES_BUCKET": "b",
		"FACESCAN_DATABASE":          "restored",
	}
	for name, tt := range map[string]struct {
		args    []string
		environ map[string]string
		want    error
		says    string
	}{
		"all there is": {[]string{"-project", "p"}, all, nil, ""},
		"help":         {[]string{"-h"}, all, flag.ErrHelp, "usage:"},
		"no project":   {nil, all, errUsage, "name the project"},
		"no bucket": {
			[]string{"-project", "p"}, map[string]string{"FACESCAN_KEY_ERASED": secret}, errUsage, "name the bucket",
		},
		"no keys": {
			[]string{"-project", "p", "-bucket", "b"}, nil, errUsage, "FACESCAN_KEY_ERASED is not set",
		},
		"no key of receipts": {
			[]string{"-project", "p", "-bucket", "b"}, map[string]string{"FACESCAN_KEY_ERASED": secret}, errUsage,
			"FACESCAN_KEY_RECEIPTS is not set",
		},
		"a key that is none": {
			[]string{"-project", "p", "-bucket", "b"}, map[string]string{"FACESCAN_KEY_ERASED": "hunter2"}, errUsage,
			"read FACESCAN_KEY_ERASED",
		},
		"an unknown option":  {[]string{"-users"}, all, errUsage, "flag provided but not defined"},
		"an argument behind": {[]string{"-project", "p", "x"}, all, errUsage, "arguments behind"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stderr strings.Builder
			o, err := parse(tt.args, func(name string) string { return tt.environ[name] }, &stderr)
			if !errors.Is(err, tt.want) || !strings.Contains(stderr.String(), tt.says) {
				t.Errorf("%v, said %s", err, stderr.String())
			}
			if err == nil && (o.project != "p" || o.bucket != "b" || o.database != "restored") {
				t.Errorf("options %+v", o)
			}
		})
	}
}
