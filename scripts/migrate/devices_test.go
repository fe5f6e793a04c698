package main

import (
	"testing"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/account/device"
)

// found is the devices that the step's version finds by the token.
func found(t *testing.T, fs *firestore.Client, token string) (paths []string) {
	t.Helper()
	snaps, err := fs.CollectionGroup("devices").Where(
		"tokenHash", "==", device.Hash(token),
	).Documents(t.Context()).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, snap := range snaps {
		paths = append(paths, pathOf(snap.Ref))
	}
	return paths
}

// testdata/devices.json is what PUT /v1/devices wrote at bf55e16; that of the laptop, whose token
// has 1,504 bytes, was answered with 500.
func TestDevices(t *testing.T) {
	t.Parallel()
	tokens := func(t *testing.T, fs *firestore.Client) map[string]device.Device {
		t.Helper()
		all := map[string]device.Device{}
		for _, path := range []string{"users/ada/devices/phone", "users/ada/devices/laptop", "users/bob/devices/phone"} {
			snap, err := fs.Doc(path).Get(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var d device.Device
			if err := snap.DataTo(&d); err != nil {
				t.Fatal(err)
			}
			all[path] = d
		}
		return all
	}
	t.Run("are found by their tokens", func(t *testing.T) {
		t.Parallel()
		project, fs := database(t, "devices.json")
		before := tokens(t, fs)
		migrated(t, project, fs, devices)
		for path, d := range before {
			if got := found(t, fs, d.Token); len(got) != 1 || got[0] != path {
				t.Errorf("%s is found as %v", path, got)
			}
			after := tokens(t, fs)[path]
			if after.TokenHash = ""; after != d {
				t.Errorf("%s was %+v and is %+v", path, d, after)
			}
		}
	})
	t.Run("give way to whoever has registered their token since", func(t *testing.T) {
		t.Parallel()
		project, fs := database(t, "devices.json")
		before := tokens(t, fs)
		put(t, fs, "carol", before["users/ada/devices/phone"], time.Hour)
		put(t, fs, "dave", before["users/ada/devices/laptop"], -time.Hour)
		migrated(t, project, fs, devices)
		for path, want := range map[string]string{
			"users/ada/devices/phone": "users/carol/devices/phone", "users/ada/devices/laptop": "users/ada/devices/laptop",
		} {
			if got := found(t, fs, before[path].Token); len(got) != 1 || got[0] != want {
				t.Errorf("the token of %s is found as %v, want %s", path, got, want)
			}
		}
	})
}

// put writes the user's phone with the token of another device, as this version does, so much
// later.
func put(t *testing.T, fs *firestore.Client, uid account.UID, of device.Device, later time.Duration) {
	t.Helper()
	d := device.New(device.Spec{Token: of.Token, Platform: of.Platform}, of.UpdatedAt.Add(later))
	if _, err := device.Of(account.Ref(fs, uid)).Doc("phone").Set(t.Context(), d); err != nil {
		t.Fatal(err)
	}
}
