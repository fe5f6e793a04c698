package deploy

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// terminal asks the operator.
type terminal struct {
	in  *bufio.Reader
	out io.Writer
	// tty is the input's descriptor, -1 if it is not a terminal.
	tty int
}

func newTerminal(in *os.File, out io.Writer) *terminal {
	t := &terminal{in: bufio.NewReader(in), out: out, tty: -1}
	if fd := int(in.Fd()); term.IsTerminal(fd) {
		t.tty = fd
	}
	return t
}

// line asks the question and returns the answer without surrounding spaces. It returns when the
// context ends, unlike a read of a terminal.
func (t *terminal) line(ctx context.Context, question string) (string, error) {
	return t.answer(ctx, question, func() (string, error) { return t.in.ReadString('\n') })
}

// secret is like line, but does not show the answer.
func (t *terminal) secret(ctx context.Context, question string) (string, error) {
	if t.tty < 0 {
		return t.line(ctx, question)
	}
	return t.answer(ctx, question, func() (string, error) {
		typed, err := term.ReadPassword(t.tty)
		fmt.Fprintln(t.out)
		return string(typed), err
	})
}

func (t *terminal) answer(ctx context.Context, question string, read func() (string, error)) (string, error) {
	fmt.Fprint(t.out, question)
	type answer struct {
		text string
		err  error
	}
	got := make(chan answer, 1)
	go func() {
		text, err := read()
		got <- answer{text, err}
	}()
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case a := <-got:
		if a.err != nil && (!errors.Is(a.err, io.EOF) || a.text == "") {
			return "", fmt.Errorf("read the answer: %w", a.err)
		}
		return strings.TrimSpace(a.text), nil
	}
}

// confirm asks for the word, and returns errRefused for any other answer.
func (t *terminal) confirm(ctx context.Context, question, word string) error {
	got, err := t.line(ctx, fmt.Sprintf("%s Type %q: ", question, word))
	if err != nil {
		return err
	}
	if got != word {
		return errRefused
	}
	return nil
}
