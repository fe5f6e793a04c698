package boot

import (
	"os"
	"strings"
	"time"
)

// Now returns the time by which the functions act. It is the machine's, but on the emulators it is
// moved by the duration in the file that FACESCAN_CLOCK names, in the form of
// [time.ParseDuration], so that days pass in demos and tests. The file is read each time: it moves
// the clock of all processes at once, and of one that is started later. A file that is missing or
// has no duration moves nothing. A deployed function does not start with the variable, and does
// not read the file.
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
