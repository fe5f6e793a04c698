package emulator

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const (
	minJava      = 11 // what Google's older jars, as of gcloud 528, were compiled for
	downloadJava = 21 // what the jars firebase-tools downloads need
	minNode      = 20 // what the pinned firebase-tools needs
)

// Missing is one thing the machine lacks.
type Missing struct {
	What    string // "Java 17 or newer"
	Because string // "no java in $JAVA_HOME or on the PATH"
	Install string // the command, or the choice of commands, that installs it
}

// MissingError lists every prerequisite that is missing, so that one reading is enough to install them all.
type MissingError struct{ Missing []Missing }

// Error returns one paragraph per missing thing, each with its install command.
func (e *MissingError) Error() string {
	var text strings.Builder
	text.WriteString("the local emulators need what is missing here:")
	for _, m := range e.Missing {
		fmt.Fprintf(&text, "\n  - %s (%s)\n      install: %s", m.What, m.Because, m.Install)
	}
	return text.String()
}

// tools is what the search found.
type tools struct {
	java     string
	node     string
	npm      string
	jars     map[Service]jar
	download []Service // official jars that are missing, and that firebase-tools may fetch
}

// jar is an emulator's jar and how to run it.
type jar struct {
	path string
	jarInfo
}

// finder carries one search.
type finder struct {
	machine
	javaVersion int // 0 when there is no Java
	found       tools
	missing     []Missing
}

// find looks for everything that starting the services takes. Its error is a *MissingError.
func find(ctx context.Context, on machine, services []Service) (tools, error) {
	f := finder{machine: on, found: tools{jars: map[Service]jar{}}}
	jars := slices.DeleteFunc(slices.Clone(services), func(s Service) bool { return s == Auth })
	if len(jars) > 0 {
		f.findJava(ctx)
	}
	for _, s := range jars {
		f.findJar(ctx, s)
	}
	if slices.Contains(services, Auth) || len(f.found.download) > 0 {
		f.findNode(ctx)
	}
	if len(f.missing) > 0 {
		return tools{}, &MissingError{Missing: f.missing}
	}
	return f.found, nil
}

func (f *finder) lack(what, because, install string) {
	f.missing = append(f.missing, Missing{What: what, Because: because, Install: install})
}

// byOS picks the install command for the machine's operating system.
func (f *finder) byOS(linux, mac string) string {
	if f.goos == "darwin" {
		return mac
	}
	return linux
}

var javaVersionLine = regexp.MustCompile(`version "(\d+)(?:\.(\d+))?`)

// findJava looks for a Java that runs at least the older jars.
func (f *finder) findJava(ctx context.Context) {
	const what = "Java 17 or newer"
	install := f.byOS("sudo apt-get install -y openjdk-17-jre-headless", "brew install openjdk@21")
	path := filepath.Join(f.getenv("JAVA_HOME"), "bin", "java")
	if f.getenv("JAVA_HOME") == "" || !exists(path) {
		var err error
		if path, err = f.lookPath("java"); err != nil {
			f.lack(what, "no java in $JAVA_HOME or on the PATH", install)
			return
		}
	}
	out, err := f.output(ctx, path, "-version")
	version := parseJava(out)
	switch {
	case err != nil || version == 0:
		f.lack(what, path+" -version fails", install)
	case version < minJava:
		f.lack(what, fmt.Sprintf("%s is Java %d", path, version), install)
	default:
		f.found.java, f.javaVersion = path, version
	}
}

// parseJava reads the major version from `java -version`, or returns 0. Java 8 calls itself 1.8.
func parseJava(out string) int {
	parts := javaVersionLine.FindStringSubmatch(out)
	if parts == nil {
		return 0
	}
	version, _ := strconv.Atoi(parts[1])
	if version == 1 {
		version, _ = strconv.Atoi(parts[2])
	}
	return version
}

// findNode looks for Node and npm.
func (f *finder) findNode(ctx context.Context) {
	what := fmt.Sprintf("Node %d or newer", minNode)
	install := f.byOS(
		"sudo apt-get install -y nodejs npm (Debian 13, Ubuntu 25.04 or newer), otherwise the installer of nodejs.org",
		"brew install node")
	f.found.node = f.findNodeBinary(ctx, what, install)
	npm, err := f.lookPath("npm")
	if err != nil {
		f.lack("npm", "no npm on the PATH", install)
	}
	f.found.npm = npm
}

func (f *finder) findNodeBinary(ctx context.Context, what, install string) string {
	path, err := f.lookPath("node")
	if err != nil {
		f.lack(what, "no node on the PATH", install)
		return ""
	}
	out, err := f.output(ctx, path, "--version")
	version := numbers(out)
	switch {
	case err != nil || len(version) == 0:
		f.lack(what, path+" --version fails", install)
	case version[0] < minNode:
		f.lack(what, fmt.Sprintf("%s is %s", path, strings.TrimSpace(out)), install)
	}
	return path
}
