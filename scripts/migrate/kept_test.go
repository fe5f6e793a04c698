package main

import (
	"testing"

	"github.com/facescan/facescan/internal/local/keep"
)

// TestKeptVersion: data that make run KEEP=folder has kept are in the shape of their time, and no
// step is run on them.
func TestKeptVersion(t *testing.T) {
	if keep.Version != len(steps) {
		t.Errorf("there are %d steps: have keep.Version say so, and not %d", len(steps), keep.Version)
	}
}
