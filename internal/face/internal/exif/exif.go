// Package exif reads the orientation from the EXIF data of a photo.
package exif

import "encoding/binary"

// Prefix precedes EXIF data in a segment of a JPEG file, and in some WebP files.
const Prefix = "Exif\x00\x00"

// Orientation returns the orientation in EXIF data (TIFF 6.0, sections 2 and 8), 1 to 8, or 0 if
// there is no valid one. Its number may have 16 bits, as in the standard, or 32.
func Orientation(data []byte) int {
	const head, tag, short, long, entry = 8, 0x0112, 3, 4, 12
	if len(data) < head {
		return 0
	}
	var order binary.ByteOrder = binary.BigEndian
	switch string(data[:2]) {
	case "MM":
	case "II":
		order = binary.LittleEndian
	default:
		return 0
	}
	at := int64(order.Uint32(data[4:]))
	if order.Uint16(data[2:]) != 42 || at < head || at+2 > int64(len(data)) {
		return 0
	}
	entries := data[at+2:]
	for range order.Uint16(data[at:]) {
		if len(entries) < entry {
			return 0
		}
		value := uint32(0)
		switch order.Uint16(entries[2:]) {
		case short:
			value = uint32(order.Uint16(entries[8:]))
		case long:
			value = order.Uint32(entries[8:])
		}
		if order.Uint16(entries) == tag && value >= 1 && value <= 8 {
			return int(value)
		}
		entries = entries[entry:]
	}
	return 0
}
