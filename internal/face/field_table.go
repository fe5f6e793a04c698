package face

// fieldPoint is a place of the mean face at which the mirror field is measured, with its entries in the two patterns that a turned
// head makes.
type fieldPoint struct {
	x, y   float64 // in the 300 x 320 face crop
	part   part
	middle bool // on the middle line; the others stand for themselves and for their mirror image
	posed  vec  // first principal component of the manual asymmetry of 61 people: mostly how they hold their heads
	turned vec  // mean answer of the field to the same faces turned by 8 degrees on a cylinder
}

// fieldPoints are the left half and the middle line of the mean of 86 manual points. Fitted on the 61 neutral faces of the Face
// Research Lab London Set (CC BY 4.0, doi 10.6084/m9.figshare.5047666).
var fieldPoints = [...]fieldPoint{
	{79.61, 93.42, partEyes, false, vec{-0.05044, 0.02516}, vec{-0.13232, -0.0171}},
	{87.72, 86.85, partEyes, false, vec{-0.05094, 0.02271}, vec{-0.08026, -0.02027}},
	{99.29, 83.82, partEyes, false, vec{-0.05015, 0.02032}, vec{-0.00388, -0.01217}},
	{111.19, 87.31, partEyes, false, vec{-0.04553, 0.01187}, vec{0.05164, -0.01015}},
	{122.35, 95.87, partEyes, false, vec{-0.0277, 0.00346}, vec{0.08821, -0.00756}},
	{87.59, 97.99, partEyes, false, vec{-0.03995, 0.01925}, vec{-0.08442, -0.01512}},
	{99.25, 99.46, partEyes, false, vec{-0.04396, 0.01488}, vec{-0.00277, -0.00278}},
	{110.86, 97.52, partEyes, false, vec{-0.04198, 0.01314}, vec{0.05294, -0.009}},
	{138.36, 82.35, partEyes, false, vec{0.02151, 0.0065}, vec{0.12108, 0.00098}},
	{142.03, 95.74, partEyes, false, vec{0.03392, 0.00205}, vec{0.12175, -0.00078}},
	{142.25, 109.84, partEyes, false, vec{0.05446, 0.00045}, vec{0.11833, -0.00281}},
	{140.82, 123.62, partNose, false, vec{0.07447, -8e-05}, vec{0.11299, -0.00228}},
	{138.11, 138.1, partNose, false, vec{0.08531, 0.00237}, vec{0.10711, -0.00432}},
	{149.5, 161.31, partNose, true, vec{0.09513, -0.00353}, vec{0.09253, 0}},
	{124.84, 137.59, partNose, false, vec{0.0407, 0.00716}, vec{0.0906, -0.00659}},
	{120.97, 146, partNose, false, vec{0.0485, 0.01036}, vec{0.08119, -0.00917}},
	{121.23, 155.6, partNose, false, vec{0.05313, 0.01221}, vec{0.0719, -0.00834}},
	{129.41, 160.83, partNose, false, vec{0.06749, 0.00491}, vec{0.07826, -0.00499}},
	{129.07, 153.57, partNose, false, vec{0.07891, 0.00604}, vec{0.08633, -0.00745}},
	{56.16, 77.87, partJaw, false, vec{-0.06887, 0.03991}, vec{-0.28725, -0.01256}},
	{65.82, 61.73, partBrows, false, vec{-0.06758, 0.03968}, vec{-0.2393, -0.0125}},
	{81.38, 54.04, partBrows, false, vec{-0.05021, 0.02289}, vec{-0.1454, -0.02239}},
	{101.36, 54.24, partBrows, false, vec{-0.01875, 0.01851}, vec{-0.02768, -0.01944}},
	{127.7, 63.04, partBrows, false, vec{0.02575, 0.01648}, vec{0.08928, -0.00723}},
	{127.52, 71.98, partBrows, false, vec{0.02557, 0.02289}, vec{0.09891, -0.00489}},
	{77.28, 66.68, partBrows, false, vec{-0.01655, 0.02558}, vec{-0.17056, -0.02098}},
	{98.79, 66.87, partBrows, false, vec{-0.01357, 0.01592}, vec{-0.02268, -0.01995}},
	{109.49, 200.07, partMouth, false, vec{0.0353, 0.01144}, vec{-0.01071, -0.00171}},
	{124.13, 190.42, partMouth, false, vec{0.07295, -0.00044}, vec{0.03556, 0.00077}},
	{137.76, 184.65, partMouth, false, vec{0.08438, -0.00227}, vec{0.06359, -0.00211}},
	{149.5, 187.01, partMouth, true, vec{0.09173, -0.00284}, vec{0.06416, 0}},
	{124.71, 198.32, partMouth, false, vec{0.07585, 9e-05}, vec{0.03109, -0.00024}},
	{136.88, 196.85, partMouth, false, vec{0.0909, 0.00351}, vec{0.05183, -0.00202}},
	{149.5, 197.98, partMouth, true, vec{0.091, -0.00279}, vec{0.0509, 0}},
	{124.68, 198.39, partMouth, false, vec{0.07748, 0.00071}, vec{0.03097, -0.00031}},
	{136.83, 196.98, partMouth, false, vec{0.09106, 0.00303}, vec{0.05097, -0.00185}},
	{149.5, 198.22, partMouth, true, vec{0.08926, -0.00277}, vec{0.05131, 0}},
	{120.69, 207.89, partMouth, false, vec{0.06803, 0.01019}, vec{0.01511, -0.00362}},
	{133.45, 212.88, partMouth, false, vec{0.08349, 0.00421}, vec{0.03021, -0.00204}},
	{149.5, 214.47, partMouth, true, vec{0.09535, -0.0034}, vec{0.03612, 0}},
	{51, 201.07, partJaw, false, vec{-0.24156, -0.13336}, vec{-0.26528, 0.03335}},
	{61.95, 225.44, partJaw, false, vec{-0.36362, -0.25906}, vec{-0.16977, 0.00014}},
	{85.1, 250.65, partJaw, false, vec{-0.24558, -0.06657}, vec{-0.10422, -0.03844}},
	{114.75, 267.31, partJaw, false, vec{-0.04768, 0.00827}, vec{-0.05637, -0.03403}},
	{149.5, 273.67, partJaw, true, vec{0.08313, -0.00393}, vec{-0.04696, 0}},
	{99.5, 90, partEyes, false, vec{-0.05335, 0.01702}, vec{-0.00098, -0.00951}},
}
