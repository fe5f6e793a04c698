package rendition

import (
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"image"
	"image/draw"
)

// TIFF is written here (TIFF 6.0, Adobe's Deflate): golang.org/x/image/tiff gathers the file in a
// buffer that doubles, beside the pixels and its own copy, which was the most that any rendition
// took; it writes transparency where there is none, and no differences under Deflate, which makes
// files of a photo half as large again.

// tiffRows is how many rows a strip has.
const tiffRows = 64

// The tags that a baseline TIFF must have, and that of the predictor.
const (
	tiffWidth           = 256
	tiffHeight          = 257
	tiffBitsPerSample   = 258
	tiffCompression     = 259
	tiffPhotometric     = 262
	tiffStripOffsets    = 273
	tiffSamplesPerPixel = 277
	tiffRowsPerStrip    = 278
	tiffStripByteCounts = 279
	tiffXResolution     = 282
	tiffYResolution     = 283
	tiffResolutionUnit  = 296
	tiffPredictor       = 317
)

// Types of values.
const (
	tiffShort    = 3
	tiffLong     = 4
	tiffRational = 5
)

const (
	tiffHeader     = "II*\x00\x00\x00\x00\x00" // little endian; the last four are where the directory is
	tiffGrey       = 1                         // black is zero
	tiffColours    = 2
	tiffDeflate    = 8
	tiffInches     = 2
	tiffDots       = 72 // an inch: nothing is known of it
	tiffHorizontal = 2  // a predictor: each sample is the difference to that on its left
)

// encodeTIFF writes an opaque picture to file, which is empty.
func encodeTIFF(file *pieces, img image.Image) error {
	if _, err := file.Write([]byte(tiffHeader)); err != nil {
		return err
	}
	offsets, counts, err := tiffStrips(file, img)
	if err != nil {
		return fmt.Errorf("compress: %w", err)
	}
	samples, kind := uint16(3), uint16(tiffColours)
	if _, grey := img.(*image.Gray); grey {
		samples, kind = 1, tiffGrey
	}
	bits := []uint16{8, 8, 8}[:samples]
	size := img.Bounds().Size()
	dots := []uint32{tiffDots, 1}
	at, err := tiffDirectory(file, []tiffField{
		{tiffWidth, tiffLong, []uint32{uint32(size.X)}},
		{tiffHeight, tiffLong, []uint32{uint32(size.Y)}},
		{tiffBitsPerSample, tiffShort, bits},
		{tiffCompression, tiffShort, []uint16{tiffDeflate}},
		{tiffPhotometric, tiffShort, []uint16{kind}},
		{tiffStripOffsets, tiffLong, offsets},
		{tiffSamplesPerPixel, tiffShort, []uint16{samples}},
		{tiffRowsPerStrip, tiffLong, []uint32{tiffRows}},
		{tiffStripByteCounts, tiffLong, counts},
		{tiffXResolution, tiffRational, dots},
		{tiffYResolution, tiffRational, dots},
		{tiffResolutionUnit, tiffShort, []uint16{tiffInches}},
		{tiffPredictor, tiffShort, []uint16{tiffHorizontal}},
	})
	if err != nil {
		return fmt.Errorf("write the directory: %w", err)
	}
	binary.LittleEndian.PutUint32(file.list[0][4:], at)
	return nil
}

// tiffStrips writes the pixels, and returns the offset and the size of each strip.
func tiffStrips(file *pieces, img image.Image) (offsets, counts []uint32, err error) {
	b := img.Bounds()
	area := image.Rect(0, 0, b.Dx(), tiffRows)
	colours := image.NewRGBA(area)
	strip, pix, stride, samples := draw.Image(colours), colours.Pix, colours.Stride, 3
	if _, ok := img.(*image.Gray); ok {
		grey := image.NewGray(area)
		strip, pix, stride, samples = grey, grey.Pix, grey.Stride, 1
	}
	row := make([]uint8, samples*b.Dx())
	z := zlib.NewWriter(file)
	for y := 0; y < b.Dy(); y += tiffRows {
		offsets = append(offsets, uint32(file.size))
		z.Reset(file)
		rows := min(tiffRows, b.Dy()-y)
		draw.Draw(strip, image.Rect(0, 0, b.Dx(), rows), img, b.Min.Add(image.Pt(0, y)), draw.Src)
		for i := range rows {
			differences(row, pix[i*stride:][:stride], samples, stride/b.Dx())
			if _, err := z.Write(row); err != nil {
				return nil, nil, err
			}
		}
		if err := z.Close(); err != nil {
			return nil, nil, err
		}
		counts = append(counts, uint32(file.size)-offsets[len(offsets)-1])
	}
	return offsets, counts, nil
}

// differences writes a row's pixels, each as the difference to the one on its left, by so many
// samples of the step bytes that a pixel has in src.
//
//go:norace
func differences(dst, src []uint8, samples, step int) {
	var last [4]uint8
	for ; len(dst) >= samples; dst, src = dst[samples:], src[step:] {
		for i := range samples {
			dst[i] = src[i] - last[i]
			last[i] = src[i]
		}
	}
}

// tiffField is an entry of the directory. Its values are []uint16 if short, otherwise []uint32.
type tiffField struct {
	tag, kind uint16
	values    any
}

// tiffDirectory writes the directory behind what of its values does not fit into it, and gives its
// place.
func tiffDirectory(file *pieces, fields []tiffField) (uint32, error) {
	directory := binary.LittleEndian.AppendUint16(nil, uint16(len(fields)))
	for _, f := range fields {
		values, err := binary.Append(nil, binary.LittleEndian, f.values)
		if err != nil {
			return 0, err
		}
		count := len(values) / map[uint16]int{tiffShort: 2, tiffLong: 4, tiffRational: 8}[f.kind]
		directory = binary.LittleEndian.AppendUint16(directory, f.tag)
		directory = binary.LittleEndian.AppendUint16(directory, f.kind)
		directory = binary.LittleEndian.AppendUint32(directory, uint32(count))
		if len(values) > 4 {
			at, err := file.aligned(values)
			if err != nil {
				return 0, err
			}
			values = binary.LittleEndian.AppendUint32(nil, at)
		}
		directory = append(directory, append(values, 0, 0, 0, 0)[:4]...)
	}
	return file.aligned(append(directory, 0, 0, 0, 0)) // and no other directory
}

// aligned writes b at an even place, and returns that place.
func (p *pieces) aligned(b []byte) (uint32, error) {
	if p.size%2 != 0 {
		if _, err := p.Write([]byte{0}); err != nil {
			return 0, err
		}
	}
	at := uint32(p.size)
	_, err := p.Write(b)
	return at, err
}
