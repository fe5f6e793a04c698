// Package face measures how symmetric the one face in a photo is, and a few other lengths and angles that a single photo can
// carry, each with an uncertainty. It says nothing about beauty, age, gender, origin or identity.
//
// It is pure: bytes in, [Report] out. It knows no cloud, no clock, no file and no chance, keeps nothing between calls. pigo's
// cascades are data here, run by code of ours; pigo itself is imported by the tests, which hold that code to it.
//
// # Method
//
//  1. The header is checked against [Options] before anything is decoded (header.go, jpegheader.go), the decoder of the format is
//     called by name, and the brightness is taken, upright by EXIF (decode.go, plane.go).
//  2. pigo's classifier scans coarsely; each candidate is scanned again with a fine grid, whose summed confidence tells faces from chance.
//     Where nothing sure is found upright, the picture is looked at turned by 30 to 330 degrees (detect.go).
//  3. 17 points come from pigo's pupil and landmark cascades by a runner of ours (cascade.go), in crops that are turned upright
//     and scaled by the pupils (points.go). Each cascade starts from 31 fixed places; the interquartile mean counts. Constant offsets
//     move the answers to where people put the points. The asymmetry of the points along one direction gives the turn of the head
//     (yaw.go).
//  4. A mirror field is registered on the crop (field.go): by how much the face has to move, place by place, to look like its mirror
//     image. What a shift, a turn of the whole and a turned head explain is projected out (fieldmodes.go); the root mean
//     square of the rest, in distances between the pupils (IOD), is the index, and a table turns that into the score (score.go).
//  5. Light, focus, size and pose are checked (light.go, quality.go): a photo beyond a limit is refused, a doubtful one is reported with
//     advice and not ranked.
//  6. If asked for ([Scan]), pictures are cut from what was decoded and drawn on (picture.go and the files beside it).
//
// # What holds
//
// The same bytes give the same report, to the byte, for one [Version]: products are rounded before they are added, so that no
// compiler fuses them, pictures are resampled in whole numbers, and no function of package math is used whose last bits differ
// between machines, but for angles and logarithms that are rounded to three decimals or less.
//
// The photo of the mirrored picture gives the mirrored report and the same score, exactly, as long as the pixels are exactly mirrored (PNG,
// lossless WebP). A photo and its mirror image are told apart by a rule that picks one of the two (plane.leansRight) and this one
// is analysed. A JPEG that is mirrored and saved again differs by its compression.
//
// The innermost loops are marked go:norace, without which the race detector's tests take ten times as long: they read only what their callers
// hand to them, and the cascades, which nobody writes to.
//
// # What does not hold
//
// One photo is not a precise measurement: between a neutral and a smiling photo of one session the index has a reliability of about 0.71,
// which is why every score carries an interval. It agrees with the same index from points set by hand with a rank correlation of
// about 0.56 where the points set by hand would themselves reach 0.8 to 0.9. Compare people by the median of several photos.
//
// The cascades see no point of the jaw, the chin, the hairline or the sides of the nose. There is no detector of glasses or beards. The limits and
// tables come from 61 people in one studio; they were not checked by age or origin.
//
// # Sources
//
//   - pigo v1.4.6, E. Simo, https://github.com/esimov/pigo, MIT: classifier and cascades (cascades/NOTICE).
//   - N. Markus et al., "Eye pupil localization with an ensemble of randomized trees", Pattern Recognition 47 (2014).
//   - B. Lucas, T. Kanade, "An iterative image registration technique with an application to stereo vision", IJCAI 1981.
//   - Face Research Lab London Set, L. DeBruine and B. Jones, CC BY 4.0, doi 10.6084/m9.figshare.5047666: offsets, modes, tables.
package face
