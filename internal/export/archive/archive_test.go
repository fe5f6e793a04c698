package archive

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"testing"
	"time"
)

// build is an archive of three entries. change may spoil what the manifest will say, or add an
// entry behind its back.
func build(t *testing.T, change func(*Writer)) []byte {
	t.Helper()
	var buf bytes.Buffer
	a := NewWriter(&buf, time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC), func() error { return nil })
	for _, name := range []string{"a.json", "b/c.json", "d.jpg"} {
		if err := a.Binary(
			name, func(w io.Writer) error { _, err := io.WriteString(w, "content of "+name); return err },
		); err != nil {
			t.Fatal(err)
		}
	}
	if change != nil {
		change(a)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func TestVerify(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*Writer)
		edit   func([]byte) []byte
		good   bool
	}{
		"as it was made": {good: true},
		"an entry changed": {
			edit: func(b []byte) []byte { return bytes.Replace(b, []byte("content of d"), []byte("content of e"), 1) },
		},
		"cut short":          {edit: func(b []byte) []byte { return b[:len(b)-30] }},
		"empty":              {edit: func([]byte) []byte { return nil }},
		"no manifest":        {edit: func([]byte) []byte { return emptyZip(t) }},
		"an entry missing":   {change: func(a *Writer) { a.manifest.Entries = append(a.manifest.Entries, Entry{Name: "e"}) }},
		"an entry added":     {change: func(a *Writer) { a.manifest.Entries = a.manifest.Entries[:2] }},
		"an entry twice":     {change: func(a *Writer) { a.manifest.Entries[1] = a.manifest.Entries[0] }},
		"entries moved":      {change: func(a *Writer) { e := a.manifest.Entries; e[0], e[1] = e[1], e[0] }},
		"another hash":       {change: func(a *Writer) { a.manifest.Entries[0].SHA256 = "" }},
		"another size":       {change: func(a *Writer) { a.manifest.Entries[0].Bytes++ }},
		"a negative size":    {change: func(a *Writer) { a.manifest.Entries[0].Bytes = -1 }},
		"a name that climbs": {change: func(a *Writer) { a.manifest.Entries[0].Name = "../a.json" }},
		"another format":     {change: func(a *Writer) { a.manifest.Format = "zip" }},
		"a later version":    {change: func(a *Writer) { a.manifest.Version++ }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := build(t, tt.change)
			if tt.edit != nil {
				file = tt.edit(file)
			}
			m, err := Verify(bytes.NewReader(file), int64(len(file)))
			if tt.good != (err == nil) || err != nil && !errors.Is(err, ErrInvalid) || tt.good && len(m.Entries) != 3 {
				t.Errorf("%+v, %v", m, err)
			}
		})
	}
}

func emptyZip(t *testing.T) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := zip.NewWriter(&buf).Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func TestArchive_takesNoNameThatClimbs(t *testing.T) {
	t.Parallel()
	a := NewWriter(io.Discard, time.Time{}, func() error { return nil })
	if err := a.Text("../x", func(io.Writer) error { return nil }); err == nil {
		t.Error("it took ../x")
	}
}

func FuzzVerify(f *testing.F) {
	f.Add([]byte("PK"))
	f.Fuzz(func(_ *testing.T, b []byte) {
		_, _ = Verify(bytes.NewReader(b), int64(len(b))) // it must not panic
	})
}
