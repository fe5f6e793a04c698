package main

import (
	"errors"
	"flag"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/account/standing"
	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/testkit"
)

func TestMain(m *testing.M) { os.Exit(emulatortest.Main(m, emulator.Firestore)) }

func TestBan(t *testing.T) {
	t.Parallel()
	fs := emulatortest.Firestore(t, emulatortest.UniqueProject(t))
	u := account.User{Schema: account.UserSchema, UID: "ada", State: account.Active}
	if _, err := account.Ref(fs, u.UID).Set(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	for i, step := range []struct {
		do     standing.Action
		reason string
		dry    bool
		want   account.State
		owed   int
	}{
		{standing.Ban, "abuse", true, account.Active, 0}, {standing.Ban, "abuse", false, account.Banned, 2},
		{standing.Ban, "abuse", false, account.Banned, 2}, {standing.Lift, "mistake", false, account.Active, 4},
		{standing.Quarantine, "legal", false, account.Quarantined, 5},
		{standing.Release, "resolved", false, account.Active, 6},
	} {
		var out strings.Builder
		o := options{
			uid: u.UID, do: step.do, reason: step.reason, dryRun: step.dry, key: testkit.Writer(catalog.Operator),
			audit: testkit.Ring(keys.ForAudit),
		}
		if err := o.run(t.Context(), fs, &out); err != nil {
			t.Fatal(err)
		}
		now, err := account.Get(t.Context(), fs, u.UID)
		if err != nil || now.State != step.want {
			t.Errorf("step %d: the account is %s, %v; said %s", i, now.State, err, &out)
		}
		owed, err := fs.Collection("outbox").Where("writer", "==", catalog.Operator).Documents(t.Context()).GetAll()
		if err != nil || len(owed) != step.owed {
			t.Errorf("step %d: %d events are owed, want %d, %v", i, len(owed), step.owed, err)
		}
	}
	acts, err := fs.Collection("audit").Where("by", "==", "operator").Documents(t.Context()).GetAll()
	if err != nil || len(acts) != 6 {
		t.Errorf("%d acts of 6, %v", len(acts), err)
	}
	o := options{uid: "nobody", do: standing.Ban, reason: "abuse", audit: testkit.Ring(keys.ForAudit)}
	if err := o.run(t.Context(), fs, io.Discard); !errors.Is(err, account.ErrNoUser) {
		t.Errorf("a user whom there is not: %v", err)
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
		"all there is":      {[]string{"-project", "p", "-uid", "u", "-reason", "abuse"}, key, nil, ""},
		"no reason":         {[]string{"-project", "p", "-uid", "u"}, key, errUsage, "takes a -reason of abuse"},
		"an unknown action": {[]string{"-project", "p", "-uid", "u", "-do", "x"}, key, errUsage, "no action"},
		"help":              {[]string{"-h"}, key, flag.ErrHelp, "usage:"},
		"no project":        {[]string{"-uid", "u"}, key, errUsage, "name the project"},
		"no user":           {[]string{"-project", "p"}, key, errUsage, "name the user"},
		"no secret": {
			[]string{"-project", "p", "-uid", "u", "-reason", "abuse"}, nil, errUsage, "FACESCAN_KEY_OUTBOX",
		},
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
