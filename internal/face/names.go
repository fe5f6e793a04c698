package face

import "github.com/facescan/facescan/internal/face/report"

// What a report is made of, from package report, which links nothing of the engine.
type (
	Report       = report.Report
	Image        = report.Image
	ColorProfile = report.ColorProfile
	Box          = report.Box
	Point        = report.Point
	Pose         = report.Pose
	Verdict      = report.Verdict
	Check        = report.Check
	Score        = report.Score
	Contribution = report.Contribution
	Metric       = report.Metric
	Reliability  = report.Reliability
	NotMeasured  = report.NotMeasured
	Code         = report.Code
	Refusal      = report.Refusal
	Options      = report.Options
	Picture      = report.Picture
)

// Version is that of reports and scores.
const Version = report.Version

// The verdicts of checks.
const (
	VerdictOK     = report.VerdictOK
	VerdictWarn   = report.VerdictWarn
	VerdictReject = report.VerdictReject
)

// The codes of refusals.
const (
	UnsupportedFormat = report.UnsupportedFormat
	TooLarge          = report.TooLarge
	Corrupt           = report.Corrupt
	NoFace            = report.NoFace
	SeveralFaces      = report.SeveralFaces
	FaceTooSmall      = report.FaceTooSmall
	FaceTooNear       = report.FaceTooNear
	TurnedAway        = report.TurnedAway
	TooDark           = report.TooDark
	TooBright         = report.TooBright
	Blurred           = report.Blurred
)

// The names of the checks.
const (
	CheckDetection   = report.CheckDetection
	CheckOtherFaces  = report.CheckOtherFaces
	CheckFaceSize    = report.CheckFaceSize
	CheckBrightness  = report.CheckBrightness
	CheckGlare       = report.CheckGlare
	CheckContrast    = report.CheckContrast
	CheckFocus       = report.CheckFocus
	CheckSideLight   = report.CheckSideLight
	CheckYaw         = report.CheckYaw
	CheckRoll        = report.CheckRoll
	CheckDistance    = report.CheckDistance
	CheckOcclusion   = report.CheckOcclusion
	CheckFraming     = report.CheckFraming
	CheckMotion      = report.CheckMotion
	CheckBlocks      = report.CheckBlocks
	CheckMouth       = report.CheckMouth
	CheckWink        = report.CheckWink
	CheckEyesLook    = report.CheckEyesLook
	CheckNoseLook    = report.CheckNoseLook
	CheckMouthLook   = report.CheckMouthLook
	CheckFaceLook    = report.CheckFaceLook
	CheckMouthDetail = report.CheckMouthDetail
)

// The names of the pictures.
const (
	PictureOverlay    = report.PictureOverlay
	PictureCrop       = report.PictureCrop
	PictureLeftLeft   = report.PictureLeftLeft
	PictureRightRight = report.PictureRightRight
	PictureThumbnail  = report.PictureThumbnail
)

// PictureNames lists the names, in the order in which Scan gives the pictures.
func PictureNames() []string { return report.PictureNames() }

// MajorVersion is the first number of Version.
func MajorVersion() int { return report.MajorVersion() }
