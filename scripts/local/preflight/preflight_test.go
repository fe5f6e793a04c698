package preflight

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/local/address"
	"github.com/facescan/facescan/internal/local/emulator/machine"
	"github.com/facescan/facescan/internal/local/faults"
)

func TestParse(t *testing.T) {
	for line, test := range map[string]struct {
		want    Command
		refused string
	}{
		"run":                         {want: Command{Name: Run, Port: 8080}},
		"run -port 9000 -logs":        {want: Command{Name: Run, Port: 9000, Logs: true}},
		"run -port=0":                 {want: Command{Name: Run}},
		"demo":                        {want: Command{Name: Demo}},
		"demo me.jpg":                 {want: Command{Name: Demo, Photo: "me.jpg"}},
		"demo -port 64416 -- -me.jpg": {want: Command{Name: Demo, Port: 64416, Photo: "-me.jpg"}},
		"test -- go test -race ./...": {want: Command{Name: Test, Args: []string{"go", "test", "-race", "./..."}}},
		"test go version":             {want: Command{Name: Test, Args: []string{"go", "version"}}},
		"help":                        {want: Command{Name: Help}},
		"-h":                          {want: Command{Name: Help}},
		"demo -help":                  {want: Command{Name: Help}},
		"mail-preview":                {want: Command{Name: MailPreview, Folder: "mail-preview"}},
		"mail-preview -lang de -type welcome -o x/y": {
			want: Command{Name: MailPreview, Lang: "de", Kind: "welcome", Folder: "x/y"},
		},
		"mail-preview --help":      {want: Command{Name: Help}},
		"mail-preview -o=":         {refused: "mail-preview: -o names no folder"},
		"mail-preview welcome":     {refused: `mail-preview takes no arguments, and not ["welcome"]`},
		"mail-preview -format pdf": {refused: "mail-preview: flag provided but not defined: -format"},
		"":                         {refused: "name a command: run, demo, test or mail-preview"},
		"start":                    {refused: `there is no command "start", only run, demo, test and mail-preview`},
		"run -port abc":            {refused: `"abc" is no port: give a number from 1 to 64416, or 0 for a free one`},
		"run -host 192.168.1.20":   {want: Command{Name: Run, Port: 8080, Host: "192.168.1.20"}},
		"run -lan -port 9000":      {want: Command{Name: Run, Port: 9000, LAN: true}},
		"run -lan -host 10.0.0.1":  {refused: "run: name an address or have one chosen, HOST=10.0.0.1 or LAN=1"},
		"run -keep data -seed":     {want: Command{Name: Run, Port: 8080, Keep: "data", Seed: true}},
		"run -faults mail.drop=.2 -faults-seed 7": {
			want: Command{Name: Run, Port: 8080, Faults: faults.Spec{faults.Mail: {Drop: .2}}, FaultsSeed: 7},
		},
		"run -faults dupe=1": {
			refused: `run: invalid value "dupe=1" for flag -faults: there is no fault "dupe", only dup`,
		},
		"run -faults-seed x":             {refused: `run: invalid value "x" for flag -faults-seed: parse error`},
		"demo -lan":                      {refused: "demo: flag provided but not defined: -lan"},
		"run -port 64417":                {refused: `"64417" is no port`},
		"run -port 70000":                {refused: `"70000" is no port`},
		"run -port -1":                   {refused: `"-1" is no port`},
		"run -port 8080x":                {refused: `"8080x" is no port`},
		"run -port 99999999999999999999": {refused: `"99999999999999999999" is no port`},
		"run -port":                      {refused: "run: flag needs an argument: -port"},
		"run -prot 1":                    {refused: "run: flag provided but not defined: -prot"},
		"run -logs=perhaps":              {refused: `run: invalid boolean value "perhaps"`},
		"run me.jpg":                     {refused: `run takes no arguments, and not ["me.jpg"]`},
		"demo me.jpg you.jpg":            {refused: `demo takes one photo, and not 2: ["me.jpg" "you.jpg"]`},
		"test":                           {refused: "test takes a command to run"},
		"test --":                        {refused: "test takes a command to run"},
	} {
		t.Run(line, func(t *testing.T) {
			got, err := Parse(strings.Fields(line))
			if test.refused == "" {
				if diff := cmp.Diff(test.want, got); diff != "" || err != nil {
					t.Errorf("%v (-want +got):\n%s", err, diff)
				}
				return
			}
			var usage *UsageError
			if !errors.As(err, &usage) || !strings.HasPrefix(err.Error(), test.refused) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %+v, %v, want one line: %s", got, err, test.refused)
			}
		})
	}
}

