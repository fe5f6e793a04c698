// Package jpeg decodes JPEG photos (ITU T.81: baseline, extended and progressive, Huffman coded, 8
// bits a sample, one or three components in any sampling), whole or not at all.
//
// A photo is whole if every block of every scan was decoded, nothing of a scan is left over,
// restart markers count on and, in a progressive file, the scans give every coefficient to its last
// bit. So an upload that was cut is told from a photo although its end marker may be there, and a photo
// whose end marker is missing is read. What follows the last scan that is needed is never looked at
// by the decoder: phones append films, maps and further pictures there. One parser reads the
// structure: there is none beside it that could see other scans.
//
// A JPEG carries no checksum. Most damage breaks the code or its count of blocks, but a few bytes may
// change so that the rest still decodes: only a checksum beside the file tells that.
//
// # Why not another decoder
//
// Of the decoders in Go none says whether a scan was whole.
//
//   - github.com/gen2brain/jpegn v0.5.0, which this engine used before, is fast by its assembly and
//     keeps whatever it decoded, with grey for the rest. It misreads the end of some progressive scans and
//     progressive scans with restarts, and does not read scans of one component in a baseline file.
//   - image/jpeg refuses most cut files, takes twice the time, and does not read progressive scans with
//     restarts of subsampled components.
//   - libjpeg-turbo and others by way of C or WebAssembly would need a C compiler for each
//     platform, or a second or two at the start of each instance.
//
// A check of the code beside a decoder must read the code itself, which is most of a decoder and half
// of its time. So the code is read once, here. Samples are those of jpegn to the last bit, see
// TestTheSamplesAreThoseOfJpegn; the figures are printed by
//
//	go test ./internal/face/internal/jpeg -run Corpus -v
//	go test ./internal/face/internal/jpeg -bench Decode
package jpeg
