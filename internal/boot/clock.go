package boot

import (
	"os"
	"strings"
	"time"
)

// Now returns the current time for the functions. It is the machine's time. On the emulators it is
// shifted by the duration in the file named by FACESCAN_CLOCK, in the format of
// [time.ParseDuration], so that demos and tests can let days pass. The file is read on each call,
// so the clocks of all processes move at once, including those started later. A missing file, or
// one without a duration, shifts nothing. A deployed function refuses to start with the variable
// and does not read the file.
func (p *Process) Now() time.Time {
	now := time.Now()
	if p.Config.Clock == "" || !p.Config.Local() {
		return now
	}
	text, err := os.ReadFile(p.Config.Clock)
	if err != nil {
		return now
	}
	moved, err := time.ParseDuration(strings.TrimSpace(string(text)))
	if err != nil {
		return now
	}
	return now.Add(moved)
}
