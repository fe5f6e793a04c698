// Package face measures how symmetric the one face in a photo is, and a few other lengths and
// angles that a single photo can carry, each with an uncertainty. It says nothing about beauty,
// age, gender, origin or identity.
//
// It is pure: bytes in, report.Report out. It knows no cloud, no clock, no file and no chance, and
// keeps nothing between calls. Faces are found by pigo's classifier. pigo's point cascades are data
// here, run by internal/cascade, which says why.
//
// # Method
//
//  1. The structure of the file is read and checked against report.Options before anything is
//     decoded (internal/photo), and the decoder gets what was read and nothing else. A photo that
//     is not whole is refused: JPEG is decoded by internal/jpeg, which says why. The brightness is
//     taken, upright by EXIF.
//  2. pigo's classifier scans coarsely; each candidate is scanned again with a fine grid, whose
//     summed confidence tells faces from chance. Where nothing sure is found upright, the picture
//     is looked at turned by 30 to 330 degrees (internal/cascade).
//  3. A face of more than 200 pixels between the pupils is shrunk to half, a quarter or an eighth
//     of the size (internal/measure): nothing is measured any better with more.
//  4. 17 points come from pigo's pupil and landmark cascades by a runner of its own
//     (internal/cascade), in crops that are turned upright and scaled by the pupils
//     (internal/landmark). Each cascade starts from 31 fixed places; the interquartile mean counts.
//     Constant offsets move the answers to where people put the points.
//  5. A mirror field is registered on the crop, first quickly to find the middle line, then with
//     care on a crop that is cut along it (internal/mirror): by how much the face has to move,
//     place by place, to look like its mirror image. How well it then agrees with its mirror image
//     is measured about each place: where light, hair or a cover makes the halves differ, little of
//     the field is known.
//  6. What can be believed of the field is estimated from a prior of how faces differ and from the
//     noise of registration, the pose and the places that do not agree counted as noise (its
//     Prior). The root mean square of what is believed and of what remains uncertain, in distances
//     between the pupils (IOD), is the index; its percentile among the reference portraits is the
//     score (internal/measure). The points and the field together give the turn of the head.
//  7. The looks of the eyes, the nose, the mouth and the whole face are compared with learned ones:
//     what covers both halves alike shows there.
//  8. Light, focus, size, framing, pose and expression are checked: a photo beyond a limit is
//     refused, a doubtful one is reported with advice and not ranked.
//  9. If asked for ([Scan]), pictures are cut from what was decoded and drawn on (internal/draw).
//
// # What holds
//
// The same bytes give the same report, to the byte, for one report.Version: products are rounded
// before they are added, so that no compiler fuses them, pictures are resampled in whole numbers,
// and no function of package math is used whose last bits differ between machines, but for angles
// and logarithms that are rounded to three decimals or less, and the powers of tone curves, to
// 1/65536.
//
// The photo of the mirrored picture gives the mirrored report and the same score, exactly, as long
// as the pixels are exactly mirrored (PNG, lossless WebP). A photo and its mirror image are told
// apart by a rule that picks one of the two (raster.Plane.LeansRight) and this one is analysed. A
// JPEG that is mirrored and saved again differs by its compression.
//
// The innermost loops are marked go:norace, without which the race detector's tests take ten times
// as long: they read only what their callers hand to them, and the cascades, which are never
// written to.
//
// # What does not hold
//
// One photo is not a precise measurement, which is why every score carries an interval; it is more
// than half of the scale wide, and wider the less the halves agree. The interval is where the mean
// of this person's photos lies with a probability of 95 %; another photo falls into it in about 85
// of 100 cases, because it has an error of its own. Compare people by the mean of several photos.
// Beyond 2.5 standard deviations of the reference portraits a photo is not ranked: it is outside of
// what the score was calibrated on.
//
// The score is a percentile of reference portraits: of studio photos, official portraits and
// ordinary photos together, each person counted once (RELIABILITY.md has their numbers). It is no
// share of mankind, and says nothing of beauty.
//
// The cascades see no point of the jaw, the chin, the hairline or the sides of the nose. Beards are
// not told from covers but by what was learned. Drawings, statues and photos of screens that look
// like a portrait are measured like one: no cheap measure tells them apart. RELIABILITY.md has the
// figures.
//
// # Measures
//
// All are taken with the pupils level and one IOD apart (package measure has the sources);
// intervals and reliability are against points set by hand.
//
//   - mouth_tilt, deg: the line through the mouth corners against that through the pupils; positive
//     when the corner at the right of the image is lower.
//   - canthal_tilt, deg: how much the outer corners of the eyes lie above the inner ones, mean of
//     both eyes.
//   - eye_mouth_distance, IOD: from the middle between the pupils to the middle between the mouth
//     corners.
//   - mouth_deviation, IOD: how far that middle lies to the right of the line square to the pupils
//     through their middle.
//   - lip_height, IOD: from the top of the upper to the bottom of the lower lip.
//   - mouth_width, IOD: between the mouth corners.
//   - inner_eye_distance, IOD: between the inner corners of the eyes.
//   - nose_deviation, IOD: how far the tip of the nose lies to the right of the line square to the
//     pupils. A turned head moves it most of all.
//   - eye_nose_distance, IOD: how far the tip of the nose lies below the line of the pupils.
//
// # Fitting
//
// Every number taken from photos is in one value, measure.Calibration, in its tables.go and
// looks.bin, which "go run ./scripts/bench fit" writes by package fit. Nothing else has a use for
// that package.
//
// # Sources
//
//   - pigo v1.4.6, E. Simo, https://github.com/esimov/pigo, MIT: classifier and cascades
//     (internal/cascade/cascades/NOTICE).
//   - N. Markus et al., "Eye pupil localization with an ensemble of randomized trees", Pattern
//     Recognition 47 (2014).
//   - B. Lucas, T. Kanade, "An iterative image registration technique with an application to stereo
//     vision", IJCAI 1981.
//   - Face Research Lab London Set, L. DeBruine and B. Jones, CC BY 4.0, doi
//     10.6084/m9.figshare.5047666: offsets, prior, noise, looks, scale.
//   - Official portraits of the US Senate, CivilServiceUSA/us-senate, public domain: looks, scale.
//   - Portraits of chandrikadeb7/Face-Mask-Detection, MIT: quantiles of the index only.
package face
