// Command house measures the structure and the wording of the code, and reports what breaks the
// rules of internal/README.md.
//
//	go run ./scripts/house            # the faults, a line each
//	go run ./scripts/house -figures   # and the figures: sizes, lines that occur twice
//
// The rules: a package imports packages of lower floors only, has at most [maxPackage] lines
// without tests, and its comments and code keep to their widths and to plain words. It exits with 1
// when there is a fault, and with 2 when it cannot look.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	figures := flag.Bool("figures", false, "print the figures, too")
	flag.Parse()
	os.Exit(run(".", *figures, os.Stdout, os.Stderr))
}

// run checks the repository at root and returns the exit code.
func run(root string, figures bool, out, errs io.Writer) int {
	tree, err := load(root)
	if err != nil {
		fmt.Fprintln(errs, "house:", err)
		return 2
	}
	faults := tree.faults()
	for _, f := range faults {
		fmt.Fprintln(errs, f)
	}
	if figures {
		tree.figures(out)
	}
	return min(len(faults), 1)
}
