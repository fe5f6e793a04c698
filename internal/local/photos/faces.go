package photos

import (
	"image"
	"image/draw"

	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/cheat"
	"github.com/facescan/facescan/internal/testphoto/portrait"
)

type (
	subject = portrait.Face
	frame   = portrait.Frame
)

// completed are the photos of which everything comes.
func completed() []Photo {
	return []Photo{
		{
			Code: "completed", Shows: "A face from the front, in even light.", Outcome: ranked(), file: drawn(nil),
		}, {
			Code: "completed_high", Shows: "A very even face: a high score.", Outcome: ranked(),
			file: drawn(func(f *subject, _ *frame) { f.Uneven = .045 }),
		}, {
			Code: "completed_low", Shows: "An uneven face: a low score.", Outcome: ranked(),
			file: drawn(func(f *subject, _ *frame) { f.Uneven = .15 }),
		}, {
			Code: "completed_dark_skin", Shows: "A face of dark skin, in even light.", Outcome: ranked(),
			file: drawn(func(f *subject, _ *frame) { f.Skin = .6 }),
		}, {
			Code: "completed_other", Shows: "Another face, for a second user.", Outcome: ranked(),
			file: drawn(func(f *subject, _ *frame) {
				*f = subject{Seed: 12, Uneven: -.06, Wide: -.04, Long: .05, Nose: .08, Skin: .1}
			}),
		}, {
			Code: "series_1", Shows: "The first photo of a series.", Outcome: ranked(),
			file: drawn(func(f *subject, at *frame) { f.Seed, f.Roll, at.X = 21, 3, 250 }),
		}, {
			Code: "series_2", Shows: "The second photo of a series.", Outcome: ranked(),
			file: drawn(func(f *subject, at *frame) { f.Seed, f.Roll, f.Side, at.IOD = 22, -3, -.12, 106 }),
		}, {
			Code: "series_3", Shows: "The third photo of a series.", Outcome: ranked(),
			file: drawn(func(f *subject, at *frame) { f.Seed, f.Side, f.Open, at.Y = 23, .15, .04, 280 }),
		},
	}
}

// advised have warnings of checks that keep no photo from being ranked. To draw a face with only
// these two is beyond package portrait: a long nose looks strange as well, and light from the side
// shades an eye.
func advised() []Photo {
	return []Photo{
		{
			Code: "warning_other_faces", Shows: "A small face in the background.", Outcome: ranked(report.CheckOtherFaces),
			file: withOther(.3),
		}, {
			Code: "warning_side_light", Shows: "Light from one side.", Outcome: ranked(report.CheckSideLight),
			file: drawn(func(f *subject, _ *frame) { f.Side = .45 }),
		}, {
			Code: "warning_roll", Shows: "A tilted head.", Outcome: ranked(report.CheckRoll),
			file: drawn(func(f *subject, _ *frame) { f.Roll = 19 }),
		}, {
			Code: "warning_distance", Shows: "A nose as long as a camera that is very near makes it.",
			Outcome: notRanked(report.CheckDistance, report.CheckNoseLook),
			file:    drawn(func(f *subject, _ *frame) { f.Nose, f.Long = .68, .08 }),
		}, {
			Code: "warning_occlusion", Shows: "Light from one side and a cloth on one cheek.",
			Outcome: notRanked(report.CheckOcclusion, report.CheckEyesLook),
			file: drawn(func(f *subject, _ *frame) {
				f.Seed, f.Yaw, f.Side, f.Cover = 9, 5.4, -.35, portrait.Patch
			}),
		},
	}
}

// withOther returns the recipe of a selfie with another face, whose size is a share of the first,
// in a corner.
func withOther(size float64) func() ([]byte, error) {
	return drawn(nil, func(img *image.RGBA) {
		other := subject{Seed: 9, Uneven: .04}.Draw(frame{Width: 110, Height: 130, X: 55, Y: 60, IOD: 100 * size})
		draw.Draw(img, other.Rect.Add(image.Pt(10, 20)), other, image.Point{}, draw.Src)
	})
}

