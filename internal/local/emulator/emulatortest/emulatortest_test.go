package emulatortest

import (
	"regexp"
	"testing"
)

func TestUniqueProject(t *testing.T) {
	one, other := UniqueProject(t), UniqueProject(t)
	if one == other {
		t.Errorf("%s twice", one)
	}
	// What Google accepts as a project id.
	if !regexp.MustCompile(`^demo-[a-z0-9]{1,25}$`).MatchString(one) {
		t.Errorf("%s is not a project id", one)
	}
}
