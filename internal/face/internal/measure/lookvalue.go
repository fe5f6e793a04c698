package measure

import "math"

// LookSteps is the number of steps in which a value of a look, -1 to 1, is written down on each
// side of zero. Most values are small.
const LookSteps = 400

// FromValue returns a value of a look as it is stored.
func FromValue(x float64) int8 { return int8(min(127, max(-127, math.Round(x*LookSteps)))) }
