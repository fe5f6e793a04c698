// Package single is what the programs share that are measured in a process of their own.
//
// command.go has how they are called and where their reports go, machine.go what they run on,
// stat.go what is made of figures, and this file what they use and the photos that they measure.
package single

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"math/rand/v2"
	"os"
	"strings"
	"syscall"
	"time"

	"golang.org/x/image/draw"
)

// PrintPeak prints the peak memory of this process so far, in KiB. It fails on systems other than
// Linux.
func PrintPeak() error {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return fmt.Errorf("peak memory is read on Linux only: %w", err)
	}
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			fmt.Println(strings.TrimSuffix(strings.TrimSpace(value), " kB"))
			return nil
		}
	}
	return errors.New("the kernel does not report the peak memory")
}

// Spent returns the processor time that this process has used so far, of the program and of the
// kernel for it.
func Spent() (time.Duration, error) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, fmt.Errorf("read the processor time: %w", err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), nil
}

// Enlarged returns a JPEG at another size, with the noise of a sensor, so that it takes as many
// bytes as a real photo of that size and quality. The noise is the same for the same seed.
func Enlarged(sample []byte, width, height, quality int, seed uint64) ([]byte, error) {
	src, err := jpeg.Decode(bytes.NewReader(sample))
	if err != nil {
		return nil, fmt.Errorf("decode the sample: %w", err)
	}
	dst := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.ApproxBiLinear.Scale(dst, dst.Bounds(), src, src.Bounds(), draw.Src, nil)
	noise := rand.New(rand.NewPCG(1, seed)) //nolint:gosec // the same photo in every run
	for i := range dst.Pix {
		if i%4 != 3 {
			dst.Pix[i] = uint8(min(max(float64(dst.Pix[i])+6*noise.NormFloat64(), 0), 255))
		}
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, dst, &jpeg.Options{Quality: quality}); err != nil {
		return nil, fmt.Errorf("encode the photo: %w", err)
	}
	return out.Bytes(), nil
}
