// Package mirror compares a face with its mirror image: the mirror field, by how much the face has
// to move, place by place, to look like its mirror image; how well the halves then agree about each
// place; and what of the field can be believed.
package mirror
