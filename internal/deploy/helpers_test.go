package deploy

import (
	"bufio"
	"strings"
)

// typing is a terminal whose operator has typed the text.
func typing(text string) (*terminal, *strings.Builder) {
	out := new(strings.Builder)
	return &terminal{in: bufio.NewReader(strings.NewReader(text)), out: out, tty: -1}, out
}
