// Command scan measures image files offline, with the same engine as the analyze function.
//
//	go run ./scripts/scan selfie.jpg                    # a table for people
//	go run ./scripts/scan -json photos > reports.jsonl  # one line a file
//	go run ./scripts/scan -overlay drawn photos         # and pictures
//	go run ./scripts/scan -verify reports.jsonl         # is everything still as it was?
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

const usage = `usage: scan [-json] [-overlay DIR] FILE|DIR...
       scan -verify REPORTS [-overlay DIR] [FILE|DIR...]

Measures the face in each photo. JPEG, PNG and WebP are read; HEIC is refused. Of a folder, and the folders in it, every
.jpg, .jpeg, .png, .webp, .heic and .heif is taken. The file "-" is the standard input.

  -json            one JSON line a file: {"file":...,"report":{...}} or {"file":...,"error":{"code":...,"detail":...}}
  -overlay DIR     write the pictures of each photo into DIR: NAME-overlay.jpg, NAME-crop.jpg, NAME-left-left.jpg,
                   NAME-right-right.jpg and NAME-thumbnail.jpg
  -verify REPORTS  measure again the files in REPORTS, which -json made, and list what is not the same to the byte; with
                   FILE or DIR, these are measured, and must be the files in REPORTS

Results come in the order of the files. Exit codes: 0 every file was measured or refused, 1 a file could not be read or
written or something differs, 2 wrong usage.
`

// Exit codes.
const (
	exitOK      = 0
	exitTrouble = 1
	exitUsage   = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// options are the command line, read.
type options struct {
	json    bool
	overlay string
	verify  string
	files   []string
}

// run returns the command; it returns its exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	opts, err := parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, usage)
		return exitOK
	case err != nil:
		fmt.Fprintf(stderr, "scan: %v\n%s", err, usage)
		return exitUsage
	}
	s := &session{opts: opts, stdin: stdin, stdout: stdout, stderr: stderr}
	if err := s.run(ctx); err != nil {
		fmt.Fprintln(stderr, "scan:", err)
		return exitTrouble
	}
	return exitOK
}

func parse(args []string) (options, error) {
	var o options
	set := flag.NewFlagSet("scan", flag.ContinueOnError)
	set.SetOutput(io.Discard) // run reports the error
	set.BoolVar(&o.json, "json", false, "")
	set.StringVar(&o.overlay, "overlay", "", "")
	set.StringVar(&o.verify, "verify", "", "")
	if err := set.Parse(args); err != nil {
		return o, err
	}
	o.files = set.Args()
	given := map[string]bool{}
	set.Visit(func(f *flag.Flag) { given[f.Name] = true })
	switch {
	case given["overlay"] && o.overlay == "", given["verify"] && o.verify == "":
		return o, errors.New("-overlay and -verify need a name")
	case o.json && o.verify != "":
		return o, errors.New("-json and -verify exclude each other")
	case len(o.files) == 0 && o.verify == "":
		return o, errors.New("no file is given")
	}
	return o, nil
}
