package preflight

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/facescan/facescan/internal/local/emulator/machine"
)

// MaxPhoto is the size of the largest photo, in bytes. A test of scripts/local holds it to
// scan.MaxBytes: package scan itself would take minutes to build.
const MaxPhoto = 15 << 20

// photoTypes are the media types of the photos that are taken.
var photoTypes = []string{"image/jpeg", "image/png", "image/webp"}

// sniffed is how much of a file http.DetectContentType looks at, in bytes.
const sniffed = 512

// Check returns everything for which the command would fail later, one line for each, or the error
// of ctx.
func (c Command) Check(ctx context.Context) error { return c.check(ctx, machine.This()) }

func (c Command) check(ctx context.Context, on machine.Machine) error {
	var faults []error
	switch c.Name {
	case Help, MailPreview:
		return nil
	case Test:
		faults = append(faults, c.checkCommand(), c.checkRace(ctx, on))
	default:
		faults = append(faults, c.checkPort(ctx), c.checkPhoto())
	}
	_, err := on.Find(ctx, machine.Services()...)
	return errors.Join(append(faults, err)...)
}

func (c Command) checkCommand() error {
	if _, err := exec.LookPath(c.Args[0]); err != nil {
		return fmt.Errorf("the command to test cannot be run: %w", err)
	}
	return nil
}

// checkRace looks for what the race detector is linked by. The go command switches cgo off by
// itself where it finds no C compiler.
func (c Command) checkRace(ctx context.Context, on machine.Machine) error {
	if c.Args[0] != "go" || !slices.Contains(c.Args, "-race") {
		return nil
	}
	out, err := on.Output(ctx, "go", "env", "CGO_ENABLED")
	switch {
	case err != nil:
		return fmt.Errorf("the go command fails: %w: %s", err, strings.TrimSpace(out))
	case strings.TrimSpace(out) != "0":
		return nil
	}
	compiler := "sudo apt-get install -y gcc libc6-dev"
	if on.OS == "darwin" {
		compiler = "xcode-select --install"
	}
	return fmt.Errorf(
		"a C compiler is missing, for the race detector (go env CGO_ENABLED is 0); to mend it: %s, and unset "+
			"CGO_ENABLED if it is set", compiler,
	)
}

// checkPort listens for an instant. Another program may still take the port later, and then the
// start fails.
func (c Command) checkPort(ctx context.Context) error {
	if c.Port == 0 {
		return nil
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", c.Port))
	switch {
	case err == nil:
		return listener.Close()
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("port %d is in use; end the program that listens there, or take another port: make %s PORT=%d",
			c.Port, c.Name, c.other())
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("port %d is the administrator's; take one above 1023: make %s PORT=8080", c.Port, c.Name)
	default:
		return fmt.Errorf("port %d cannot be listened on (%w); take another one: make %s PORT=%d",
			c.Port, err, c.Name, c.other())
	}
}

// other returns a port to suggest in the place of one that is in use.
func (c Command) other() int {
	if c.Port == maxPort {
		return c.Port - 1
	}
	return c.Port + 1
}

// checkPhoto looks at the file and at its first bytes. Whether there is a face in it, the engine
// sees later.
func (c Command) checkPhoto() error {
	if c.Photo == "" {
		return nil
	}
	what, err := c.photoFault()
	if err != nil {
		what = "cannot be read: " + err.Error()
	}
	if what == "" {
		return nil
	}
	return fmt.Errorf("the file %q %s; name a JPEG, PNG or WebP: make demo PHOTO=selfie.jpg", c.Photo, what)
}

// photoFault returns why the file cannot be a photo, or "".
func (c Command) photoFault() (string, error) {
	info, err := os.Stat(c.Photo)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		place, _ := filepath.Abs(c.Photo) // without a working directory the name alone has to do
		return fmt.Sprintf("does not exist (there is no %s)", place), nil
	case err != nil:
		return "", err
	case info.IsDir():
		return "is a folder", nil
	case !info.Mode().IsRegular():
		return "is no file", nil
	case info.Size() == 0:
		return "is empty", nil
	case info.Size() > MaxPhoto:
		return fmt.Sprintf("has %d bytes, and at most %d are taken", info.Size(), MaxPhoto), nil
	}
	kind, err := contentType(c.Photo)
	if err != nil || slices.Contains(photoTypes, kind) {
		return "", err
	}
	return fmt.Sprintf("is no photo (by its first bytes it is %s)", kind), nil
}

// contentType returns a file's media type by its first bytes.
func contentType(path string) (string, error) {
	f, err := os.Open(path) //nolint:gosec // reading the file that is named is the purpose
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }() // was only read
	head, err := io.ReadAll(io.LimitReader(f, sniffed))
	return http.DetectContentType(head), err
}
