package preflight

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/facescan/facescan/internal/local/address"
	"github.com/facescan/facescan/internal/local/emulator/machine"
	"github.com/facescan/facescan/internal/local/keep"
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
		faults = append(faults, c.checkCommand(), c.checkRace(ctx, on), c.checkBrowser(on))
	default:
		faults = append(faults, c.checkPlace(ctx, on), c.checkKeep(on), c.checkPhoto())
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

// checkBrowser looks for the browser of tests that need one.
func (c Command) checkBrowser(on machine.Machine) error {
	if c.Args[0] != "go" || !slices.Contains(c.Args, "-tags=browser") {
		return nil
	}
	_, err := on.Chromium()
	return err
}

// Place returns where the command has the stack listen, or an error if its address is none of this
// machine's.
func (c Command) Place(ctx context.Context) (address.Place, error) {
	p := address.Place{Ports: address.PortsFrom(c.Port)}
	if c.Host == "" && !c.LAN {
		return p, nil
	}
	all, err := address.Interfaces()
	if err != nil {
		return p, err
	}
	if c.LAN {
		p.Host, err = address.LAN(all)
	} else {
		p.Host, err = address.Own(ctx, c.Host, all)
	}
	return p, err
}

// checkPlace looks for the address, and for each port that the stack would take.
func (c Command) checkPlace(ctx context.Context, on machine.Machine) error {
	p, err := c.Place(ctx)
	if err != nil {
		return err
	}
	if auth := machine.Auth.Env(); p.Host != "" && on.Getenv(auth) != "" {
		return fmt.Errorf("%s=%s names an emulator that does not listen at HOST=%s; unset it", auth, on.Getenv(auth), p.Host)
	}
	runs := map[string]bool{
		address.PartAuth:      on.Getenv(machine.Auth.Env()) != "",
		address.PartFirestore: on.Getenv(machine.Firestore.Env()) != "",
		address.PartPubSub:    on.Getenv(machine.PubSub.Env()) != "",
	}
	var faults []error
	for _, port := range p.Taken() {
		if runs[port.Part] {
			continue
		}
		if err := port.Check(ctx); err != nil {
			faults = append(faults, fmt.Errorf("%w: make %s PORT=%d", err, c.Name, c.other()))
		}
	}
	return errors.Join(faults...)
}

// KeepFolder returns the whole path of Keep, or "". It may be meant as seen from where make was
// called, which is elsewhere after make -C.
func (c Command) KeepFolder() string {
	if c.Keep == "" || filepath.IsAbs(c.Keep) {
		return c.Keep
	}
	from := os.Getenv("CALLED_FROM")
	if whole, err := filepath.Abs(filepath.Join(from, c.Keep)); err == nil {
		return whole
	}
	return c.Keep
}

// checkKeep looks whether the folder can be used, and whether all emulators are the stack's own.
func (c Command) checkKeep(on machine.Machine) error {
	if c.Keep == "" {
		return nil
	}
	for _, s := range []machine.Service{machine.Firestore, machine.Auth} {
		if host := on.Getenv(s.Env()); host != "" {
			return fmt.Errorf("%s=%s names an emulator with data of its own, which KEEP would not begin with; unset it",
				s.Env(), host)
		}
	}
	return keep.Check(c.KeepFolder())
}

// other returns a base of ports to suggest in the place of one of which a port is in use. Its ports
// are all others (see package address).
func (c Command) other() int {
	switch {
	case c.Port < 1024:
		return address.DefaultBase
	case c.Port == address.MaxBase:
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
