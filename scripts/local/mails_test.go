package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/notify"
	"github.com/facescan/facescan/internal/notify/sample"
	"github.com/facescan/facescan/scripts/local/preflight"
)

// preview runs the command, and returns the names of the files with their contents.
func preview(t *testing.T, args ...string) map[string]string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "new", "folder")
	command, err := preflight.Parse(append([]string{"mail-preview", "-o", folder}, args...))
	if err != nil {
		t.Fatal(err)
	}
	var printed bytes.Buffer
	if err := previewMails(&printed, command); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, e := range entries {
		content, err := os.ReadFile(filepath.Join(folder, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = string(content)
		if !strings.Contains(printed.String(), filepath.Join(folder, e.Name())+"  ") {
			t.Errorf("%s is not named in: %s", e.Name(), &printed)
		}
	}
	return files
}

func TestMailPreview(t *testing.T) {
	t.Parallel()
	all, err := sample.All()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for _, s := range all {
		if !s.HasMail() {
			continue
		}
		for _, l := range notify.Langs {
			letter, err := s.Letter(l)
			if err != nil {
				t.Fatal(err)
			}
			want[s.Name+"."+string(l)+".html"], want[s.Name+"."+string(l)+".txt"] = letter.HTML, letter.Text
		}
	}
	got := preview(t)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, name := range []string{"welcome.de.html", "digest.en.txt", "account_erased.de.txt", "security.device.en.html"} {
		if got[name] == "" {
			t.Errorf("there is no %s", name)
		}
	}
}

func TestMailPreview_ofOne(t *testing.T) {
	t.Parallel()
	files := preview(t, "-lang", "de", "-type", "welcome")
	if len(files) != 2 || !strings.Contains(files["welcome.de.html"], "Willkommen bei FaceScan") ||
		!strings.Contains(files["welcome.de.txt"], "Dein Konto ist bereit.") {
		t.Errorf("%v", files)
	}
}

func TestMailPreview_refuses(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		command preflight.Command
		usage   bool
		says    string
	}{
		"an unknown language": {preflight.Command{Lang: "fr", Folder: file}, true, `no mails in "fr", only in en, de`},
		"an unknown kind": {
			preflight.Command{Kind: "horoscope", Folder: file}, true, `no mails of the kind "horoscope", only of welcome, scan_`,
		},
		"a kind without mails": {
			preflight.Command{Kind: "personal_best", Folder: file}, true, `no mails of the kind "personal_best"`,
		},
		"a folder that is a file": {preflight.Command{Folder: file}, false, "make the folder of the mails"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var printed bytes.Buffer
			err := previewMails(&printed, tt.command)
			var usage *preflight.UsageError
			if err == nil || errors.As(err, &usage) != tt.usage || !strings.Contains(err.Error(), tt.says) || printed.Len() > 0 {
				t.Errorf("%v, printed %s", err, &printed)
			}
		})
	}
}
