// Package cascade runs pigo's trained cascades: its classifier, which finds faces in a plane and
// separates them from chance by their summed confidence, and its regressors, which move a place to
// a point of the face. pigo runs the classifier. This package runs the regressors itself; see
// regressor for the reasons.
package cascade
