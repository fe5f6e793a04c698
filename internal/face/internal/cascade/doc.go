// Package cascade runs pigo's trained cascades: its classifier, which finds faces in a plane and
// tells them from chance by their summed confidence, and its regressors, which walk from a place to
// a point of the face. pigo runs the classifier; the regressors are data here, run by cascade.go,
// which says why.
package cascade
