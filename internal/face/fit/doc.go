// Package fit fits the calibration of the face engine to photos with manual points. It also reads
// photos by any calibration, so that scripts/bench can fit the engine to some people and evaluate
// it on others. Only scripts/bench uses it.
package fit
