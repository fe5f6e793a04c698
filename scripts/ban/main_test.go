package main

import (
	"errors"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"firebase.google.com/go/v4/auth"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/testkit"
)

func TestMain(m *testing.M) { os.Exit(emulatortest.Main(m, emulator.Firestore, emulator.Auth)) }

func TestBan(t *testing.T) {
	t.Parallel()
	project := emulatortest.UniqueProject(t)
	fs, err := firestore.NewClient(t.Context(), project)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = fs.Close() })
	users := emulatortest.AuthClient(t, project)
	made, err := users.CreateUser(t.Context(), new(auth.UserToCreate).Email("ada@example.com").Disabled(true))
	if err != nil {
		t.Fatal(err)
	}
	u := account.User{Schema: account.UserSchema, UID: account.UID(made.UID), State: account.Active}
	if _, err := account.Ref(fs, u.UID).Set(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	validAfter := func() time.Time {
		t.Helper()
		u, err := account.Get(t.Context(), fs, account.UID(made.UID))
		if err != nil {
			t.Fatal(err)
		}
		return u.TokensValidAfter
	}
	var out strings.Builder
	o := options{uid: u.UID, key: testkit.Writer(catalog.Operator), audit: testkit.Ring(keys.ForAudit)}
	for range 2 {
		if err := o.run(t.Context(), fs, users, &out); err != nil {
			t.Fatal(err)
		}
	}
	if !validAfter().Equal(account.Banned) {
		t.Errorf("sign-ins hold after %s", validAfter())
	}
	owed, err := fs.Collection("outbox").Documents(t.Context()).GetAll()
	if err != nil || len(owed) != 1 || owed[0].Data()["writer"] != catalog.Operator {
		t.Errorf("%d events are owed, %v", len(owed), err)
	}
	o.lift = true
	if err := o.run(t.Context(), fs, users, &out); err != nil {
		t.Fatal(err)
	}
	again, err := users.GetUser(t.Context(), made.UID)
	if err != nil || again.Disabled || validAfter().Equal(account.Banned) {
		t.Errorf("disabled %v, sign-ins hold after %s, %v", again.Disabled, validAfter(), err)
	}
	o.uid, o.lift = "nobody", false
	if err := o.run(t.Context(), fs, users, &out); err == nil {
		t.Error("a user whom there is not is banned")
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	secret := keys.Derive([]byte("root"), keys.ForOutbox)
	key := map[string]string{"FACESCAN_KEY_OUTBOX": secret, "FACESCAN_KEY_AUDIT": secret}
	for name, tt := range map[string]struct {
		args    []string
		environ map[string]string
		want    error
		says    string
	}{
		"all there is":       {[]string{"-project", "p", "-uid", "u"}, key, nil, ""},
		"help":               {[]string{"-h"}, key, flag.ErrHelp, "usage:"},
		"no project":         {[]string{"-uid", "u"}, key, errUsage, "name the project"},
		"no user":            {[]string{"-project", "p"}, key, errUsage, "name the user"},
		"no secret":          {[]string{"-project", "p", "-uid", "u"}, nil, errUsage, "FACESCAN_KEY_OUTBOX"},
		"an argument behind": {[]string{"-project", "p", "u"}, key, errUsage, "arguments behind"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stderr strings.Builder
			_, err := parse(tt.args, func(name string) string { return tt.environ[name] }, &stderr)
			if !errors.Is(err, tt.want) || !strings.Contains(stderr.String(), tt.says) {
				t.Errorf("%v, said %s", err, &stderr)
			}
		})
	}
}
