// Command assets writes the files that the page /docs is made of into the folder assets where it is
// run: internal/web/reference, by `go generate`.
//
// npm installs what npm/package-lock.json pins, which holds npm to the checksums of the lock, and
// runs no script of the packages. The files' own checksums are written beside them, in the format
// of sha256sum.
package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"github.com/facescan/facescan/scripts/npmtools"
)

// taken are the files of the package that the page needs, and what it has to say about them.
var taken = []string{
	"LICENSE", "NOTICE", "swagger-ui-bundle.js", "swagger-ui-bundle.js.LICENSE.txt", "swagger-ui.css",
}

// limit is the largest size of a file, in bytes.
const limit = 2_000_000

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, "npm", "assets")
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "assets:", err)
		os.Exit(1)
	}
}

// run installs what the folder pinned pins and copies what is taken into the folder into.
func run(ctx context.Context, pinned, into string) error {
	dir, remove, err := npmtools.Install(ctx, os.DirFS(pinned), os.Stderr)
	if err != nil {
		return err
	}
	defer remove()
	return take(filepath.Join(dir, "node_modules", "swagger-ui-dist"), into)
}

// take copies the files and writes their checksums.
func take(from, into string) error {
	if err := os.MkdirAll(into, 0o750); err != nil {
		return err
	}
	var sums strings.Builder
	for _, name := range taken {
		content, err := os.ReadFile(filepath.Join(from, name)) //nolint:gosec // npm has checked what is there
		if err != nil {
			return fmt.Errorf("take %s: %w", name, err)
		}
		if len(content) >= limit {
			return fmt.Errorf("take %s: %w: it has %d bytes", name, errTooLarge, len(content))
		}
		if err := os.WriteFile(filepath.Join(into, name), content, 0o600); err != nil { //nolint:gosec // a name of taken
			return fmt.Errorf("take %s: %w", name, err)
		}
		_, _ = fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(content), name)
	}
	return os.WriteFile(filepath.Join(into, "SHA256SUMS"), []byte(sums.String()), 0o600)
}

var errTooLarge = errors.New("a file of a page is to be below 2 MB")
