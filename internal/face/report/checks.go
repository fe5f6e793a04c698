package report

import "slices"

// Ranks reports whether a warning of the check keeps a photo from being ranked. The others are
// hints. A light from one side is one, too, unless the halves of the face look different by it.
func Ranks(check string) bool {
	return !slices.Contains([]string{
		CheckOtherFaces, CheckSideLight, CheckRoll, CheckDistance, CheckOcclusion,
	}, check)
}

// The names of the checks, in the order in which they are made, with the unit of their values.
const (
	CheckDetection  = "detection"   // the detector's summed confidence; more is better
	CheckOtherFaces = "other_faces" // size of the next face in the picture over that of the measured one; less is better
	CheckFaceSize   = "face_size"   // pixels of the original between the pupils; more is better
	CheckBrightness = "brightness"  // mean grey level of the face, 0 to 255; more is better here
	CheckGlare      = "glare"       // the same; less is better here
	CheckContrast   = "contrast"    // standard deviation of the face's grey levels; more is better
	CheckFocus      = "focus"       // variance of the Laplacian over the squared contrast; more is better
	CheckSideLight  = "side_light"  // natural logarithm of the brighter half of the face over the darker; less is better
	CheckYaw        = "yaw"         // degrees that the head is turned by, either way; less is better
	CheckRoll       = "roll"        // degrees that the head is tilted by, either way; less is better
	// CheckDistance is how far the tip of the nose lies below the pupils, in distances between them;
	// less is better. A camera that is very near makes the nose longer: 0.47 to 0.56 from 60 to 15 cm
	// in one face. Faces differ by more than that, so it is a hint only.
	CheckDistance = "distance"
	// CheckOcclusion is the correlation of the face's halves, -1 to 1; more is better. Hair, a hand, a
	// shadow or a frame on one side lowers it, and so does the face itself, so it is a hint only.
	CheckOcclusion = "occlusion"
	// CheckFraming is the share, 0 to 1, of the face that lies beyond the edge of the picture; less is
	// better.
	CheckFraming = "framing"
	// CheckMotion is the isotropy of fine detail, 0 to 1; more is better. A movement removes the
	// detail along its direction.
	CheckMotion = "motion"
	// CheckBlocks is the visibility of the edges of a JPEG's blocks, about 1 where they are not
	// visible; less is better.
	CheckBlocks = "blocks"
	// CheckMouth is the height of the lips, in distances between the pupils; less is better: an open
	// mouth moves the lower face.
	CheckMouth = "mouth_opening"
	// CheckWink is the difference in the opening of the eyes, in thousandths of the distance
	// between the pupils; less is better.
	CheckWink = "wink"
	// The next four compare a region of the face with the learned looks of it: the share, 0 to 1,
	// of its look that no combination of learned looks explains; less is better. They detect covers
	// over both halves.
	CheckEyesLook  = "eyes_look"
	CheckNoseLook  = "nose_look"
	CheckMouthLook = "mouth_look"
	CheckFaceLook  = "face_look"
	// CheckMouthDetail is the share, 0 to 1, of the detail of the mouth's region that lies at the
	// mouth; more is better.
	CheckMouthDetail = "mouth_detail"
)
