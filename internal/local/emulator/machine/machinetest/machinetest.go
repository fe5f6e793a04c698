// Package machinetest writes the files of imaginary computers, for tests.
package machinetest

import (
	"archive/zip"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// WriteJar writes a jar with one class, compiled for a version of Java. Its manifest names the
// class if named is set.
func WriteJar(tb testing.TB, path, class string, named bool, java byte) {
	tb.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		tb.Fatal(err)
	}
	file, err := os.Create(path) //nolint:gosec // a test's own
	if err != nil {
		tb.Fatal(err)
	}
	manifest := "Manifest-Version: 1.0\r\n"
	if named {
		manifest += "Main-Class: " + class + "\r\n"
	}
	archive := zip.NewWriter(file)
	for name, content := range map[string]string{
		"META-INF/MANIFEST.MF":                         manifest,
		strings.ReplaceAll(class, ".", "/") + ".class": "\xca\xfe\xba\xbe\x00\x00\x00" + string([]byte{java + 44}),
	} {
		w, err := archive.Create(name)
		if err == nil {
			_, err = w.Write([]byte(content))
		}
		if err != nil {
			tb.Fatal(err)
		}
	}
	if err := errors.Join(archive.Close(), file.Close()); err != nil {
		tb.Fatal(err)
	}
}

// WriteScript writes a shell script, as a program of any name.
func WriteScript(tb testing.TB, path, script string) {
	tb.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o700); err != nil { //nolint:gosec // it is to be run
		tb.Fatal(err)
	}
}
