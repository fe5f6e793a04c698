package mirror

// fieldPoint is a place of the mean face at which the mirror field is measured.
type fieldPoint struct {
	X, Y   float64 // in the 300 x 320 face crop
	Part   Part
	Middle bool // on the middle line; the others stand for themselves and for their mirror image
}

// FieldPoints are the left half and the middle line of the mean of 86 manual points. Fitted on the
// 61 neutral faces of the Face Research Lab London Set (CC BY 4.0, doi
// 10.6084/m9.figshare.5047666).
var FieldPoints = [...]fieldPoint{
	{79.61, 93.42, PartEyes, false},
	{87.72, 86.85, PartEyes, false},
	{99.29, 83.82, PartEyes, false},
	{111.19, 87.31, PartEyes, false},
	{122.35, 95.87, PartEyes, false},
	{87.59, 97.99, PartEyes, false},
	{99.25, 99.46, PartEyes, false},
	{110.86, 97.52, PartEyes, false},
	{138.36, 82.35, PartEyes, false},
	{142.03, 95.74, PartEyes, false},
	{142.25, 109.84, PartEyes, false},
	{140.82, 123.62, partNose, false},
	{138.11, 138.1, partNose, false},
	{149.5, 161.31, partNose, true},
	{124.84, 137.59, partNose, false},
	{120.97, 146, partNose, false},
	{121.23, 155.6, partNose, false},
	{129.41, 160.83, partNose, false},
	{129.07, 153.57, partNose, false},
	{56.16, 77.87, partJaw, false},
	{65.82, 61.73, partBrows, false},
	{81.38, 54.04, partBrows, false},
	{101.36, 54.24, partBrows, false},
	{127.7, 63.04, partBrows, false},
	{127.52, 71.98, partBrows, false},
	{77.28, 66.68, partBrows, false},
	{98.79, 66.87, partBrows, false},
	{109.49, 200.07, PartMouth, false},
	{124.13, 190.42, PartMouth, false},
	{137.76, 184.65, PartMouth, false},
	{149.5, 187.01, PartMouth, true},
	{124.71, 198.32, PartMouth, false},
	{136.88, 196.85, PartMouth, false},
	{149.5, 197.98, PartMouth, true},
	{124.68, 198.39, PartMouth, false},
	{136.83, 196.98, PartMouth, false},
	{149.5, 198.22, PartMouth, true},
	{120.69, 207.89, PartMouth, false},
	{133.45, 212.88, PartMouth, false},
	{149.5, 214.47, PartMouth, true},
	{51, 201.07, partJaw, false},
	{61.95, 225.44, partJaw, false},
	{85.1, 250.65, partJaw, false},
	{114.75, 267.31, partJaw, false},
	{149.5, 273.67, partJaw, true},
	{99.5, 90, PartEyes, false},
}
