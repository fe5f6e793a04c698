package exif_test

import (
	"encoding/binary"
	"testing"

	"github.com/facescan/facescan/internal/face/internal/exif"
	"github.com/facescan/facescan/internal/face/internal/facetest"
)

func TestOrientation_isFound(t *testing.T) {
	t.Parallel()
	const tag, short, long = 0x112, 3, 4
	good := facetest.Tiff(binary.BigEndian, [3]uint32{tag, short, 6})
	for name, tt := range map[string]struct {
		exif []byte
		want int
	}{
		"of 16 bits, highest byte first": {good, 6},
		"of 16 bits, lowest byte first":  {facetest.Tiff(binary.LittleEndian, [3]uint32{tag, short, 8}), 8},
		"of 32 bits, highest byte first": {facetest.Tiff(binary.BigEndian, [3]uint32{tag, long, 3}), 3},
		"of 32 bits, lowest byte first":  {facetest.Tiff(binary.LittleEndian, [3]uint32{tag, long, 5}), 5},
		"behind other entries": {
			facetest.Tiff(binary.LittleEndian, [3]uint32{0x100, long, 4000}, [3]uint32{0x10f, 2, 0}, [3]uint32{tag, short, 2}),
			2,
		},
		"in half a directory": {
			facetest.Tiff(binary.BigEndian, [3]uint32{tag, short, 7}, [3]uint32{0x131, 2, 0})[:8+2+12], 7,
		},
		"0":                       {facetest.Tiff(binary.BigEndian, [3]uint32{tag, short, 0}), 0},
		"9":                       {facetest.Tiff(binary.BigEndian, [3]uint32{tag, short, 9}), 0},
		"65536 + 6":               {facetest.Tiff(binary.BigEndian, [3]uint32{tag, long, 65542}), 0},
		"of another type":         {facetest.Tiff(binary.BigEndian, [3]uint32{tag, 2, 6}), 0},
		"none":                    {facetest.Tiff(binary.BigEndian, [3]uint32{0x100, long, 6}), 0},
		"in nothing":              {nil, 0},
		"in a head alone":         {good[:8], 0},
		"in half an entry":        {good[:15], 0},
		"of another byte order":   {append([]byte("XX"), good[2:]...), 0},
		"of another kind of TIFF": {append([]byte("MM\x00\x2b"), good[4:]...), 0},
		"in a directory at the far end": {
			append(append([]byte{}, good[:4]...), append([]byte{0xff, 0xff, 0xff, 0xff}, good[8:]...)...), 0,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := exif.Orientation(tt.exif); got != tt.want {
				t.Errorf("%d, want %d", got, tt.want)
			}
		})
	}
}
