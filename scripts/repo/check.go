package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxBytes is the size of the largest file that may be tracked, in bytes: 2 MB. The largest of the
// sources, a cascade of the face engine, has 1.2 MB.
const maxBytes = 2_000_000

// headBytes is how much of a file is read to see what it is, in bytes. The longest look is for the
// zero bytes of a Windows program, which come within its first 64.
const headBytes = 512

// topLevel are the names at the top of the repository, beside those that begin with a dot.
var topLevel = []string{
	"LICENSE", "Makefile", "README.md", "functions", "go.mod", "go.sum", "internal", "scripts", "terraform",
}

// fault is what is wrong with a file.
type fault struct {
	path string
	what string
}

// String returns the fault as one line, whatever the path contains.
func (f fault) String() string { return fmt.Sprintf("%q: %s", f.path, f.what) }

// check returns the faults of the repository that the folder is in, in the order of their paths.
func check(ctx context.Context, dir string) ([]fault, error) {
	r, err := open(ctx, dir)
	if err != nil {
		return nil, err
	}
	all, err := r.list(ctx, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	if err != nil {
		return nil, err
	}
	ignored, err := r.list(ctx, "ls-files", "-z", "--cached", "--ignored", "--exclude-standard")
	if err != nil {
		return nil, err
	}
	changed, err := r.list(ctx, "diff-files", "-z", "--name-only")
	if err != nil {
		return nil, err
	}
	faults := misplaced(all)
	for _, path := range all {
		faults = append(faults, onDisk(r.top, path)...)
	}
	for _, path := range ignored {
		faults = append(faults, fault{path, "is tracked, and .gitignore names it: git rm --cached it, or mend that"})
	}
	for _, path := range changed { // what the next commit takes is not what lies there
		staged, err := r.staged(ctx, path)
		if err != nil {
			return nil, err
		}
		faults = append(faults, staged...)
	}
	slices.SortFunc(faults, func(a, b fault) int { return strings.Compare(a.String(), b.String()) })
	return slices.Compact(faults), nil
}

// misplaced returns a fault for each name at the top that is not one of the fixed names.
func misplaced(paths []string) []fault {
	var faults []fault
	for _, path := range paths {
		name, _, _ := strings.Cut(path, "/")
		if !slices.Contains(topLevel, name) && !strings.HasPrefix(name, ".") {
			what := "no such name belongs at the top of the repository: move it into a folder, or remove it"
			faults = append(faults, fault{name, what})
		}
	}
	return faults
}

// onDisk returns the faults of the file that lies at the path. One that was deleted has none.
func onDisk(top, path string) []fault {
	file := filepath.Join(top, filepath.FromSlash(path))
	info, err := os.Lstat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return []fault{{path, "cannot be looked at: " + err.Error()}}
	case info.IsDir():
		return []fault{{path, "is a repository of its own: remove it"}}
	case !info.Mode().IsRegular():
		return nil // of a symbolic link git keeps the target's name
	}
	head, err := readHead(file)
	if err != nil {
		return []fault{{path, "cannot be read: " + err.Error()}}
	}
	return contents(path, info.Size(), head)
}

func readHead(path string) ([]byte, error) {
	f, err := os.Open(path) //nolint:gosec // reading the repository's files is the purpose
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // was only read
	return io.ReadAll(io.LimitReader(f, headBytes))
}

// contents returns the faults of a file by its size and its first bytes.
func contents(path string, size int64, head []byte) []fault {
	var faults []fault
	if what := program(head); what != "" {
		faults = append(faults, fault{path, "is " + what + ": remove it, for a build makes it anew"})
	}
	if size > maxBytes {
		what := fmt.Sprintf("has %d bytes, more than %d: remove it, or make it when it is needed", size, maxBytes)
		faults = append(faults, fault{path, what})
	}
	return faults
}

// magics are the first bytes of what compilers and linkers write.
var magics = []struct{ magic, what string }{
	{"\x7fELF", "an ELF program or library"},
	{"\xfe\xed\xfa\xce", "a Mach-O program or library"},                           // 32 bits, big endian
	{"\xce\xfa\xed\xfe", "a Mach-O program or library"},                           // 32 bits, little endian
	{"\xfe\xed\xfa\xcf", "a Mach-O program or library"},                           // 64 bits, big endian
	{"\xcf\xfa\xed\xfe", "a Mach-O program or library"},                           // 64 bits, little endian
	{"\xca\xfe\xba\xbe", "a Mach-O program for several processors, or Java code"}, // both begin so
	{"\xbe\xba\xfe\xca", "a Mach-O program for several processors"},               // little endian
	{"\xca\xfe\xba\xbf", "a Mach-O program for several processors"},               // of over 4 GB
	{"\xbf\xba\xfe\xca", "a Mach-O program for several processors"},               // both
	{"\x00asm", "a WebAssembly program"},
	{"!<arch>\n", "a library or a package that was compiled"},
}

// program returns which kind of compiled code a file with this head is, or "".
func program(head []byte) string {
	for _, m := range magics {
		if bytes.HasPrefix(head, []byte(m.magic)) {
			return m.what
		}
	}
	// A text may begin with these two letters, but has no zero byte.
	if bytes.HasPrefix(head, []byte("MZ")) && bytes.IndexByte(head, 0) >= 0 {
		return "a Windows program or library"
	}
	return ""
}
