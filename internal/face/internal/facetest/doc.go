// Package facetest makes the photos and the files that tests of the face engine look at: the sample
// picture, altered copies of it, files in every format with what such files carry, and colour
// profiles. It knows nothing of the engine but its refusals.
package facetest
