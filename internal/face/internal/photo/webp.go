package photo

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"io"

	"github.com/facescan/facescan/internal/face/internal/exif"
	"github.com/facescan/facescan/internal/face/internal/vp8l"
	"github.com/facescan/facescan/internal/face/report"
	xvp8 "golang.org/x/image/vp8"
	xvp8l "golang.org/x/image/vp8l"
	"golang.org/x/image/webp"
)

// webpFile is what a walk over the chunks of a WebP (RFC 9649) finds.
type webpFile struct {
	extended, alpha, lossy, lossless []byte
	exif, icc                        []byte
}

var (
	errCanvas = errors.New("webp: no picture, or one of another size than the canvas")
	errRest   = errors.New("webp: data goes on behind the last pixel")
)

// webpHeader reads the structure of a WebP without decoding it.
//
// A lossless picture is whole if its code ends with its last pixel. One with losses carries nothing
// that would tell: what is missing or changed gives other pixels, and only a picture that is
// shorter than it says is refused.
func webpHeader(data []byte, opts report.Options) (Header, error) {
	f, err := readWebP(data)
	if err != nil {
		return Header{}, err
	}
	h := Header{Format: FormatWebP, Orientation: max(1, exif.Orientation(bytes.TrimPrefix(f.exif, []byte(exif.Prefix))))}
	if f.icc != nil {
		h.icc = iccFromWebP(f.icc)
	}
	size := f.lossySize
	if f.lossless != nil {
		size = f.losslessSize
	}
	if err = size(&h, opts); err == nil {
		err = f.checkCanvas(h.Width, h.Height)
	}
	switch {
	case errors.Is(err, vp8l.ErrCodes):
		return Header{}, report.RefuseBecause(report.UnsupportedFormat, detailUnreadKind, err)
	case err != nil:
		return Header{}, report.RefuseBecause(report.Corrupt, detailDamaged, err)
	}
	return h, nil
}

// readWebP walks over the chunks, up to the end of the file. Its errors are refusals.
func readWebP(data []byte) (*webpFile, error) {
	f := new(webpFile)
	const start, head = 12, 8
	if size := int64(binary.LittleEndian.Uint32(data[4:])) + head; size >= start {
		data = data[:min(int64(len(data)), size)]
	}
	for data = data[start:]; len(data) >= head; {
		name, length := string(data[:4]), int64(binary.LittleEndian.Uint32(data[4:]))
		if length > int64(len(data)-head) {
			break // of the picture's chunk nothing is there; another one is not missed
		}
		body := data[head : head+length]
		switch into := f.place(name); {
		case name == "ANIM", name == "ANMF":
			return nil, report.Refuse(report.UnsupportedFormat, "This is an animation. Please send a photo.")
		case into != nil && *into == nil:
			*into = body
		}
		data = data[min(head+length+length&1, int64(len(data))):]
	}
	return f, nil
}

// place returns where a chunk is kept, nil for one that is not looked at. Of several the first one
// counts.
func (f *webpFile) place(name string) *[]byte {
	switch name {
	case "VP8X":
		return &f.extended
	case "ALPH":
		return &f.alpha
	case "VP8 ":
		return &f.lossy
	case "VP8L":
		return &f.lossless
	case "EXIF":
		return &f.exif
	case "ICCP":
		return &f.icc
	}
	return nil
}

// checkCanvas checks that the picture has the size of the canvas, if one is given.
func (f *webpFile) checkCanvas(w, h int) error {
	const widthAt, heightAt, size = 4, 7, 10
	if f.extended == nil {
		return nil
	}
	if len(f.extended) < size || uint24(f.extended[widthAt:])+1 != w || uint24(f.extended[heightAt:])+1 != h {
		return errCanvas
	}
	return nil
}

func uint24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }

// losslessSize fills in what the picture without losses says.
func (f *webpFile) losslessSize(h *Header, opts report.Options) error {
	cost, err := vp8l.ReadCost(f.lossless, opts.MaxPixels)
	if err != nil {
		return err
	}
	h.Width, h.Height, h.Memory = cost.Width, cost.Height, cost.Memory()
	h.decode = func(bool) (image.Image, error) {
		const spare = 8 // bytes that an encoder may write to fill a word
		r := bytes.NewReader(f.lossless)
		img, err := xvp8l.Decode(r)
		if err == nil && r.Len() > spare {
			err = errRest
		}
		if err != nil {
			return nil, report.RefuseBecause(report.Corrupt, detailDamaged, err)
		}
		return img, nil
	}
	return nil
}

// lossySize fills in what the picture with losses says.
func (f *webpFile) lossySize(h *Header, opts report.Options) error {
	if f.lossy == nil {
		return errCanvas
	}
	d := xvp8.NewDecoder()
	d.Init(bytes.NewReader(f.lossy), len(f.lossy))
	frame, err := d.DecodeFrameHeader()
	if err != nil {
		return fmt.Errorf("webp: %w", err)
	}
	const block, bytesPerBlock = 16, 16*16*3/2 + 4 // samples, and the settings of the filter
	blocks := int64((frame.Width+block-1)/block) * int64((frame.Height+block-1)/block)
	h.Width, h.Height, h.Memory = frame.Width, frame.Height, bytesPerBlock*blocks+int64(len(f.lossy))
	h.decode = func(bool) (image.Image, error) {
		img, err := webp.Decode(f.reader(frame))
		if err != nil {
			return nil, report.RefuseBecause(report.Corrupt, detailDamaged, err)
		}
		return img, nil
	}
	return f.addAlpha(h, opts)
}

// addAlpha adds what the transparency of the picture takes.
func (f *webpFile) addAlpha(h *Header, opts report.Options) error {
	if f.alpha == nil || int64(h.Width)*int64(h.Height) > opts.MaxPixels {
		return nil
	}
	h.Memory += int64(h.Width) * int64(h.Height)
	const compressed, mask = 1, 3
	if len(f.alpha) == 0 || f.alpha[0]&mask != compressed {
		return nil
	}
	cost, err := vp8l.ReadAlphaCost(f.alpha[1:], h.Width, h.Height)
	if err != nil {
		return err
	}
	h.Memory += cost.Memory()
	return nil
}

// reader returns a file of the picture with losses and its transparency alone.
func (f *webpFile) reader(frame xvp8.FrameHeader) io.Reader {
	var chunks []io.Reader
	length := 4
	add := func(name string, body []byte) {
		head := binary.LittleEndian.AppendUint32([]byte(name), uint32(len(body)))
		chunks = append(chunks, bytes.NewReader(head), bytes.NewReader(body), bytes.NewReader(make([]byte, len(body)&1)))
		length += len(head) + len(body) + len(body)&1
	}
	if f.alpha != nil {
		const hasAlpha = 1 << 4
		w, h := frame.Width-1, frame.Height-1
		add("VP8X", []byte{hasAlpha, 0, 0, 0, byte(w), byte(w >> 8), 0, byte(h), byte(h >> 8), 0})
		add("ALPH", f.alpha)
	}
	add("VP8 ", f.lossy)
	head := append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(length)), "WEBP"...)
	return io.MultiReader(append([]io.Reader{bytes.NewReader(head)}, chunks...)...)
}