// unranked are measured, and too doubtful to be ranked.
func unranked() []Photo {
	list := []Photo{
		{
			Code: report.CheckDetection, Shows: "A very narrow face, which is hard to make out.",
			file: drawn(func(f *subject, _ *frame) { f.Wide, f.Roll, f.Side, f.Open = -.43, 10, .19, .34 }),
		}, {
			Code: report.CheckFaceSize, Shows: "A face that is small in the picture.",
			file: drawn(func(_ *subject, at *frame) { at.IOD = 70 }),
		}, {
			Code: report.CheckBrightness, Shows: "A face in too little light.", file: drawn(nil, graded(140, -32)),
		}, {
			Code: report.CheckGlare, Shows: "A face in glaring light.", file: drawn(nil, graded(120, 140)),
		}, {
			Code: report.CheckContrast, Shows: "A face in fog.", file: drawn(nil, graded(86, 80)),
		}, {
			Code: report.CheckFocus, Shows: "A face that is not quite in focus.", file: drawn(nil, blurred(2, 2, 2)),
		}, {
			Code: report.CheckSideLight, Shows: "Half of the face in the shade.",
			file: drawn(func(f *subject, _ *frame) { f.Side = 1 }),
		}, {
			Code: report.CheckYaw, Shows: "A head turned to the side a little.",
			file: drawn(func(f *subject, _ *frame) { f.Yaw = 24 }),
		}, {
			Code: report.CheckFraming, Shows: "A face that the edge of the picture cuts off a little.",
			file: drawn(func(_ *subject, at *frame) { at.X = 76 }),
		}, {
			Code: report.CheckMotion, Shows: "A phone that moved.", file: drawn(nil, blurred(2, 0, 2)),
		}, {
			Code: report.CheckBlocks, Shows: "A photo that was compressed too much.",
			file: func() ([]byte, error) { return asJPEG(selfie(), 6) },
		}, {
			Code: report.CheckMouth, Shows: "An open mouth.",
			file: drawn(func(f *subject, _ *frame) { f.Open = .95 }),
		}, {
			Code: report.CheckWink, Shows: "One eye half closed.",
			file: drawn(func(f *subject, _ *frame) { f.Wink = .6 }),
		},
		{Code: report.CheckEyesLook, Shows: "Sunglasses.", file: covered(portrait.Sunglasses)},
		{Code: report.CheckNoseLook, Shows: "A mask over nose and mouth.", file: covered(portrait.Mask)},
		{Code: report.CheckMouthLook, Shows: "A scarf over mouth and chin.", file: covered(portrait.Scarf)},
		{Code: report.CheckFaceLook, Shows: "Painted cheeks.", file: covered(portrait.Paint)},
		{Code: report.CheckMouthDetail, Shows: "A tape over the mouth.", file: covered(portrait.Tape)},
	}
	// What covers a face, cuts it off or darkens one half is seen by several checks.
	also := map[string][]string{
		report.CheckSideLight: {report.CheckOcclusion},
		report.CheckYaw:       {report.CheckOcclusion, report.CheckEyesLook},
		report.CheckFraming:   {report.CheckEyesLook},
		report.CheckEyesLook:  {report.CheckNoseLook, report.CheckFaceLook},
		report.CheckNoseLook:  {report.CheckMouthDetail},
		report.CheckMouthLook: {report.CheckFaceLook, report.CheckMouthDetail},
	}
	for i, p := range list {
		list[i].Outcome = notRanked(append([]string{p.Code}, also[p.Code]...)...)
		list[i].Code = "not_ranked_" + p.Code
	}
	return append(list, Photo{
		Code: "not_ranked_score", Shows: "A face more even than any: the score is beyond what is calibrated.",
		Outcome: notRanked(), file: drawn(func(f *subject, _ *frame) { f.Uneven = .03 }),
	})
}

