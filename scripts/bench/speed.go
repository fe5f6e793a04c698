package main

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"golang.org/x/image/draw"

	"github.com/facescan/facescan/internal/emulator"
	"github.com/facescan/facescan/internal/face"
)

// rounds of each timing; the fastest counts, since whatever else the machine does only adds.
const rounds = 25

// speed prints how much processor time a whole scan takes on one core, without and with its pictures, beside image/jpeg's decode of the
// same file in the same run, how much memory a process of its own needs for one, and how soon a new process is ready for it.
func speed(ctx context.Context, out io.Writer) error {
	runtime.GOMAXPROCS(1)
	sample, err := emulator.SamplePhoto(ctx)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "facescan-bench")
	if err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	program, err := built(ctx, dir)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(out, 2, 0, 3, ' ', 0)
	_, _ = fmt.Fprintln(table, "figure\tvalue\tbar\tstretch")
	for _, size := range []struct {
		name             string
		width, height    int
		report, pictured string // bars and stretches
	}{
		{"12 MP", 3024, 4032, "ratio 0.75\t", "ratio 0.9\t"},
		{"1 MP", 866, 1155, "\t", "80 ms, ratio 5.5\t50 ms"},
	} {
		photo, err := enlarged(sample, size.width, size.height)
		if err != nil {
			return err
		}
		if err := timed(table, size.name, size.report, size.pictured, photo); err != nil {
			return err
		}
		rss, err := peak(ctx, program, dir, photo)
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(table, "%s scan with pictures, peak memory of the process\t%.0f MiB\t64 MiB\t48 MiB\n", size.name, rss)
	}
	ready, err := readyAfter(ctx, program)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(table, "ready after process start, cascades parsed\t%.1f ms\t40 ms\t15 ms\n", ms(ready))
	return table.Flush()
}

// timed prints the processor time of a scan without and with its pictures.
func timed(table io.Writer, name, reportBars, bars string, photo []byte) error {
	least, err := fastest(
		func() error { _, err := jpeg.Decode(bytes.NewReader(photo)); return err },
		func() error { _, err := face.Analyze(bytes.NewReader(photo), face.Options{}); return err },
		func() error { _, _, err := face.Scan(bytes.NewReader(photo), face.Options{}); return err })
	if err != nil {
		return err
	}
	std, report, scan := least[0], least[1], least[2]
	_, _ = fmt.Fprintf(table, "%s report alone, one core\t%.0f ms, %.2f of image/jpeg's decode (%.0f ms)\t%s\n",
		name, ms(report), float64(report)/float64(std), ms(std), reportBars)
	_, _ = fmt.Fprintf(table, "%s scan with overlay and all pictures, one core\t%.0f ms, %.2f of image/jpeg's decode\t%s\n",
		name, ms(scan), float64(scan)/float64(std), bars)
	return nil
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// enlarged is the sample at another size, with the noise of a sensor, so that it takes as many bytes as a real photo.
func enlarged(sample []byte, width, height int) ([]byte, error) {
	src, err := jpeg.Decode(bytes.NewReader(sample))
	if err != nil {
		return nil, fmt.Errorf("decode the sample: %w", err)
	}
	dst := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.ApproxBiLinear.Scale(dst, dst.Bounds(), src, src.Bounds(), draw.Src, nil)
	noise := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same photo in every run
	for i := range dst.Pix {
		if i%4 != 3 {
			dst.Pix[i] = uint8(min(max(float64(dst.Pix[i])+6*noise.NormFloat64(), 0), 255))
		}
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, dst, &jpeg.Options{Quality: 90}); err != nil {
		return nil, fmt.Errorf("encode the photo: %w", err)
	}
	return out.Bytes(), nil
}

// fastest is the least processor time, of the program and of the kernel for it, that each task took in one of the rounds. The tasks take turns,
// so that they meet the same machine.
func fastest(tasks ...func() error) ([]time.Duration, error) {
	least := make([]time.Duration, len(tasks))
	for round := range rounds {
		for i, do := range tasks {
			started, err := spent()
			if err != nil {
				return nil, err
			}
			if err := do(); err != nil {
				return nil, err
			}
			ended, err := spent()
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

// spent is the processor time that this process has used so far.
func spent() (time.Duration, error) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, fmt.Errorf("read the processor time: %w", err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), nil
}

// built is the program once, built into the folder.
func built(ctx context.Context, dir string) (string, error) {
	program := filepath.Join(dir, "once")
	build := exec.CommandContext(ctx, "go", "build", "-o", program, //nolint:gosec // the repository's own program
		"github.com/facescan/facescan/scripts/bench/once")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the program that is measured: %w: %s", err, out)
	}
	return program, nil
}

// readyAfter is how long a new process takes, at the least, until it has parsed the cascades and ended.
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

// peak is the peak memory, MiB, of a process of its own that scans the photo once.
func peak(ctx context.Context, program, dir string, photo []byte) (float64, error) {
	file := filepath.Join(dir, "photo.jpg")
	if err := os.WriteFile(file, photo, 0o600); err != nil {
		return 0, fmt.Errorf("write the photo: %w", err)
	}
	out, err := exec.CommandContext(ctx, program, file).Output() //nolint:gosec // that was just built
	if err != nil {
		return 0, fmt.Errorf("scan in a process of its own: %w", err)
	}
	kib, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
	return kib / 1024, err
}
