package face

// fieldPoint is a place of the mean face at which the mirror field is measured.
type fieldPoint struct {
	x, y   float64 // in the 300 x 320 face crop
	part   part
	middle bool // on the middle line; the others stand for themselves and for their mirror image
}

// fieldPoints are the left half and the middle line of the mean of 86 manual points. Fitted on the 61 neutral faces of the Face
// Research Lab London Set (CC BY 4.0, doi 10.6084/m9.figshare.5047666).
var fieldPoints = [...]fieldPoint{
	{79.61, 93.42, partEyes, false},
	{87.72, 86.85, partEyes, false},
	{99.29, 83.82, partEyes, false},
	{111.19, 87.31, partEyes, false},
	{122.35, 95.87, partEyes, false},
	{87.59, 97.99, partEyes, false},
	{99.25, 99.46, partEyes, false},
	{110.86, 97.52, partEyes, false},
	{138.36, 82.35, partEyes, false},
	{142.03, 95.74, partEyes, false},
	{142.25, 109.84, partEyes, false},
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
	{109.49, 200.07, partMouth, false},
	{124.13, 190.42, partMouth, false},
	{137.76, 184.65, partMouth, false},
	{149.5, 187.01, partMouth, true},
	{124.71, 198.32, partMouth, false},
	{136.88, 196.85, partMouth, false},
	{149.5, 197.98, partMouth, true},
	{124.68, 198.39, partMouth, false},
	{136.83, 196.98, partMouth, false},
	{149.5, 198.22, partMouth, true},
	{120.69, 207.89, partMouth, false},
	{133.45, 212.88, partMouth, false},
	{149.5, 214.47, partMouth, true},
	{51, 201.07, partJaw, false},
	{61.95, 225.44, partJaw, false},
	{85.1, 250.65, partJaw, false},
	{114.75, 267.31, partJaw, false},
	{149.5, 273.67, partJaw, true},
	{99.5, 90, partEyes, false},
}
