//go:build race

package face

func init() { raceDetected = true }
