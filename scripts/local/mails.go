package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/facescan/facescan/internal/notify"
	"github.com/facescan/facescan/internal/notify/sample"
	"github.com/facescan/facescan/scripts/local/preflight"
)

// previewMails writes the mails of the samples that the command asks for, as NAME.LANG.html and
// NAME.LANG.txt, and prints the files with their subjects.
func previewMails(w io.Writer, c preflight.Command) error {
	langs, err := langsOf(c.Lang)
	if err != nil {
		return err
	}
	samples, err := mailsOf(c.Kind)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.Folder, 0o750); err != nil {
		return fmt.Errorf("make the folder of the mails: %w", err)
	}
	for _, s := range samples {
		for _, l := range langs {
			letter, err := s.Letter(l)
			if err != nil {
				return fmt.Errorf("write the mail %s in %s: %w", s.Name, l, err)
			}
			for _, part := range [][2]string{{"html", letter.HTML}, {"txt", letter.Text}} {
				path := filepath.Join(c.Folder, s.Name+"."+string(l)+"."+part[0])
				if err := os.WriteFile(path, []byte(part[1]), 0o600); err != nil {
					return fmt.Errorf("write a mail: %w", err)
				}
				fmt.Fprintf(w, "%s  %s\n", path, letter.Subject)
			}
		}
	}
	return nil
}

// langsOf returns the language of the name, or all for "".
func langsOf(name string) ([]notify.Lang, error) {
	if name == "" {
		return notify.Langs, nil
	}
	if l := notify.Lang(name); slices.Contains(notify.Langs, l) {
		return []notify.Lang{l}, nil
	}
	return nil, &preflight.UsageError{
		What: fmt.Sprintf("there are no mails in %q, only in %s", name, join(notify.Langs)),
	}
}

// mailsOf returns the samples of the kind that are mails, or all for "".
func mailsOf(kind string) ([]sample.Sample, error) {
	all, err := sample.All()
	if err != nil {
		return nil, err
	}
	var found []sample.Sample
	var kinds []string
	for _, s := range all {
		if !s.HasMail() {
			continue
		}
		if kind == "" || s.Kind() == kind {
			found = append(found, s)
		}
		if !slices.Contains(kinds, s.Kind()) {
			kinds = append(kinds, s.Kind())
		}
	}
	if len(found) == 0 {
		return nil, &preflight.UsageError{
			What: fmt.Sprintf("there are no mails of the kind %q, only of %s", kind, join(kinds)),
		}
	}
	return found, nil
}

// join returns the names as a list.
func join[T ~string](names []T) string {
	texts := make([]string, len(names))
	for i, name := range names {
		texts[i] = string(name)
	}
	return strings.Join(texts, ", ")
}
