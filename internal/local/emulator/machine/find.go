package machine

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/facescan/facescan/internal/local/emulator/npm"
)

const (
	minJava      = 11 // what Google's older jars, as of gcloud 528, were compiled for
	downloadJava = 21 // what the jars firebase-tools downloads need
	minNode      = 20 // what the pinned firebase-tools needs
)

// Missing is one thing the machine lacks.
type Missing struct {
	// What it is, such as "Java 17 or newer".
	What string
	// Because is why it counts as missing, such as "no java in $JAVA_HOME or on the PATH".
	Because string
	// Mend is the command, or the choice of commands, that installs it, or what else to do.
	Mend string
}

// MissingError lists every prerequisite that is missing, so that one reading is enough to install
// them all.
type MissingError struct{ Missing []Missing }

// Error returns one line for each missing thing, with how to mend it.
func (e *MissingError) Error() string {
	var lines []string
	for _, m := range e.Missing {
		lines = append(lines, fmt.Sprintf("%s is missing (%s); to mend it: %s", m.What, m.Because, m.Mend))
	}
	return strings.Join(lines, "\n")
}

// Tools is what the search found.
type Tools struct {
	// Java, Node and NPM are programs; one that is not needed is "".
	Java, Node, NPM string
	// FirebaseTools is the folder of firebase-tools, which is installed there or is to be.
	FirebaseTools string
	// Jars are the emulators' jars.
	Jars map[Service]Jar
	// Download are the services whose jars are missing, and which firebase-tools may fetch.
	Download []Service
}

// finder carries one search.
type finder struct {
	Machine
	javaVersion int // 0 when there is no Java
	found       Tools
	missing     []Missing
}

// Find looks for everything that starting the services takes. Those that the environment names run
// already and need nothing. When something is missing the error is a *MissingError; otherwise it is
// that of ctx, or of a machine without a place for a cache.
func (m Machine) Find(ctx context.Context, services ...Service) (Tools, error) {
	f := finder{Machine: m, found: Tools{Jars: map[Service]Jar{}}}
	services = slices.DeleteFunc(slices.Clone(services), func(s Service) bool { return m.Getenv(s.Env()) != "" })
	jars := slices.DeleteFunc(slices.Clone(services), func(s Service) bool { return s == Auth })
	if len(jars) > 0 {
		f.findJava(ctx)
	}
	for _, s := range jars {
		f.findJar(ctx, s)
	}
	if slices.Contains(services, Auth) || len(f.found.Download) > 0 {
		if err := f.findFirebaseTools(ctx); err != nil {
			return Tools{}, err
		}
	}
	if ctx.Err() != nil { // then what was asked did not answer
		return Tools{}, context.Cause(ctx)
	}
	if len(f.missing) > 0 {
		return Tools{}, &MissingError{Missing: f.missing}
	}
	return f.found, nil
}

func (f *finder) lack(what, because, mend string) {
	f.missing = append(f.missing, Missing{What: what, Because: because, Mend: mend})
}

// byOS picks the install command for the machine's operating system.
func (f *finder) byOS(linux, mac string) string {
	if f.OS == "darwin" {
		return mac
	}
	return linux
}

// fails describes a command that did not print a version, by its error or else by the first line
// that it printed.
func fails(command, out string, err error) string {
	first, _, _ := strings.Cut(strings.TrimSpace(out), "\n")
	switch {
	case err != nil && first != "":
		return fmt.Sprintf("%s fails: %v: %s", command, err, first)
	case err != nil:
		return fmt.Sprintf("%s fails: %v", command, err)
	default:
		return fmt.Sprintf("%s prints no version: %q", command, first)
	}
}

var javaVersionLine = regexp.MustCompile(`version "(\d+)(?:\.(\d+))?`)

// findJava looks for a Java that runs at least the older jars.
func (f *finder) findJava(ctx context.Context) {
	const what = "Java 17 or newer"
	install := f.byOS("sudo apt-get install -y openjdk-17-jre-headless", "brew install openjdk@21")
	path := filepath.Join(f.Getenv("JAVA_HOME"), "bin", "java")
	if f.Getenv("JAVA_HOME") == "" || !Exists(path) {
		var err error
		if path, err = f.LookPath("java"); err != nil {
			f.lack(what, "no java in $JAVA_HOME or on the PATH", install)
			return
		}
	}
	out, err := f.Output(ctx, path, "-version")
	version := parseJava(out)
	switch {
	case err != nil || version == 0:
		f.lack(what, fails(path+" -version", out, err), install)
	case version < minJava:
		f.lack(what, fmt.Sprintf("%s is Java %d", path, version), install)
	default:
		f.found.Java, f.javaVersion = path, version
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

// findFirebaseTools looks for Node, and for npm unless it has installed firebase-tools already.
func (f *finder) findFirebaseTools(ctx context.Context) error {
	what := fmt.Sprintf("Node %d or newer", minNode)
	install := f.byOS(
		"sudo apt-get install -y nodejs npm (Debian 13, Ubuntu 25.04 or newer), otherwise the installer of nodejs.org",
		"brew install node")
	f.found.Node = f.findNode(ctx, what, install)
	folder, err := npm.Folder(f.Cache)
	if err != nil {
		return err
	}
	f.found.FirebaseTools = folder
	if npm.Installed(folder) {
		return nil
	}
	if f.found.NPM, err = f.LookPath("npm"); err != nil {
		f.lack("npm", "no npm on the PATH, to install the Auth emulator with", install)
	}
	return nil
}

func (f *finder) findNode(ctx context.Context, what, install string) string {
	path, err := f.LookPath("node")
	if err != nil {
		f.lack(what, "no node on the PATH", install)
		return ""
	}
	out, err := f.Output(ctx, path, "--version")
	version := numbers(out)
	switch {
	case err != nil || len(version) == 0:
		f.lack(what, fails(path+" --version", out, err), install)
	case version[0] < minNode:
		f.lack(what, fmt.Sprintf("%s is %s", path, strings.TrimSpace(out)), install)
	}
	return path
}