// covered returns the recipe of a selfie with something over the face.
func covered(by portrait.Cover) func() ([]byte, error) {
	return drawn(func(f *subject, _ *frame) { f.Cover = by })
}

// guarded are measured, and not ranked because they are no honest measurement.
func guarded() []Photo {
	but := func(codes ...cheat.Code) Outcome { return Outcome{State: scan.Completed, Reasons: codes} }
	again := Outcome{State: scan.Completed, DuplicateOf: "completed"}
	return []Photo{
		{
			Code: "duplicate", Shows: "The bytes of the photo completed.", Outcome: again, After: []string{"completed"},
			file: drawn(nil),
		}, {
			Code: string(cheat.Copy), Shows: "The photo completed, saved again and a little brighter.",
			After: []string{"completed"}, Outcome: but(cheat.Copy), file: drawn(nil, graded(264, 2)),
		}, {
			Code: string(cheat.HalfFace), Shows: "The left half of a face twice, once mirrored.",
			Outcome: but(cheat.HalfFace), file: drawn(func(f *subject, _ *frame) { f.Seed = 5 }, halved),
		}, {
			Code: "geometry_before", Shows: "A long face with brows far apart.", Outcome: ranked(),
			file: drawn(func(f *subject, _ *frame) { f.Brows, f.Long, f.Nose = .1, .1, .15 }),
		}, {
			Code: string(cheat.Jump), Shows: "A short face with brows close together: another person.",
			After: []string{"geometry_before"}, Outcome: but(cheat.Jump),
			file: drawn(func(f *subject, _ *frame) { f.Seed, f.Brows, f.Long, f.Nose = 7, -.14, -.12, -.1 }),
		},
	}
}

// refused are photos of which the face cannot be measured.
func refused() []Photo {
	return []Photo{
		{
			Code: "no_face", Shows: "An empty wall.", Outcome: fails(report.NoFace), file: drawn(nil, plain(190)),
		}, {
			Code: "no_face_covered", Shows: "A head behind a board.", Outcome: fails(report.NoFace),
			file: drawn(nil, func(img *image.RGBA) {
				plain(90)(img.SubImage(image.Rect(130, 130, 350, 470)).(*image.RGBA))
			}),
		}, {
			Code: "several_faces", Shows: "Two faces side by side.", Outcome: fails(report.SeveralFaces),
			file: func() ([]byte, error) {
				at := portrait.Selfie()
				return asJPEG(beside(usual.Draw(at), subject{Seed: 9, Uneven: .04}.Draw(at)), quality)
			},
		}, {
			Code: "face_too_small", Shows: "A face far away.", Outcome: fails(report.FaceTooSmall),
			file: drawn(func(_ *subject, at *frame) { at.IOD = 50 }),
		}, {
			Code: "face_too_near", Shows: "A face that the edge of the picture cuts off.", Outcome: fails(report.FaceTooNear),
			file: drawn(func(_ *subject, at *frame) { at.X = 40 }),
		}, {
			Code: "turned_away", Shows: "A head turned to the side.", Outcome: fails(report.TurnedAway),
			file: drawn(func(f *subject, _ *frame) { f.Yaw = 32 }),
		}, {
			Code: "too_dark", Shows: "A face in the dark.", Outcome: fails(report.TooDark),
			file: drawn(func(f *subject, _ *frame) { f.Dim = .8 }),
		}, {
			Code: "too_dark_contrast", Shows: "A face in dim fog.", Outcome: fails(report.TooDark),
			file: drawn(nil, graded(56, 50)),
		}, {
			Code: "too_bright", Shows: "A face in the glare.", Outcome: fails(report.TooBright),
			file: drawn(nil, graded(90, 180)),
		}, {
			Code: "blurred", Shows: "A face out of focus.", Outcome: fails(report.Blurred), file: drawn(nil, blurred(5, 5, 2)),
		},
	}
}
