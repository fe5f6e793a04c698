// Package measure measures the face in a photo and says what the report says of it: it finds the
// face and its points, compares its halves, applies a calibration, judges light, focus, looks and
// pose by the checks, and computes the score with its uncertainty.
//
// What is seen (Measurement before Judge) depends on no fitted number; what follows from it does,
// by a Calibration.
package measure
