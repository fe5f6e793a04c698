package main

import (
	"bytes"
	"fmt"
	"time"

	"github.com/facescan/facescan/scripts/bench/single"
)

// result is what was measured.
type result struct {
	options
	machine single.Machine
	// scans completed while samples were taken, after those of the warm-up.
	scans, samples int
	took           time.Duration
	rows           []row
}

// row is the result for a quantity.
type row struct {
	name  string
	level float64
	slope slope
	grows bool
}

// judge fits the points of each quantity.
func judge(of map[string][]point, bar float64) ([]row, error) {
	var rows []row
	for _, name := range names {
		s, err := slopeOf(of[name])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		level := levelOf(of[name])
		rows = append(rows, row{name, level, s, s.High > bar*level})
	}
	return rows, nil
}

func (r *result) markdown() []byte {
	var b bytes.Buffer
	printf := func(format string, args ...any) { _, _ = fmt.Fprintf(&b, format, args...) } // into memory
	printf("# Growth under a steady load\n\nWritten by `%s`; do not edit, run it again (`-help` tells the options).\n\n",
		r.Command)
	printf("%s.\n\n", r.machine)
	printf("%d scans in %.0f minutes, after %d that were not measured. After every %d, when they had ended,\n",
		r.scans, r.took.Minutes(), r.warm, perRound)
	printf("the functions' process collected its garbage, returned what was free to the system, and was\n"+
		"measured: %d samples. Low and high bound the slope's 95 %% interval. The bar is that high stays\n"+
		"within %g %% of the level an hour.\n\n", r.samples, 100*r.bar())
	printf("| quantity | level | slope %%/h | low | high | verdict |\n| --- | ---: | ---: | ---: | ---: | --- |\n")
	for _, each := range r.rows {
		verdict := "holds"
		if each.grows {
			verdict = "GROWS"
		}
		share := 100 / max(1, each.level)
		printf("| %s | %.0f | %.1f | %.1f | %.1f | %s |\n", each.name, each.level,
			share*each.slope.Middle, share*each.slope.Low, share*each.slope.High, verdict)
	}
	return b.Bytes()
}
