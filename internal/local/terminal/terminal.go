// Package terminal shows how far a script has come.
package terminal

import (
	"io"
	"os"

	"github.com/schollz/progressbar/v3"
)

// Bar returns a bar of n steps, described by what is counted. It is silent unless w is a terminal.
func Bar(w io.Writer, n int, what string) *progressbar.ProgressBar {
	if f, ok := w.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			return progressbar.NewOptions(n, progressbar.OptionSetWriter(w), progressbar.OptionSetDescription(what),
				progressbar.OptionShowCount(), progressbar.OptionClearOnFinish())
		}
	}
	return progressbar.DefaultSilent(int64(n))
}
