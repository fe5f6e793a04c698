package keep

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// sealed is what a manifest says of a file.
type sealed struct {
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// seal returns the seals of the files in the folder, and has them on the disk. A file that is also
// in the state before, by a hard link, has the seal of there: only photos are such files, and they
// are never changed, only replaced.
func seal(dir, before string, seals map[string]sealed) (map[string]sealed, error) {
	all := map[string]sealed{}
	err := each(dir, func(name, path string, info fs.FileInfo) error {
		if old, err := os.Stat(filepath.Join(before, filepath.FromSlash(name))); err == nil && os.SameFile(old, info) {
			if known, ok := seals[name]; ok && known.Bytes == info.Size() {
				all[name] = known
				return nil
			}
		}
		s, err := sealOf(path)
		if err != nil {
			return err
		}
		all[name] = s
		return syncFile(path)
	})
	return all, err
}

// verify compares a state's files with their seals.
func verify(dir string, seals map[string]sealed) error {
	found := 0
	err := each(dir, func(name, path string, _ fs.FileInfo) error {
		if name == manifestName {
			return nil
		}
		want, ok := seals[name]
		if !ok {
			return fmt.Errorf("%s does not belong there", name)
		}
		found++
		got, err := sealOf(path)
		if err == nil && got != want {
			err = fmt.Errorf("%s was changed", name)
		}
		return err
	})
	if err == nil && found < len(seals) {
		return fmt.Errorf("%d of %d files are missing", len(seals)-found, len(seals))
	}
	return err
}

// each calls do with each file below the folder, by its path with slashes there, and its whole
// path.
func each(dir string, do func(name, path string, info fs.FileInfo) error) error {
	return filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		if !info.Mode().IsRegular() {
			return fmt.Errorf("%s is no file", path)
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		return do(filepath.ToSlash(name), path, info)
	})
}

func sealOf(path string) (_ sealed, err error) {
	file, err := os.Open(path) //nolint:gosec // in the folder that is named
	if err != nil {
		return sealed{}, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	sum := sha256.New()
	n, err := io.Copy(sum, file)
	return sealed{Bytes: n, SHA256: hex.EncodeToString(sum.Sum(nil))}, err
}

// syncFile has a file, or a folder's list, on the disk.
func syncFile(path string) error {
	file, err := os.Open(path) //nolint:gosec // in the folder that is named
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}

// Link makes the folder to of hard links to the files of from, which keep what the file system has
// stored with them. A file that goes meanwhile is left out, and so is one whose name begins with a
// dot: fake-gcs-server writes an object to such a name until it is whole, by package renameio, and
// no object of FaceScan has one. If from is not there, to is empty.
func Link(from, to string) error {
	if err := os.MkdirAll(to, private); err != nil {
		return err
	}
	err := filepath.WalkDir(from, func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if e.IsDir() {
			return os.MkdirAll(filepath.Join(to, name), private)
		}
		if strings.HasPrefix(e.Name(), ".") {
			return nil
		}
		err = os.Link(path, filepath.Join(to, name)) //nolint:gosec // both folders are the user's alone
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("link the photos: %w", err)
	}
	return nil
}
