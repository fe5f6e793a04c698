// Command deps checks the modules that the code is made of: that internal/DEPENDENCIES.md has each
// direct requirement of go.mod with its reason, and that their licences, and those of the modules
// that they bring, are ones that it allows. So must be those of the modules with a go.mod of their
// own, of what pages serve, and of the npm packages that the repository's locks name.
//
//	go run ./scripts/deps
//
// It reads the module cache, and asks no network once that has the modules. It exits with 1 when
// there is a fault, and with 2 when it cannot look.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
)

func main() { os.Exit(run(context.Background(), ".", os.Stdout, os.Stderr)) }

// run checks the repository at root and returns the exit code.
func run(ctx context.Context, root string, out, errs io.Writer) int {
	t, err := load(ctx, root)
	if err != nil {
		fmt.Fprintln(errs, "deps:", err)
		return 2
	}
	faults := t.faults()
	for _, f := range faults {
		fmt.Fprintln(errs, f)
	}
	if len(faults) == 0 {
		fmt.Fprintf(out, "%d modules, %d of them named in %s, %d of checks and %d npm packages: the licences are allowed\n",
			len(t.linked), len(t.rows), table, len(t.others), len(t.npm))
	}
	return min(len(faults), 1)
}
