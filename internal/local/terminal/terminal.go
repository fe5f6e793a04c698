// Package terminal shows how far a script has come.
package terminal

import (
	"io"
	"os"

	"github.com/schollz/progressbar/v3"
)

// Bar returns a bar of n steps, or of an unknown number if n is negative, described by what is
// counted. It is silent unless w is a terminal.
func Bar(w io.Writer, n int, what string) *progressbar.ProgressBar {
	shown := false
	if f, ok := w.(*os.File); ok {
		info, err := f.Stat()
		shown = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return progressbar.NewOptions(n, progressbar.OptionSetWriter(w), progressbar.OptionSetDescription(what),
		progressbar.OptionShowCount(), progressbar.OptionClearOnFinish(), progressbar.OptionSetVisibility(shown),
		// The spinner of a bar without end would turn by a goroutine, which races with Add.
		progressbar.OptionSetSpinnerChangeInterval(0))
}
