package face

// offsets are what is added to a cascade's answer to get the point that people mark, in raw pupil distances, x to the right, y down:
// the medians over the 61 neutral faces of the Face Research Lab London Set (CC BY 4.0, doi 10.6084/m9.figshare.5047666) of
// manual minus raw, averaged over both sides in a mirror so that they cannot make a face asymmetric.
var offsets = [marks]vec{
	markPupilL: {0.0155, -0.0075}, markPupilR: {-0.0155, -0.0075},
	markEyeOuterL: {0.0330, 0.0076}, markEyeOuterR: {-0.0330, 0.0076},
	markEyeInnerL: {0.0338, 0.0309}, markEyeInnerR: {-0.0338, 0.0309},
	markBrowInnerL: {0.0314, 0.0677}, markBrowInnerR: {-0.0314, 0.0677},
	markBrowOuterL: {-0.0280, 0.0642}, markBrowOuterR: {0.0280, 0.0642},
	markMouthL: {0.0010, 0.0226}, markMouthR: {-0.0010, 0.0226},
	markLipTop: {0, 0.0127}, markLipBottom: {0, 0.0309}, markNoseTip: {0, -0.0484},
}

// yawDirection is the unit asymmetry that turning the head makes, and yawDegrees how many degrees one unit of it stands for: found by
// turning 34 faces of the London set on a cylinder. On other, annotated faces the estimate follows the true offset of the nose with
// a correlation of 0.956.
var yawDirection = asymmetry{
	markPupilL: {-0.0963, -0.049}, markPupilR: {-0.0965, 0.0477},
	markEyeOuterL: {-0.191, -0.0775}, markEyeOuterR: {-0.191, 0.0784},
	markEyeInnerL: {0.187, -0.0266}, markEyeInnerR: {0.1869, 0.0268},
	markBrowInnerL: {0.2624, -0.0318}, markBrowInnerR: {0.2616, 0.0324},
	markBrowMiddleL: {0.0039, -0.0871}, markBrowMiddleR: {0.0035, 0.088},
	markBrowOuterL: {-0.4934, -0.1543}, markBrowOuterR: {-0.4926, 0.1542},
	markMouthL: {0.0208, -0.027}, markMouthR: {0.0194, 0.0281},
	markLipTop: {0.194, -0.0004}, markLipBottom: {0.1701, -0.0009}, markNoseTip: {0.2511, -0.0009},
}

const yawDegrees = 147.0588

// turnWeights say how much each mark counts for the turn of the whole face.
var turnWeights = [marks]float64{
	markPupilL: 1, markPupilR: 1, markEyeOuterL: 1, markEyeOuterR: 1, markEyeInnerL: 1, markEyeInnerR: 1,
	markBrowInnerL: 0.3, markBrowInnerR: 0.3, markBrowMiddleL: 0.3, markBrowMiddleR: 0.3, markBrowOuterL: 0.3, markBrowOuterR: 0.3,
	markMouthL: 1, markMouthR: 1, markLipTop: 1, markLipBottom: 1, markNoseTip: 0.5,
}

// pointErrors are the root mean square errors of each coordinate against manual points on the London set, in IOD, and spreads the
// median spread of the cascades' ends there; both sides averaged.
var (
	pointErrors = perPair([marks]float64{
		markPupilL: 0.0114, markEyeOuterL: 0.0149, markEyeInnerL: 0.0119, markBrowInnerL: 0.0320, markBrowMiddleL: 0.0320, markBrowOuterL: 0.0318,
		markMouthL: 0.0159, markLipTop: 0.0141, markLipBottom: 0.0204, markNoseTip: 0.0168,
	})
	spreads = perPair([marks]float64{
		markPupilL: 0.0110, markEyeOuterL: 0.0099, markEyeInnerL: 0.0092, markBrowInnerL: 0.0106, markBrowMiddleL: 0.0150, markBrowOuterL: 0.0154,
		markMouthL: 0.0088, markLipTop: 0.0104, markLipBottom: 0.0138, markNoseTip: 0.0139,
	})
)

// perPair gives the right marks what their left partners have.
func perPair(t [marks]float64) [marks]float64 {
	for k := range marks {
		t[k] = max(t[k], t[k.partner()])
	}
	return t
}

// indexScores maps the symmetry index (root mean square of the mirror field without the pose patterns, IOD) to the score: the share, in per
// cent, of the reference people who are less symmetric. Between the rows it is linear. Fitted on the 61 neutral faces of the London set;
// the ends, beyond the most and the least symmetric of them, are extrapolated.
var indexScores = [...]struct{ index, score float64 }{
	{0.00100, 100}, {0.00270, 99}, {0.00327, 95}, {0.00364, 90}, {0.00413, 80}, {0.00450, 70}, {0.00500, 60}, {0.00541, 50},
	{0.00588, 40}, {0.00635, 30}, {0.00718, 20}, {0.00786, 10}, {0.00865, 5}, {0.01072, 1}, {0.02000, 0},
}

const (
	// indexSD is the standard deviation of the index between the reference people and indexReliability its intraclass correlation
	// (ICC(2,1)) between their neutral and their smiling photo.
	indexSD          = 0.00179
	indexReliability = 0.71
	// usualSpread is the mean spread of the points that nine in ten of the reference photos stay under, IOD.
	usualSpread = 0.0216
	// usualSideLight is the side light that all of them stay under.
	usualSideLight = 0.15
)
