package deliver

import (
	"strings"
	"testing"
)

func TestWebTopic(t *testing.T) {
	if got := webTopic(strings.Repeat("x", 64)); len(got) != 32 {
		t.Errorf("a topic of %d characters", len(got))
	}
	if got := webTopic("short"); got != "short" {
		t.Errorf("topic = %q", got)
	}
}
