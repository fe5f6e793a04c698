// Command sdk makes clients of the HTTP API in a folder, each from the contract that this checkout
// has:
//
//	go run ./scripts/sdk -o DIR [LANGUAGE...]
//
// The languages are go, typescript, kotlin, swift and dart; none stands for all. The Go and
// TypeScript clients are whole, and are compiled before they are written. Those of the others are
// the types of the contract's schemas, by quicktype, beside which the app sends requests with a
// library of its own. Kotlin's are compiled, too, which needs Java and loads a compiler of 90 MB;
// those of Swift and Dart are checked by swiftc and dart where these are on the PATH. It needs npm,
// but for go.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"

	"github.com/facescan/facescan/scripts/npmtools"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "sdk:", err)
		os.Exit(1)
	}
}

const usage = `Make clients of the HTTP API, from this checkout's contract:

  go run ./scripts/sdk -o DIR [LANGUAGE...]

The languages are go, typescript, kotlin, swift and dart; none stands for all. Each gets a folder of
its name in DIR, which is replaced. Run it in the repository's root.
`

// kit is what the makers of clients work with.
type kit struct {
	// out is the folder for all clients.
	out string
	// npm is the folder in which npm has installed its packages.
	npm      string
	progress io.Writer
}

// maker makes a language's client in the folder given.
type maker func(ctx context.Context, k kit, into string) error

// makers are by language.
var makers = map[string]maker{
	"go": makeGo, "typescript": makeTypeScript,
	"kotlin": makeKotlin,
	"swift": judged(
		typesBy("swift", "FaceScan.swift", "--access-level", "public"), "swiftc", "-typecheck", "FaceScan.swift",
	),
	"dart": judged(typesBy("dart", "facescan.dart"), "dart", "analyze", "facescan.dart"),
}

var errNoFolder = errors.New("-o names the folder for the clients")

func run(ctx context.Context, args []string, progress io.Writer) error {
	flags := flag.NewFlagSet("sdk", flag.ContinueOnError)
	flags.SetOutput(progress)
	flags.Usage = func() { _, _ = fmt.Fprint(progress, usage) }
	out := flags.String("o", "", "the `folder` for the clients")
	if err := flags.Parse(args); err != nil {
		return err
	}
	languages := flags.Args()
	if len(languages) == 0 {
		languages = slices.Sorted(maps.Keys(makers))
	}
	for _, l := range languages {
		if makers[l] == nil {
			return fmt.Errorf("%q is none of the languages %s", l, strings.Join(slices.Sorted(maps.Keys(makers)), ", "))
		}
	}
	if *out == "" {
		return errNoFolder
	}
	folder, err := filepath.Abs(*out) // tools run elsewhere
	if err != nil {
		return fmt.Errorf("find the folder for the clients: %w", err)
	}
	k := kit{out: folder, progress: progress}
	if slices.ContainsFunc(languages, func(l string) bool { return l != "go" }) {
		pinned, err := npmFiles()
		if err != nil {
			return err
		}
		dir, remove, err := npmtools.Install(ctx, pinned, progress)
		if err != nil {
			return err
		}
		defer remove()
		k.npm = dir
	}
	for _, l := range languages {
		if err := k.make(ctx, l); err != nil {
			return fmt.Errorf("make the client for %s: %w", l, err)
		}
	}
	return nil
}

// make makes the language's client beside its place and puts it there when it is whole.
func (k kit) make(ctx context.Context, language string) error {
	if err := os.MkdirAll(k.out, 0o750); err != nil {
		return err
	}
	temp, err := os.MkdirTemp(k.out, "."+language+"-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(temp) }() // it is in its place, or of no use
	_, _ = fmt.Fprintln(k.progress, "making", language)
	if err := makers[language](ctx, k, temp); err != nil {
		return err
	}
	place := filepath.Join(k.out, language)
	if err := os.RemoveAll(place); err != nil {
		return err
	}
	if err := os.Rename(temp, place); err != nil {
		return err
	}
	_, _ = fmt.Fprintln(k.progress, "made", place)
	return nil
}
