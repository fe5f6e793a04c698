package main

import (
	"bytes"
	"context"
	"fmt"
	"image/jpeg"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/facescan/facescan/internal/face"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/testphoto"
	"github.com/facescan/facescan/scripts/bench/single"
)

// rounds of each timing; the fastest counts, since whatever else the machine does only adds.
const rounds = 25

// speed prints how much processor time a whole scan takes on one core, without and with its
// pictures, beside image/jpeg's decode of the same file in the same run, how much memory a process
// of its own needs for one, without and with renditions, and how soon a new process is ready for
// it.
func speed(ctx context.Context, out io.Writer) error {
	runtime.GOMAXPROCS(1)
	sample, err := testphoto.Sample(ctx)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "facescan-bench")
	if err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	once, err := built(ctx, dir, "once")
	if err != nil {
		return err
	}
	render, err := built(ctx, dir, "render")
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(out, 2, 0, 3, ' ', 0)
	_, _ = fmt.Fprintln(table, "figure\tvalue\tbar\tstretch")
	for _, size := range sizes {
		photo, err := single.Enlarged(sample, size.width, size.height, photoQuality, 2)
		if err != nil {
			return err
		}
		if size.reportBars != "" {
			if err := timed(table, size, photo); err != nil {
				return err
			}
		}
		file := filepath.Join(dir, "photo.jpg")
		if err := os.WriteFile(file, photo, 0o600); err != nil {
			return fmt.Errorf("write the photo: %w", err)
		}
		scan, err := peak(ctx, once, file)
		if err != nil {
			return err
		}
		all, err := peak(ctx, render, file)
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(table, "%s scan with pictures, peak memory of the process\t%.0f MiB\t%s\n",
			size.name, scan/(1<<20), size.scanMemory)
		_, _ = fmt.Fprintf(table, "%s scan with pictures and four renditions, peak memory of the process\t%.0f MB\t%s\n",
			size.name, all/1e6, size.allMemory)
	}
	ready, err := readyAfter(ctx, once)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(table, "ready after process start, cascades parsed\t%.1f ms\t40 ms\t15 ms\n", ms(ready))
	return table.Flush()
}

const photoQuality = 90 // of the photos' JPEG

// size is a photo that is measured, with the bars and stretches of its figures.
type size struct {
	name                  string
	width, height         int
	reportBars, scanBars  string // of the time; without any it is not taken
	scanMemory, allMemory string
}

// sizes are the photos. Of the largest one only the memory is measured.
var sizes = []size{
	{
		name: "12 MP", width: 3024, height: 4032, reportBars: "ratio 0.75\t", scanBars: "ratio 0.9\t",
		scanMemory: "64 MiB\t48 MiB", allMemory: "150 MB\t",
	},
	{
		name: "1 MP", width: 866, height: 1155, reportBars: "\t", scanBars: "80 ms, ratio 5.5\t50 ms",
		scanMemory: "64 MiB\t48 MiB", allMemory: "\t",
	},
	{name: "50 MP", width: 6320, height: 7900, scanMemory: "\t", allMemory: "400 MB\t"},
}

// timed prints the processor time of a scan without and with its pictures.
func timed(table io.Writer, size size, photo []byte) error {
	least, err := fastest(
		func() error { _, err := jpeg.Decode(bytes.NewReader(photo)); return err },
		func() error { _, err := face.Analyze(bytes.NewReader(photo), report.Options{}); return err },
		func() error { _, _, err := face.Scan(bytes.NewReader(photo), report.Options{}); return err })
	if err != nil {
		return err
	}
	std, report, scan := least[0], least[1], least[2]
	_, _ = fmt.Fprintf(table, "%s report alone, one core\t%.0f ms, %.2f of image/jpeg's decode (%.0f ms)\t%s\n",
		size.name, ms(report), float64(report)/float64(std), ms(std), size.reportBars)
	_, _ = fmt.Fprintf(table,
		"%s scan with overlay and all pictures, one core\t%.0f ms, %.2f of image/jpeg's decode\t%s\n",
		size.name, ms(scan), float64(scan)/float64(std), size.scanBars)
	return nil
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// fastest returns the least processor time, of the program and of the kernel for it, that each task
// took in one of the rounds. The tasks take turns, so that they meet the same machine.
func fastest(tasks ...func() error) ([]time.Duration, error) {
	least := make([]time.Duration, len(tasks))
	for round := range rounds {
		for i, do := range tasks {
			started, err := single.Spent()
			if err != nil {
				return nil, err
			}
			if err := do(); err != nil {
				return nil, err
			}
			ended, err := single.Spent()
			if err != nil {
				return nil, err
			}
			if took := ended - started; round == 0 || took < least[i] {
				least[i] = took
			}
		}
	}
	return least, nil
}

// built returns the program of a name beside this one, built into the folder.
func built(ctx context.Context, dir, name string) (string, error) {
	program := filepath.Join(dir, name)
	build := exec.CommandContext(ctx, "go", "build", "-o", program, //nolint:gosec // the repository's own program
		"github.com/facescan/facescan/scripts/bench/"+name)
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the program that is measured: %w: %s", err, out)
	}
	return program, nil
}

// readyAfter returns how long a new process takes, at the least, until it has parsed the cascades
// and ended.
func readyAfter(ctx context.Context, program string) (time.Duration, error) {
	best := time.Hour
	for range rounds {
		started := time.Now()
		if err := exec.CommandContext(ctx, program).Run(); err != nil {
			return 0, fmt.Errorf("start a process of its own: %w", err)
		}
		best = min(best, time.Since(started))
	}
	return best, nil
}

// peak returns the peak memory, in bytes, of a process of its own that does with the photo once
// what the program does.
func peak(ctx context.Context, program, photo string) (float64, error) {
	out, err := exec.CommandContext(ctx, program, photo).Output() //nolint:gosec // that was just built
	if err != nil {
		return 0, fmt.Errorf("measure a process of its own: %w", err)
	}
	kib, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
	return kib * 1024, err
}
