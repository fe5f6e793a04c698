// Package jpeg decodes JPEG photos (ITU T.81: baseline, extended and progressive, Huffman coded, 8
// bits a sample, one or three components in any sampling), whole or not at all.
//
// A photo is whole if every block of every scan was decoded, nothing of a scan is left over,
// restart markers count on and, in a progressive file, the scans give every coefficient to its last
// bit. So an upload that was cut is told from a photo although its end marker may be there, and a
// photo whose end marker is missing is read. What follows the last scan that is needed is never
// looked at by the decoder: phones append films, maps and further pictures there. One parser reads
// the structure: there is none beside it that could see other scans.
//
// A JPEG carries no checksum. Most damage breaks the code or its count of blocks, but a few bytes
// may change so that the rest still decodes: only a checksum beside the file tells that.
//
// # Why not another decoder
//
// Of the decoders in Go none says whether a photo was whole, and each leaves something out.
//
//   - github.com/gen2brain/jpegn v0.5.0, which this engine used before, is fast by its assembly. It
//     keeps whatever it decoded, with grey for the rest, misreads the end of some progressive scans
//     and progressive scans with restarts, and reads no baseline file of several scans.
//   - image/jpeg takes twice the time, refuses what lacks its end marker, takes a file of which
//     scans are missing for whole, and reads no progressive scans with restarts of subsampled
//     components.
//   - libjpeg-turbo and its kin need a C compiler for each platform, or a runtime for WebAssembly.
//
// A check beside a decoder must read the code as well, which is half of a decoder and a third of
// its time: with jpegn the two took a third more time than this package, which reads the code once.
// JPEG has not changed since 1992, so that there is little upkeep. Samples are those of jpegn to
// the last bit: the engine's tables were fitted with them. The commands for the figures:
//
//	go test ./internal/face/internal/jpeg -run Corpus -v
//	go test ./internal/face -run DamageIsNoticed -v -damage 500
//	go test ./internal/face -run XXX -bench Decoders -cpu 1
package jpeg
