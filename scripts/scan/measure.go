package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/facescan/facescan/internal/face"
	"github.com/facescan/facescan/internal/face/report"
)

// The codes beside those of face.
const (
	codeUnreadable = "unreadable"       // the file, not the photo in it
	codeCrashed    = "analysis_crashed" // a fault of the engine
)

// result is a line of -json.
type result struct {
	File   string         `json:"file"`
	Report *report.Report `json:"report,omitempty"`
	Error  *failure       `json:"error,omitempty"`
}

type failure struct {
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

// outcome is the result of an input.
type outcome struct {
	result
	fixes      []string // of a refusal
	trouble    bool     // the error is not about the photo
	pictureErr error
}

func troubled(file, code string, err error) outcome {
	return outcome{result: result{File: file, Error: &failure{Code: code, Detail: err.Error()}}, trouble: true}
}

// measure measures an input and writes its pictures, if they are wanted.
func (s *session) measure(i int) outcome {
	in := s.inputs[i]
	if in.err != nil {
		return troubled(in.file, codeUnreadable, in.err)
	}
	r, err := s.open(in.file)
	if err != nil {
		return troubled(in.file, codeUnreadable, err)
	}
	defer func() { _ = r.Close() }() // read only
	watched := &watchedReader{Reader: r}
	measured, pictures, err := analyze(watched, in.stem != "")
	var refusal *report.Refusal
	switch {
	case errors.As(err, &refusal):
		failed := &failure{Code: string(refusal.Code), Detail: refusal.Detail}
		return outcome{result: result{File: in.file, Error: failed}, fixes: refusal.Fixes}
	case watched.err != nil:
		return troubled(in.file, codeUnreadable, watched.err)
	case err != nil:
		return troubled(in.file, codeCrashed, err)
	}
	return outcome{result: result{File: in.file, Report: &measured}, pictureErr: s.keep(in.stem, pictures)}
}

func (s *session) open(file string) (io.ReadCloser, error) {
	if file == standardInput {
		return io.NopCloser(s.stdin), nil
	}
	return os.Open(file) //nolint:gosec // reading the files that are named is the purpose
}

// watchedReader remembers that reading failed.
type watchedReader struct {
	io.Reader
	err error
}

func (w *watchedReader) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		w.err = err
	}
	return n, err
}

// analyze runs the engine. A panic in it must not take the other files along.
func analyze(r io.Reader, pictured bool) (found report.Report, pictures []report.Picture, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("the face engine panicked: %v", cause)
		}
	}()
	if pictured {
		return face.Scan(r, report.Options{})
	}
	found, err = face.Analyze(r, report.Options{})
	return found, nil, err
}

// keep writes the pictures for their owner alone.
func (s *session) keep(stem string, pictures []report.Picture) error {
	for _, p := range pictures {
		if err := os.WriteFile(picturePath(s.opts.overlay, stem, p.Name), p.JPEG, 0o600); err != nil {
			return fmt.Errorf("writing a picture: %w", err)
		}
	}
	return nil
}

// waiting is how many results per core may wait for one before them.
const waiting = 4

// inOrder does n pieces of work on all cores and hands the outcomes on in order, one at a time. It
// begins nothing more when the context ends or emit fails, and returns the number of outcomes
// handed on; when it returns, nothing is under way.
func inOrder[T any](ctx context.Context, n int, work func(i int) T, emit func(T) error) (done int, err error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	cores := runtime.GOMAXPROCS(0)
	queue := make(chan chan T, waiting*cores)
	go func() {
		defer close(queue)
		var group errgroup.Group
		group.SetLimit(cores)
		for i := 0; i < n && ctx.Err() == nil; i++ {
			outcome := make(chan T, 1)
			queue <- outcome
			group.Go(func() error { outcome <- work(i); return nil })
		}
	}()
	for outcome := range queue {
		o := <-outcome
		if ctx.Err() != nil {
			continue
		}
		if err = emit(o); err != nil {
			stop()
			continue
		}
		done++
	}
	return done, err
}
