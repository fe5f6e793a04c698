package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// session is one run of the command.
type session struct {
	opts           options
	stdin          io.Reader
	stdout, stderr io.Writer

	inputs   []input
	expected *expected // nil unless verifying
	bar      progress
	counts   struct{ measured, refused, troubled, different int }
}

// run measures all. Its error is what makes the exit code 1.
func (s *session) run(ctx context.Context) error {
	if err := s.prepare(); err != nil {
		return err
	}
	s.bar = newProgress(s.stderr, len(s.inputs))
	done, err := inOrder(ctx, len(s.inputs), s.measure, s.emit)
	s.bar.clear()
	switch {
	case err != nil:
		return fmt.Errorf("writing the results: %w", err)
	case ctx.Err() != nil:
		return fmt.Errorf("interrupted after %d of %d files", done, len(s.inputs))
	}
	if s.expected != nil {
		s.reportMissing()
	}
	return s.sum()
}

func (s *session) prepare() error {
	files := s.opts.files
	if s.opts.verify != "" {
		var err error
		if s.expected, err = readExpected(s.opts.verify); err != nil {
			return err
		}
		if len(files) == 0 {
			s.inputs = asInputs(s.expected.order)
		}
	}
	if len(files) > 0 {
		s.inputs = collect(files)
	}
	if s.opts.overlay == "" {
		return nil
	}
	if err := os.MkdirAll(s.opts.overlay, 0o700); err != nil {
		return fmt.Errorf("making the folder for the pictures: %w", err)
	}
	nameStems(s.inputs, s.opts.overlay)
	return nil
}

// emit writes one result; results come in the order of the inputs.
func (s *session) emit(o outcome) error {
	s.bar.clear()
	switch {
	case o.trouble:
		s.counts.troubled++
	case o.Error != nil:
		s.counts.refused++
	default:
		s.counts.measured++
	}
	if err := s.write(o); err != nil {
		return err
	}
	if o.pictureErr != nil {
		s.counts.troubled++
		fmt.Fprintf(s.stderr, "scan: %s: %v\n", o.File, o.pictureErr)
	}
	s.bar.step()
	return nil
}

func (s *session) write(o outcome) error {
	if s.expected == nil && !s.opts.json {
		return printTable(s.stdout, o)
	}
	line, err := json.Marshal(o.result)
	if err != nil {
		return fmt.Errorf("marshal result of %s: %w", o.File, err)
	}
	if s.expected != nil {
		return s.compare(o.File, line)
	}
	_, err = s.stdout.Write(append(line, '\n'))
	return err
}

// sum prints how it went and returns the error that follows.
func (s *session) sum() error {
	c := s.counts
	if n := len(s.inputs); n != 1 {
		fmt.Fprintf(s.stderr, "scan: %d files: %d measured, %d refused\n", n, c.measured, c.refused)
	}
	if s.expected != nil {
		fmt.Fprintf(s.stderr, "scan: %d reports, %d differences\n", len(s.expected.lines), c.different)
	}
	switch {
	case c.different > 0:
		return errors.New("the reports differ")
	case c.troubled > 0:
		return fmt.Errorf("%d of %d files could not be read, measured or drawn", c.troubled, len(s.inputs))
	}
	return nil
}
