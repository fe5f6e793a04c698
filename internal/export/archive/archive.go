// Package archive writes and verifies the zips of exports.
package archive

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"time"
)

const (
	// manifestName is the archive's last entry.
	manifestName = "manifest.json"
	// maxManifest is the largest manifest that is read, in bytes: some hundred thousand entries.
	maxManifest   = 64 << 20
	formatName    = "facescan-export"
	formatVersion = 1
)

// ErrInvalid means that a file is not a complete and unchanged export.
var ErrInvalid = errors.New("the export is incomplete or changed")

// Manifest is manifest.json, the last entry, with the list of all others.
type Manifest struct {
	// Format is "facescan-export" and Version 1.
	Format  string `json:"format"`
	Version int    `json:"version"`
	// CreatedAt is when the export was requested.
	CreatedAt time.Time `json:"createdAt"`
	// Entries are all entries except the manifest, in the order of the archive.
	Entries []Entry `json:"entries"`
}

// Entry is one file of an archive.
type Entry struct {
	Name string `json:"name"`
	// Bytes is the uncompressed size, SHA256 the hash of the uncompressed content in hex.
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Writer writes an archive. The same entries give the same bytes.
type Writer struct {
	zip      *zip.Writer
	manifest Manifest
	// begin is called before each entry. Its error ends the writing.
	begin func() error
}

// NewWriter returns a writer of an export that was requested at the time. It calls begin before
// each entry and stops at its error.
func NewWriter(w io.Writer, createdAt time.Time, begin func() error) *Writer {
	return &Writer{zip: zip.NewWriter(w), begin: begin, manifest: Manifest{
		Format: formatName, Version: formatVersion, CreatedAt: createdAt.UTC(), Entries: []Entry{},
	}}
}

// Text adds a compressed entry.
func (a *Writer) Text(name string, write func(io.Writer) error) error {
	return a.add(name, zip.Deflate, write)
}

// Binary adds an entry that is not worth compressing.
func (a *Writer) Binary(name string, write func(io.Writer) error) error {
	return a.add(name, zip.Store, write)
}

func (a *Writer) add(name string, method uint16, write func(io.Writer) error) error {
	if !fs.ValidPath(name) {
		return fmt.Errorf("%q is not a name for an entry", name)
	}
	if err := a.begin(); err != nil {
		return err
	}
	w, err := a.zip.CreateHeader(&zip.FileHeader{Name: name, Method: method, Modified: a.manifest.CreatedAt})
	if err != nil {
		return fmt.Errorf("add %s: %w", name, err)
	}
	m := &meter{sum: sha256.New()}
	if err := write(io.MultiWriter(w, m)); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if name != manifestName {
		a.manifest.Entries = append(a.manifest.Entries, m.entry(name))
	}
	return nil
}

// Close adds the manifest and ends the archive.
func (a *Writer) Close() error {
	if err := a.Text(manifestName, JSON(a.manifest)); err != nil {
		return err
	}
	return a.zip.Close()
}

// JSON returns a function that writes v as JSON, for an entry.
func JSON(v any) func(io.Writer) error {
	return func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(v)
	}
}

// meter measures and hashes what is written through it.
type meter struct {
	sum hash.Hash
	n   int64
}

func (m *meter) Write(p []byte) (int, error) {
	m.n += int64(len(p))
	return m.sum.Write(p)
}

func (m *meter) entry(name string) Entry {
	return Entry{Name: name, Bytes: m.n, SHA256: hex.EncodeToString(m.sum.Sum(nil))}
}

// Verify reads the archive of size bytes and compares every entry with the manifest: none is
// missing, added, moved or changed. Its error is [ErrInvalid] or the reader's.
func Verify(r io.ReaderAt, size int64) (Manifest, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return Manifest{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	last := len(z.File) - 1
	if last < 0 || z.File[last].Name != manifestName {
		return Manifest{}, fmt.Errorf("%w: it does not end with %s", ErrInvalid, manifestName)
	}
	m, err := readManifest(z.File[last])
	if err != nil {
		return Manifest{}, err
	}
	if len(m.Entries) != last {
		return Manifest{}, fmt.Errorf("%w: it has %d entries and not %d", ErrInvalid, last, len(m.Entries))
	}
	seen := map[string]bool{}
	for i, want := range m.Entries {
		if seen[want.Name] || !fs.ValidPath(want.Name) {
			return Manifest{}, fmt.Errorf("%w: %q is there twice, or is not a name", ErrInvalid, want.Name)
		}
		seen[want.Name] = true
		if err := check(z.File[i], want); err != nil {
			return Manifest{}, err
		}
	}
	return m, nil
}

func readManifest(f *zip.File) (m Manifest, err error) {
	r, err := f.Open()
	if err != nil {
		return m, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	defer func() { _ = r.Close() }() // read only
	if err := json.NewDecoder(io.LimitReader(r, maxManifest)).Decode(&m); err != nil {
		return m, fmt.Errorf("%w: the manifest cannot be read: %w", ErrInvalid, err)
	}
	if m.Format != formatName || m.Version != formatVersion {
		return m, fmt.Errorf("%w: its format is %q, version %d", ErrInvalid, m.Format, m.Version)
	}
	return m, nil
}

// check reads at most as much of the entry as it should have, whatever it would decompress to.
func check(f *zip.File, want Entry) error {
	r, err := f.Open()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	defer func() { _ = r.Close() }() // read only
	m := &meter{sum: sha256.New()}
	if _, err := io.Copy(m, io.LimitReader(r, want.Bytes+1)); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrInvalid, want.Name, err)
	}
	if m.entry(f.Name) != want {
		return fmt.Errorf("%w: %s is not what the manifest says", ErrInvalid, want.Name)
	}
	return nil
}
