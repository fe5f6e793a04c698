package main

import (
	"cmp"
	"context"
	"fmt"
	"go/format"
	"io"
	"os"
	"path/filepath"

	"github.com/facescan/facescan/internal/face/fit"
)

// refit fits the engine's numbers to everybody and writes them where the engine compiles them in.
func refit(ctx context.Context, o options, out, progress io.Writer) error {
	g, err := gather(ctx, o, progress)
	if err != nil {
		return err
	}
	c, err := fit.Fit(g.samples(all), g.others(all))
	if err != nil {
		return err
	}
	source, err := format.Source(fit.Source(c))
	if err != nil {
		return err
	}
	into := cmp.Or(o.into, "internal/face/internal/measure/tables.go")
	if err := os.WriteFile(into, source, 0o644); err != nil { //nolint:gosec // source code is for everybody
		return err
	}
	looks := filepath.Join(filepath.Dir(into), "looks.bin")
	if err := os.WriteFile(looks, c.LooksBytes(), 0o644); err != nil { //nolint:gosec // source code is for everybody
		return err
	}
	fmt.Fprintf(
		out,
		"%s: fitted to %d people. Now: go test ./internal/face -run Version -update, then the same with -run EveryMachine\n",
		into, len(g.people),
	)
	return nil
}