// aPNG is a photo by its first bytes.
func aPNG(t *testing.T) []byte {
	t.Helper()
	var to bytes.Buffer
	if err := png.Encode(&to, image.NewGray(image.Rect(0, 0, 4, 4))); err != nil {
		t.Fatal(err)
	}
	return to.Bytes()
}

func TestCheckPhoto(t *testing.T) {
	photo := aPNG(t)
	for name, test := range map[string]struct {
		make    func(path string) error
		refused string // part of the line; "" if the photo is taken
	}{
		"a PNG":                   {writes(photo), ""},
		"a JPEG":                  {writes([]byte("\xff\xd8\xff\xe0")), ""},
		"a WebP":                  {writes([]byte("RIFF\x00\x00\x00\x00WEBPVP8 ")), ""},
		"of the largest size":     {writes(append(photo, make([]byte, MaxPhoto-len(photo))...)), ""},
		"too large":               {writes(append(photo, make([]byte, MaxPhoto)...)), "has 15728" /* 640 and more */},
		"huge, mostly a hole":     {truncates(1 << 40), "has 1099511627776 bytes, and at most 15728640 are taken"},
		"not there":               {func(string) error { return nil }, "does not exist (there is no /"},
		"empty":                   {writes(nil), "is empty"},
		"a folder":                {func(path string) error { return os.Mkdir(path, 0o700) }, "is a folder"},
		"a text":                  {writes([]byte("no photo at all")), "is no photo (by its first bytes it is text/plain"},
		"a GIF":                   {writes([]byte("GIF89a")), "it is image/gif"},
		"a named pipe":            {func(path string) error { return syscall.Mkfifo(path, 0o600) }, "is no file"},
		"a link to nothing":       {func(path string) error { return os.Symlink("nothing", path) }, "does not exist"},
		"below a file":            {below, "cannot be read: stat"},
		"a name that is too long": {func(string) error { return nil }, "cannot be read: stat"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), `my "photo"`)
			switch name {
			case "below a file":
				path += "/x"
			case "a name that is too long":
				path += strings.Repeat("x", 300)
			}
			if err := test.make(path); err != nil {
				t.Fatal(err)
			}
			wantLine(t, Command{Name: Demo, Photo: path}.checkPhoto(), test.refused, "make demo PHOTO=selfie.jpg")
		})
	}
}

func below(path string) error { return os.WriteFile(filepath.Dir(path), nil, 0o600) }

func writes(content []byte) func(string) error {
	return func(path string) error { return os.WriteFile(path, content, 0o600) }
}

func truncates(size int64) func(string) error {
	return func(path string) error {
		return errors.Join(os.WriteFile(path, nil, 0o600), os.Truncate(path, size))
	}
}

// wantLine checks that an error is one line with the fault and the mend, or nil if there is no
// fault.
func wantLine(t *testing.T, err error, fault, mend string) {
	t.Helper()
	switch {
	case fault == "":
		if err != nil {
			t.Errorf("got %v", err)
		}
	case err == nil || !strings.Contains(err.Error(), fault) || !strings.Contains(err.Error(), mend) ||
		strings.Contains(err.Error(), "\n"):
		t.Errorf("got %v, want one line with %q and %q", err, fault, mend)
	}
}

func TestCheckPlace(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	on := bare(t, false)
	c := Command{Name: Run, Port: port}
	if port > address.MaxBase {
		c.Port = port - address.PortsFrom(1).Storage + 1 // and Storage's is the one in use
	}
	mend := fmt.Sprintf("make run PORT=%d", c.other())
	wantPart(t, c.checkPlace(t.Context(), on), fmt.Sprintf("port %d of 127.0.0.1, for ", port), mend)
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	wantLine(t, Command{Name: Demo}.checkPlace(t.Context(), on), "", "")
	nowhere := Command{Name: Run, Host: "198.51.100.7"}
	wantLine(t, nowhere.checkPlace(t.Context(), on), "HOST=198.51.100.7 is no address of this machine", "it has ")
	elsewhere := Command{Name: Run, Host: "127.0.0.1"}
	wantLine(t, elsewhere.checkPlace(t.Context(), bare(t, true)), "FIREBASE_AUTH_EMULATOR_HOST=127.0.0.1:1", "unset it")
	for from, want := range map[int]int{80: 8080, 8080: 8081, address.MaxBase: address.MaxBase - 1} {
		if got := (Command{Port: from}).other(); got != want {
			t.Errorf("in the place of %d: %d, want %d", from, got, want)
		}
	}
}

