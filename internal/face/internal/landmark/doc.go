// Package landmark finds the points of a face: the 17 marks, where they lie in pupil distances in a
// frame whose x axis runs through the pupils, and by how much each side differs from the mirror
// image of the other.
package landmark
