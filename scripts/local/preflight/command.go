// Package preflight reads the command line of scripts/local, and checks what can be checked before
// anything is started: the port, the photo, and what the emulators run on. It is built in seconds,
// so that scripts/local/check can tell what is missing before the minutes that scripts/local itself
// takes to build for the first time.
package preflight

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/facescan/facescan/internal/local/address"
	"github.com/facescan/facescan/internal/local/faults"
)

// Usage is the help text of scripts/local.
const Usage = `usage:
  local run  [-port N] [-logs] [-host A | -lan] [-keep DIR] [-seed] [-faults F] [-faults-seed N]
                                        run everything until Ctrl-C
  local demo [-port N] [-logs] [PHOTO]  run everything, and act as the app of two users
  local test -- COMMAND [ARG...]        run a command on the emulators, and exit as it does
  local mail-preview [-lang L] [-type KIND] [-o DIR]
                                        write every mail as HTML and text, made of invented events

  -port N   the API's port, from which the others follow: Auth N+1019, Storage N+1119, Firestore N+10,
            Pub/Sub N+5, mails and pushes N+15; 0 takes free ones (run: 8080, demo: free ones)
  -host A   have API, Auth and Storage listen at this IPv4 address of this machine too, for phones;
            anybody who reaches it can sign in as anybody
  -lan      choose the address in the local network
  -keep DIR keep users, scans and photos in this folder, and begin with them
  -seed     begin with some users, scans and a board
  -faults F have what the functions do fail, such as dup=.2,reorder,drop=.05,slow=200ms,5xx=.1,crash=.02
            at all seams, or firestore.5xx=.1,mail.drop=.2,pubsub.away=60s at one; internal/local/faults
            has all of them
  -faults-seed N
            draw other faults, which are the same in each run with the number (0)
  -logs     show the functions' logs, JSON lines on stderr
  PHOTO     a JPEG, PNG or WebP with one face; the sample in pigo's module by default
  -lang L   only mails in this language, en or de
  -type K   only mails of this kind, such as scan_completed, or digest
  -o DIR    write to this folder (mail-preview)
`

// The commands of scripts/local.
const (
	Run         = "run"
	Demo        = "demo"
	Test        = "test"
	MailPreview = "mail-preview"
	Help        = "help"
)

// defaultPorts are the API's ports, where the commands listen unless they are told otherwise.
var defaultPorts = map[string]string{Run: "8080", Demo: "0"}

// Command is a command line that was read.
type Command struct {
	// Name is Run, Demo, Test, MailPreview or Help.
	Name string
	// Port is the API's port, from which the others follow; 0 has all of them free.
	Port int
	// Host is an address to listen at beside 127.0.0.1, or "". LAN has it chosen.
	Host string
	LAN  bool
	// Keep is the folder for the data, or "". Seed asks for some to begin with.
	Keep string
	Seed bool
	// Faults are what fails on purpose, and FaultsSeed is what is drawn by.
	Faults     faults.Spec
	FaultsSeed uint64
	// Logs asks for the functions' logs.
	Logs bool
	// Photo is the file that Demo takes; "" is the sample.
	Photo string
	// Args are the command that Test runs, with its arguments.
	Args []string
	// Lang and Kind are the mails that MailPreview writes, "" for all. Folder is where to.
	Lang, Kind, Folder string
}

// UsageError is a fault of a command line.
type UsageError struct{ What string }

// Error returns one line, which names the help.
func (e *UsageError) Error() string { return e.What + " (go run ./scripts/local help shows all of it)" }

func misused(format string, args ...any) error { return &UsageError{fmt.Sprintf(format, args...)} }

// Parse reads a command line. Its error is a *UsageError.
func Parse(args []string) (Command, error) {
	if len(args) == 0 {
		return Command{}, misused("name a command: run, demo, test or mail-preview")
	}
	name, rest := args[0], args[1:]
	switch name {
	case Run, Demo:
		return parseFlags(name, rest)
	case Test:
		return parseTest(rest)
	case MailPreview:
		return parseMailPreview(rest)
	case Help, "-h", "-help", "--help":
		return Command{Name: Help}, nil
	default:
		return Command{}, misused("there is no command %q, only run, demo, test and mail-preview", name)
	}
}

func parseFlags(name string, args []string) (Command, error) {
	c := Command{Name: name}
	set := flag.NewFlagSet(name, flag.ContinueOnError)
	set.SetOutput(io.Discard) // the error says it
	port := set.String("port", defaultPorts[name], "")
	set.BoolVar(&c.Logs, "logs", false, "")
	if name == Run {
		set.StringVar(&c.Host, "host", "", "")
		set.BoolVar(&c.LAN, "lan", false, "")
		set.StringVar(&c.Keep, "keep", "", "")
		set.BoolVar(&c.Seed, "seed", false, "")
		set.Uint64Var(&c.FaultsSeed, "faults-seed", 0, "")
		set.Func("faults", "", func(value string) (err error) {
			c.Faults, err = faults.Parse(value)
			return err
		})
	}
	err := set.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return Command{Name: Help}, nil
	case err != nil:
		return Command{}, misused("%s: %v", name, err)
	case name == Run && set.NArg() > 0:
		return Command{}, misused("run takes no arguments, and not %q", set.Args())
	case c.Host != "" && c.LAN:
		return Command{}, misused("run: name an address or have one chosen, HOST=%s or LAN=1", c.Host)
	case set.NArg() > 1:
		return Command{}, misused("demo takes one photo, and not %d: %q", set.NArg(), set.Args())
	}
	c.Photo = set.Arg(0)
	c.Port, err = parsePort(*port)
	return c, err
}

func parsePort(value string) (int, error) {
	port, err := strconv.Atoi(value)
	if err != nil || port < 0 || port > address.MaxBase {
		return 0, misused("%q is no port: give a number from 1 to %d, or 0 for a free one", value, address.MaxBase)
	}
	return port, nil
}

func parseTest(args []string) (Command, error) {
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		return Command{}, misused("test takes a command to run, such as: local test -- go test ./...")
	}
	return Command{Name: Test, Args: args}, nil
}

func parseMailPreview(args []string) (Command, error) {
	c := Command{Name: MailPreview}
	set := flag.NewFlagSet(c.Name, flag.ContinueOnError)
	set.SetOutput(io.Discard) // the error says it
	set.StringVar(&c.Lang, "lang", "", "")
	set.StringVar(&c.Kind, "type", "", "")
	set.StringVar(&c.Folder, "o", MailPreview, "")
	err := set.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return Command{Name: Help}, nil
	case err != nil:
		return Command{}, misused("%s: %v", c.Name, err)
	case set.NArg() > 0:
		return Command{}, misused("%s takes no arguments, and not %q", c.Name, set.Args())
	case c.Folder == "":
		return Command{}, misused("%s: -o names no folder", c.Name)
	}
	return c, nil
}

// ExitCode prints an error, if there is one, and returns the exit code for it: 2 for a command line
// that cannot be read, 1 for any other.
func ExitCode(w io.Writer, err error) int {
	if err == nil {
		return 0
	}
	Print(w, err)
	var usage *UsageError
	if errors.As(err, &usage) {
		return 2
	}
	return 1
}

// Print prints an error as lines that begin with the program's name. The lines of another program's
// output, which are indented, stay as they are.
func Print(w io.Writer, err error) {
	for line := range strings.Lines(strings.TrimSuffix(err.Error(), "\n") + "\n") {
		if strings.TrimLeft(line, " \t") == line {
			line = "local: " + line
		}
		_, _ = io.WriteString(w, line) // there is no other place to complain
	}
}
