// Command once is the process whose start and memory `go run ./scripts/bench speed` measures: the
// engine and nothing else, since what else a program links costs memory, too.
//
//	once        parses the cascades, which the engine does before it looks at a file, and ends
//	once FILE   scans the file with its pictures, and prints the process's peak memory in KiB
package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"

	"github.com/facescan/facescan/internal/face"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/scripts/bench/single"
)

func main() {
	run := getReady
	if len(os.Args) > 1 {
		run = func() error { return scan(os.Args[1]) }
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "once:", err)
		os.Exit(1)
	}
}

func getReady() error {
	_, err := face.Analyze(bytes.NewReader(nil), report.Options{})
	var refusal *report.Refusal
	if errors.As(err, &refusal) {
		return nil
	}
	return fmt.Errorf("an empty file gave %w", err)
}

func scan(file string) error {
	f, err := os.Open(file) //nolint:gosec // the caller's own file
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	if _, _, err := face.Scan(f, report.Options{}); err != nil {
		return err
	}
	return single.PrintPeak()
}
