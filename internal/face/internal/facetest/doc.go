// Package facetest makes photos and files for tests of the face engine: the sample picture, altered
// copies of it, files in every format with their metadata, and colour profiles. Of the engine it
// imports only the refusals.
package facetest
