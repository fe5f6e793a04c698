package single

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

// program is how every command begins.
const program = "go run ./scripts/bench "

// Run measures as the arguments say, prints the report to out, and what happens meanwhile to
// progress.
type Run func(ctx context.Context, args []string, out, progress io.Writer) error

// Main runs the program that `go run ./scripts/bench name` builds, until Ctrl-C or SIGTERM. If it
// fails, it says why and ends the process with the status 1.
func Main(name string, run Run) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if failed(name, err, os.Stderr) {
		os.Exit(1)
	}
}

// failed reports whether the program failed, and says why.
func failed(name string, err error, progress io.Writer) bool {
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return false
	case errors.Is(err, context.Canceled):
		_, _ = fmt.Fprintf(progress, "bench %s: interrupted\n", name) // the status says it too
	default:
		_, _ = fmt.Fprintf(progress, "bench %s: %v\n", name, err) // the status says it too
	}
	return true
}

// Output is where a program's report goes.
type Output struct {
	// Command is what has the report made again.
	Command string
	// Into names a Markdown file that gets the report too; "" is none.
	Into string
}

// Flags returns the flags of the program that `go run ./scripts/bench name` builds, and that was
// called with the arguments. They begin with -o, and -help prints the usage to progress.
func (o *Output) Flags(name, usage string, args []string, progress io.Writer) *flag.FlagSet {
	o.Command = program + strings.Join(append([]string{name}, args...), " ")
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(progress)
	flags.Usage = func() {
		_, _ = fmt.Fprint(progress, usage) // as package flag prints
		flags.PrintDefaults()
	}
	flags.StringVar(&o.Into, "o", "", "write the report to this Markdown file, too")
	return flags
}

// Show prints the report, and writes it to the file if there is one.
func (o *Output) Show(out io.Writer, markdown []byte) error {
	if _, err := out.Write(markdown); err != nil {
		return fmt.Errorf("print the report: %w", err)
	}
	return o.Write(markdown)
}

// Write writes the report to the file, if there is one.
func (o *Output) Write(markdown []byte) error {
	if o.Into == "" {
		return nil
	}
	if err := os.WriteFile(o.Into, markdown, 0o644); err != nil { //nolint:gosec // figures are for everybody
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// PrintJSON prints the figures for programs.
func PrintJSON(out io.Writer, figures any) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	if err := e.Encode(figures); err != nil {
		return fmt.Errorf("print the figures: %w", err)
	}
	return nil
}
