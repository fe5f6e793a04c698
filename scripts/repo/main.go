// Command repo checks that the repository holds sources, and nothing that a build left.
//
//	go run ./scripts/repo
//
// It looks at every file that git tracks, and at every one that git neither tracks nor ignores,
// since the next `git add` would take it. It prints a line for each fault and exits with 1 when
// there is one, and with 2 when it cannot look.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
)

func main() { os.Exit(run(context.Background(), ".", os.Stderr)) }

func run(ctx context.Context, dir string, w io.Writer) int {
	faults, err := check(ctx, dir)
	if err != nil {
		fmt.Fprintln(w, "repo:", err)
		return 2
	}
	for _, f := range faults {
		fmt.Fprintln(w, "repo:", f)
	}
	return min(len(faults), 1)
}
