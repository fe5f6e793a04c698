package main

import (
	"errors"
	"os"
	"strings"
	"testing"

	"firebase.google.com/go/v4/auth"
	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
)

func TestMain(m *testing.M) { os.Exit(emulatortest.Main(m, emulator.Auth)) }

func TestRun(t *testing.T) {
	t.Parallel()
	project := emulatortest.UniqueProject(t)
	users := emulatortest.AuthClient(t, project)
	user, err := users.CreateUser(t.Context(), new(auth.UserToCreate).UID("ada").Email("ada@example.com"))
	if err != nil {
		t.Fatal(err)
	}
	if err := users.SetCustomUserClaims(t.Context(), user.UID, map[string]any{"team": "a"}); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args []string
		want map[string]any
	}{
		{[]string{"-uid", "ada", "support"}, map[string]any{"team": "a", "role": "support"}},
		{[]string{"-email", "ada@example.com", "admin"}, map[string]any{"team": "a", "role": "admin"}},
		{[]string{"-uid", "ada", "admin"}, map[string]any{"team": "a", "role": "admin"}},
		{[]string{"-uid", "ada", "none"}, map[string]any{"team": "a"}},
	} {
		var out strings.Builder
		if err := run(t.Context(), append([]string{"-project", project}, tt.args...), &out); err != nil {
			t.Fatal(err)
		}
		got, err := users.GetUser(t.Context(), "ada")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, got.CustomClaims); diff != "" || got.TokensValidAfterMillis == 0 {
			t.Errorf("%q: tokens valid after %d, claims (-want +got):\n%s", tt.args, got.TokensValidAfterMillis, diff)
		}
	}
	if err := run(t.Context(), []string{"-project", project, "-uid", "bob", "admin"}, new(strings.Builder)); err == nil {
		t.Error("a user who is not there has a role")
	}
}

func TestRun_refusesOtherUsage(t *testing.T) {
	t.Parallel()
	for _, args := range []string{
		"", "admin", "-project p admin", "-project p -uid u", "-project p -uid u owner", "-project p -uid u admin support",
		"-project p -uid u -email e admin", "-uid u admin",
	} {
		if err := run(t.Context(), strings.Fields(args), new(strings.Builder)); !errors.Is(err, errUsage) {
			t.Errorf("%q: %v", args, err)
		}
	}
}