func TestCheckKeep(t *testing.T) {
	t.Setenv("CALLED_FROM", t.TempDir())
	c := Command{Name: Run, Keep: "data"}
	wantLine(t, c.checkKeep(bare(t, false)), "", "")
	if want := filepath.Join(os.Getenv("CALLED_FROM"), "data"); c.KeepFolder() != want {
		t.Errorf("got %q, want %q", c.KeepFolder(), want)
	}
	wantLine(t, c.checkKeep(bare(t, true)), "FIRESTORE_EMULATOR_HOST=127.0.0.1:1 names an emulator", "unset it")
	if err := writes(nil)(c.KeepFolder()); err != nil {
		t.Fatal(err)
	}
	wantLine(t, c.checkKeep(bare(t, false)), "KEEP="+c.KeepFolder()+" cannot be used", "not a directory")
	wantLine(t, Command{Name: Run}.checkKeep(bare(t, true)), "", "")
}

// wantPart checks that an error has a line with the fault and the mend. Other tests of this machine
// may use ports, too.
func wantPart(t *testing.T, err error, fault, mend string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	for line := range strings.Lines(err.Error()) {
		if strings.Contains(line, fault) && strings.Contains(line, mend) {
			return
		}
	}
	t.Errorf("got %v, want a line with %q and %q", err, fault, mend)
}

// bare is a computer without anything, on which the environment names emulators that run, or none.
func bare(t *testing.T, running bool) machine.Machine {
	t.Helper()
	root := t.TempDir()
	return machine.Machine{
		Home: root, Root: root, Cache: root,
		Getenv: func(name string) string {
			if running && strings.HasSuffix(name, "_EMULATOR_HOST") {
				return "127.0.0.1:1"
			}
			return ""
		},
		LookPath: func(string) (string, error) { return "", os.ErrNotExist },
		Output:   func(context.Context, string, ...string) (string, error) { return "", os.ErrNotExist },
	}
}

func TestCheck(t *testing.T) {
	for name, test := range map[string]struct {
		command Command
		running bool
		want    []string // beginnings of the lines
	}{
		"all at once": {
			Command{Name: Demo, Photo: "/nowhere.jpg"}, false, []string{
				`the file "/nowhere.jpg" does not exist`, "Java 17 or newer is missing", "Google's Firestore emulator is missing",
				"Google's Pub/Sub emulator is missing", "Node 20 or newer is missing", "npm is missing",
			},
		},
		"emulators that run": {Command{Name: Run}, true, nil},
		"a command":          {Command{Name: Test, Args: []string{"go", "version"}}, true, nil},
		"a command that is not": {
			Command{Name: Test, Args: []string{"no-such"}}, true, []string{"the command to test cannot be run: "},
		},
		"tests that need a browser": {
			Command{Name: Test, Args: []string{"go", "test", "-tags=browser", "./..."}}, true, []string{
				"Chromium is missing (no chromium on the PATH); to mend it: sudo apt-get install -y chromium (Debian), " +
					"or name the program of one: make browser CHROMIUM=PATH",
			},
		},
		"help wants nothing else": {Command{Name: Help}, false, nil},
	} {
		t.Run(name, func(t *testing.T) {
			err := test.command.check(t.Context(), bare(t, test.running))
			var out bytes.Buffer
			if err != nil {
				Print(&out, err)
			}
			lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
			if out.Len() == 0 {
				lines = nil
			}
			if len(lines) != len(test.want) {
				t.Fatalf("got %q, want %q", lines, test.want)
			}
			for i, line := range lines {
				if !strings.HasPrefix(line, "local: "+test.want[i]) {
					t.Errorf("got %q, want %q", line, test.want[i])
				}
			}
		})
	}
}

func TestCheckRace(t *testing.T) {
	for name, test := range map[string]struct {
		args string
		cgo  string // of go env
		mac  bool
		mend string // "" if nothing is missing
	}{
		"a compiler":                {"go test -race ./...", "1\n", false, ""},
		"no compiler":               {"go test -race ./...", "0\n", false, "sudo apt-get install -y gcc libc6-dev"},
		"no compiler on a Mac":      {"go test -race ./...", "0\n", true, "xcode-select --install"},
		"no compiler, and no races": {"go test ./...", "0\n", false, ""},
		"another command":           {"tool -race", "0\n", false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			on := bare(t, true)
			on.Output = func(context.Context, string, ...string) (string, error) { return test.cgo, nil }
			if test.mac {
				on.OS = "darwin"
			}
			fault := ""
			if test.mend != "" {
				fault = "a C compiler is missing"
			}
			wantLine(t, Command{Name: Test, Args: strings.Fields(test.args)}.checkRace(t.Context(), on), fault, test.mend)
		})
	}
}

func TestPrint(t *testing.T) {
	var out bytes.Buffer
	Print(&out, errors.Join(errors.New("one"), errors.New("two; the end of its output:\n    Error: three\n")))
	if diff := cmp.Diff("local: one\nlocal: two; the end of its output:\n    Error: three\n", out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
