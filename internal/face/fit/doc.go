// Package fit fits the numbers of the face engine to photos of people with points that were set by
// hand, and reads photos by any calibration, so that scripts/bench can fit the engine to some
// people and judge it on others. Nothing else has a use for it.
package fit
