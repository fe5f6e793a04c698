package boot

import (
	"os"
	"strings"
	"time"
)

// Now returns the current time for the functions. It is the machine's time. On the emulators it is
// shifted by the duration in the file named by FACESCAN_CLOCK, in the format of
// [time.ParseDuration], so that demos and tests can let days pass. If the file holds a time, in RFC
// 3339's format, that is the current time, which stands still. The file is read on each call, so
// the clocks of all processes move at once, including those started later. A missing file, or one
// with neither, shifts nothing. A deployed function refuses to start with the variable and does not
// read the file.
func (p *Process) Now() time.Time {
	now := time.Now()
	if p.Config.Clock == "" || !p.Config.Local() {
		return now
	}
	text, err := os.ReadFile(p.Config.Clock)
	if err != nil {
		return now
	}
	said := strings.TrimSpace(string(text))
	if still, err := time.Parse(time.RFC3339Nano, said); err == nil {
		return still
	}
	moved, err := time.ParseDuration(said)
	if err != nil {
		return now
	}
	return now.Add(moved)
}
