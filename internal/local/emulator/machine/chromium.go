package machine

import (
	"fmt"
	"path/filepath"
)

// ChromiumVariable names the variable with the program of a Chromium that is not on the PATH.
const ChromiumVariable = "CHROMIUM"

// Chromium returns the browser's program: that of the variable, or one on the PATH, or on macOS one
// among the applications. The error is a *MissingError.
func (m Machine) Chromium() (string, error) {
	const what = "Chromium"
	mend := "sudo apt-get install -y chromium (Debian)"
	if m.OS == "darwin" {
		mend = "brew install --cask chromium"
	}
	mend += ", or name the program of one: make browser " + ChromiumVariable + "=PATH"
	if set := m.Getenv(ChromiumVariable); set != "" {
		path, err := m.LookPath(set)
		if err != nil {
			because := fmt.Sprintf("%s=%s is no program", ChromiumVariable, set)
			return "", &MissingError{[]Missing{{what, because, mend}}}
		}
		return path, nil
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := m.LookPath(name); err == nil {
			return path, nil
		}
	}
	for _, app := range []string{"Chromium", "Google Chrome"} {
		path := filepath.Join(m.Root+"/Applications", app+".app", "Contents", "MacOS", app)
		if m.OS == "darwin" && Exists(path) {
			return path, nil
		}
	}
	return "", &MissingError{[]Missing{{what, "no chromium on the PATH", mend}}}
}
