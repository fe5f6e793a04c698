package deploy

import (
	"bufio"
	"os"
	"strings"
	"testing"
)

// typing is a terminal whose operator has typed the text.
func typing(text string) (*terminal, *strings.Builder) {
	out := new(strings.Builder)
	return &terminal{in: bufio.NewReader(strings.NewReader(text)), out: out, tty: -1}, out
}

// read returns the file's content.
func read(t *testing.T, file string) []byte {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return content
}
