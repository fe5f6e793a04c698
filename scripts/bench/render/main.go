// Command render is the process whose memory `go run ./scripts/bench speed` and TestMemory of
// internal/scan/rendition measure: all that a scan computes of a photo, and nothing else.
//
//	render FILE                        scans the photo with its pictures, makes four renditions of
//	                                   all its pixels, and prints the process's peak memory in KiB,
//	                                   also when it refuses the photo
//	render -make SAMPLE WxH FILE       writes a photo to measure: the sample, a JPEG, enlarged
package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"

	"github.com/facescan/facescan/internal/face"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/scan/rendition"
	"github.com/facescan/facescan/scripts/bench/single"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "render:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 1:
		return measure(args[0])
	case len(args) == 4 && args[0] == "-make":
		return produce(args[1], args[2], args[3])
	}
	return errors.New("say FILE, or -make SAMPLE WxH FILE")
}

// renditions are one of each format, of all pixels, and with the operations that take the most.
var renditions = []rendition.Rendition{
	{Name: "soft", Format: rendition.JPEG, Quality: 95, Operations: []rendition.Operation{
		{Op: rendition.Blur, Sigma: 3}, {Op: rendition.Grayscale},
	}},
	{Name: "sharp", Format: rendition.PNG, Operations: []rendition.Operation{
		{Op: rendition.Sharpen, Sigma: 1}, {Op: rendition.Watermark, Text: "FaceScan", Position: rendition.Center},
	}},
	{Name: "small", Format: rendition.WebP},
	{Name: "print", Format: rendition.TIFF},
}

// measure does what internal/scan/analyze does with a photo, which it holds as bytes all the time.
func measure(file string) error {
	photo, err := os.ReadFile(file) //nolint:gosec // the caller's own file
	if err != nil {
		return err
	}
	_, pictures, err := face.Scan(bytes.NewReader(photo), report.Options{})
	if err != nil {
		return errors.Join(fmt.Errorf("scan the photo: %w", err), single.PrintPeak())
	}
	upright, err := face.Upright(bytes.NewReader(photo), report.Options{}, rendition.MaxSide)
	if err != nil {
		return fmt.Errorf("turn the photo upright: %w", err)
	}
	for _, r := range renditions {
		if _, err := rendition.Render(upright, r); err != nil {
			return fmt.Errorf("make the rendition %s: %w", r.Name, err)
		}
	}
	if len(pictures) != len(report.PictureNames()) { // they are kept until now, as by internal/scan/analyze
		return errors.New("some pictures are missing")
	}
	return single.PrintPeak()
}

func produce(sample, size, file string) error {
	var width, height int
	if _, err := fmt.Sscanf(size, "%dx%d", &width, &height); err != nil {
		return fmt.Errorf("read the size %q: %w", size, err)
	}
	data, err := os.ReadFile(sample) //nolint:gosec // the caller's own file
	if err != nil {
		return err
	}
	const quality = 90 // so that 50 megapixels with noise take no more bytes than are admitted
	photo, err := single.Enlarged(data, width, height, quality, 2)
	if err != nil {
		return err
	}
	return os.WriteFile(file, photo, 0o600) //nolint:gosec // the caller's own file
}
