// Command check prints why scripts/local would fail with the same arguments, and exits
// with 1 if there is one, or with 2 if the arguments are wrong. scripts/local.sh runs it, since it
// is built in seconds.
package main

import (
	"context"
	"os"

	"github.com/facescan/facescan/scripts/local/preflight"
)

func main() { os.Exit(exitCode(os.Args[1:])) }

func exitCode(args []string) int {
	command, err := preflight.Parse(args)
	if err == nil {
		err = command.Check(context.Background()) // a signal ends it, with the programs that it asks
	}
	return preflight.ExitCode(os.Stderr, err)
}
