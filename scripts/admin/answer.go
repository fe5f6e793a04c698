package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/facescan/facescan/internal/local/terminal"
)

// answer is what a command prints: a table for people, and the same as JSON.
type answer struct {
	head []string
	rows [][]string
	// notes are lines below the table.
	notes []string
	// value is the JSON.
	value any
}

// print prints the answer. What others wrote cannot move the terminal's cursor.
func (a answer) print(w io.Writer, asJSON bool) error {
	if a.value == nil {
		return nil
	}
	if asJSON {
		var body bytes.Buffer
		to := json.NewEncoder(&body)
		to.SetIndent("", "  ")
		if err := to.Encode(a.value); err != nil {
			return fmt.Errorf("print the answer: %w", err)
		}
		_, err := io.WriteString(w, terminal.JSON(body.String()))
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if len(a.rows) > 0 && len(a.head) > 0 {
		a.line(t, a.head)
	}
	for _, row := range a.rows {
		a.line(t, row)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, note := range a.notes {
		if _, err := fmt.Fprintln(w, terminal.Text(note)); err != nil {
			return err
		}
	}
	return nil
}

func (answer) line(w io.Writer, cells []string) {
	safe := make([]string, len(cells))
	for i, cell := range cells {
		safe[i] = terminal.Text(cell)
	}
	fmt.Fprintln(w, strings.TrimRight(strings.Join(safe, "\t"), "\t"))
}

// longest is the most characters of a text of others in a table.
const longest = 100

// short returns the beginning of a text.
func short(s string) string {
	if r := []rune(s); len(r) > longest {
		return string(r[:longest]) + "…"
	}
	return s
}

// when returns the time for a table, "" for none.
func when(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format(time.RFC3339)
}

// printable returns the error's text in a form that moves no cursor; its lines stay.
func printable(err error) string {
	lines := strings.Split(err.Error(), "\n")
	for i, line := range lines {
		lines[i] = terminal.Text(line)
	}
	return strings.Join(lines, "\n")
}
