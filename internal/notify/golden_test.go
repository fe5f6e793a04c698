package notify_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/notify"
	"github.com/facescan/facescan/internal/notify/sample"
)

var update = flag.Bool("update", false, "write testdata anew")

// golden compares what was said with testdata/NAME.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("%s is not there: -update writes it", path)
	}
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// asJSON returns a value in lines.
func asJSON(t *testing.T, v any) []byte {
	t.Helper()
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(v); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// written are the channels of a sample, by the end of a golden file's name.
func written(t *testing.T, s sample.Sample, l notify.Lang) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	u := s.User(l)
	if len(s.Messages) == 1 {
		m := s.Messages[0]
		text, err := m.Text(u)
		if err != nil {
			t.Fatal(err)
		}
		item := m.Item(text, time.Time{})
		files["inbox"] = asJSON(t, struct {
			Type  string
			Kind  notify.Kind
			Title string
			Body  string
			Data  map[string]string
		}{item.Type, item.Kind, item.Title, item.Body, item.Data})
		if m.Rule.Has(notify.Push) {
			files["push"] = push(t, text, m.Rule, m.Data)
		}
	}
	if len(s.Messages) > 1 {
		digest := notify.Digest(s.Messages)
		text, err := digest.Text(u)
		if err != nil {
			t.Fatal(err)
		}
		files["push"] = push(t, text, digest.Rule(), nil)
	}
	if s.HasMail() {
		letter, err := s.Letter(l)
		if err != nil {
			t.Fatal(err)
		}
		files["mail.txt"] = []byte("Subject: " + letter.Subject + "\n\n" + letter.Text)
		files["mail.html"] = []byte(letter.HTML)
	}
	return files
}

func push(t *testing.T, text notify.Text, r notify.Rule, data map[string]string) []byte {
	t.Helper()
	return asJSON(t, struct {
		Title, Body string
		Data        map[string]string `json:",omitempty"`
		Group       string
		High        bool
		Life        string
	}{text.Title, text.Body, data, r.Group, r.High, r.Life.String()})
}

// Every kind is written as is expected, in every language, for every channel.
func TestGolden(t *testing.T) {
	t.Parallel()
	all, err := sample.All()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range all {
		for _, l := range notify.Langs {
			for channel, got := range written(t, s, l) {
				name := s.Name + "." + string(l) + "." + channel
				names = append(names, name)
				t.Run(name, func(t *testing.T) { golden(t, name, got) })
			}
		}
	}
	entries, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != "rapid" && !slices.Contains(names, e.Name()) {
			t.Errorf("testdata/%s is of no sample", e.Name())
		}
	}
}

// The samples are of every kind and event that users are told of, in the mail and elsewhere.
func TestSamples(t *testing.T) {
	t.Parallel()
	all, err := sample.All()
	if err != nil {
		t.Fatal(err)
	}
	names, told := map[string]bool{}, map[string]bool{}
	for _, s := range all {
		if names[s.Name] {
			t.Errorf("%s is there twice", s.Name)
		}
		names[s.Name], told[s.Kind()] = true, true
		for _, m := range s.Messages {
			told[m.Type] = true
		}
	}
	for _, r := range notify.Rules {
		for _, e := range r.Events {
			if !told[e] && r.Kind != notify.AccountErased {
				t.Errorf("no sample is of %s", e)
			}
		}
		if !told[string(r.Kind)] {
			t.Errorf("no sample is of %s", r.Kind)
		}
	}
	if !told[sample.Digest] {
		t.Error("no sample is the digest")
	}
}

// Without scripts, styles or pictures from elsewhere a mail shows the same wherever it is read.
func TestMails_loadNothing(t *testing.T) {
	t.Parallel()
	all, err := sample.All()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		if !s.HasMail() {
			continue
		}
		for _, l := range notify.Langs {
			letter, err := s.Letter(l)
			if err != nil {
				t.Fatal(err)
			}
			for _, no := range []string{"<script", "<link", "<style", "<img", "src=", "url(", "class=", "@import"} {
				if strings.Contains(letter.HTML, no) {
					t.Errorf("%s in %s has %s", s.Name, l, no)
				}
			}
			if !strings.Contains(letter.HTML, `<html lang="`+string(l)+`">`) {
				t.Errorf("%s does not say that it is in %s", s.Name, l)
			}
			critical := len(s.Messages) == 0 || s.Messages[0].Rule.Critical
			for _, text := range []string{letter.Text, letter.HTML} {
				if strings.Contains(text, "/v1/unsubscribe/") == critical {
					t.Errorf("%s in %s links to unsubscribing = %v", s.Name, l, !critical)
				}
			}
		}
	}
}
