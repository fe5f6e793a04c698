package photo

import (
	"bytes"
	"errors"
	"image"

	"github.com/facescan/facescan/internal/face/internal/exif"
	"github.com/facescan/facescan/internal/face/internal/jpeg"
	"github.com/facescan/facescan/internal/face/report"
)

// jpegHeader reads the structure of a JPEG without decoding it.
func jpegHeader(data []byte) (Header, error) {
	const app1, app2 = 0xe1, 0xe2
	h := Header{Format: FormatJPEG}
	var icc iccChunks
	file, err := jpeg.Read(data, func(marker byte, body []byte) {
		data, isExif := bytes.CutPrefix(body, []byte(exif.Prefix))
		switch {
		case marker == app1 && isExif && h.Orientation == 0:
			h.Orientation = exif.Orientation(data)
		case marker == app2:
			icc.add(body)
		}
	})
	switch {
	case errors.Is(err, jpeg.ErrCMYK):
		return Header{}, report.RefuseBecause(report.UnsupportedFormat,
			"This JPEG is made for printing (CMYK). Please save it with RGB colours.", err)
	case errors.Is(err, jpeg.ErrUnsupported):
		return Header{}, report.RefuseBecause(report.UnsupportedFormat, detailUnreadKind, err)
	case err != nil:
		return Header{}, report.RefuseBecause(report.Corrupt, detailDamaged, err)
	}
	h.Orientation, h.icc = max(1, h.Orientation), icc.profile()
	h.Width, h.Height, h.Memory = file.Width, file.Height, file.Memory()
	h.decode = func(colours bool) (image.Image, error) {
		img, err := file.Decode(colours)
		if err != nil {
			return nil, report.RefuseBecause(report.Corrupt, detailDamaged, err)
		}
		return img, nil
	}
	return h, nil
}
