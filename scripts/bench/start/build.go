package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/local/terminal"
)

// empty is the name of the function that does nothing, with which the others are compared.
const empty = "empty"

// budgets are the largest sizes of the stripped programs, in MB of a million bytes: some percent
// more than they have. None may be over 40, and health, which answers for the whole API, not over
// 24.
var budgets = map[string]int{
	"admin": 30, "analyze": 40, "coach": 37, "erase": 33, "export": 33, "health": 18, "inbox": 31, "leaderboard": 29,
	"notify": 31, "profile": 34, "rank": 27, "register": 30, "scans": 33, "sweep": 33, "upload": 33,
}

// program is a built function, and what was measured of it.
type program struct {
	name, file string
	trigger    catalog.Trigger
	bytes      int64
	packages   int
	inits      inits
	// starts are how long each start took until the program listened, firsts until it had answered.
	starts, firsts []ms
}

// overBudget returns an error that names the programs that are larger than their budgets.
func overBudget(programs []*program) error {
	var faults []error
	for _, p := range programs {
		budget, ok := budgets[p.name]
		switch {
		case p.name == empty:
		case !ok:
			faults = append(faults, fmt.Errorf("functions/%s has no budget in scripts/bench/start/build.go", p.name))
		case p.bytes > int64(budget)*1e6:
			faults = append(faults, fmt.Errorf(
				"functions/%[1]s has %.1[2]f MB, over its budget of %[3]d: what it links, `go list -deps ./functions/%[1]s` tells",
				p.name, float64(p.bytes)/1e6, budget,
			))
		}
	}
	return errors.Join(faults...)
}

// mainSource is what the buildpack writes for a function, beside the imports that packaging adds.
const mainSource = `package main

import (
	"log"
	"os"

	"github.com/GoogleCloudPlatform/functions-framework-go/funcframework"
	%s
)

func main() {
	if err := funcframework.Start(os.Getenv("PORT")); err != nil {
		log.Fatal(err)
	}
}
`

// emptyImports are those of the function that does nothing, and emptySource registers it.
const (
	emptyImports = `"net/http"

	"github.com/GoogleCloudPlatform/functions-framework-go/functions"`
	emptySource = `
func init() { functions.HTTP("empty", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }) }
`
)

// build builds every function and the empty one below dir. They are packages of this module by an
// overlay: no file is written into it, so that nothing is left behind by a build that is killed.
func build(ctx context.Context, dir string, sizesOnly bool, progress io.Writer) ([]*program, error) {
	module, err := goCommand(ctx, ".", "list", "-m", "-f", "{{.Path}} {{.Dir}}")
	if err != nil {
		return nil, err
	}
	modulePath, root, _ := strings.Cut(strings.TrimSpace(string(module)), " ")
	programs := []*program{{name: empty}}
	for _, f := range catalog.Functions() {
		programs = append(programs, &program{name: f.Name, trigger: f.Trigger})
	}
	overlay, err := writeSources(dir, root, modulePath, programs)
	if err != nil {
		return nil, err
	}
	bar := terminal.Bar(progress, len(programs), "build")
	defer func() { _ = bar.Clear() }()
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(2) // linking one program takes a gigabyte
	for _, p := range programs {
		work.Go(func() error {
			defer func() { _ = bar.Add(1) }()
			return p.build(ctx, dir, root, overlay, sizesOnly)
		})
	}
	return programs, work.Wait()
}

// folder is where the packages of the programs are, by the overlay alone.
const folder = "scripts/bench/start/built"

// writeSources writes the sources of the programs below dir and returns the overlay.
func writeSources(dir, root, module string, programs []*program) (string, error) {
	replace := map[string]string{}
	for _, p := range programs {
		source := fmt.Sprintf(mainSource, fmt.Sprintf(`_ "%s/functions/%s"`, module, p.name))
		if p.name == empty {
			source = fmt.Sprintf(mainSource, emptyImports) + emptySource
		}
		file := filepath.Join(dir, p.name+".go")
		if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
			return "", fmt.Errorf("write a main: %w", err)
		}
		replace[filepath.Join(root, filepath.FromSlash(folder), p.name, "main.go")] = file
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", fmt.Errorf("write the overlay: %w", err)
	}
	overlay := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(overlay, text, 0o600); err != nil {
		return "", fmt.Errorf("write the overlay: %w", err)
	}
	return overlay, nil
}

func (p *program) build(ctx context.Context, dir, root, overlay string, sizesOnly bool) error {
	p.file = filepath.Join(dir, p.name)
	source, flags := "./"+path.Join(folder, p.name), []string{"-overlay", overlay, "-tags", catalog.BuildTag}
	// Terraform has the buildpack strip the program; -trimpath makes its size the same everywhere.
	args := append([]string{"build", "-trimpath", "-ldflags=-s -w", "-buildvcs=false", "-o", p.file}, flags...)
	if _, err := goCommand(ctx, root, append(args, source)...); err != nil {
		return fmt.Errorf("build %s: %w", p.name, err)
	}
	info, err := os.Stat(p.file)
	if err != nil {
		return fmt.Errorf("build %s: %w", p.name, err)
	}
	p.bytes = info.Size()
	if sizesOnly {
		return nil
	}
	linked, err := goCommand(ctx, root, append(append([]string{"list", "-deps"}, flags...), source)...)
	p.packages = bytes.Count(linked, []byte("\n"))
	return err
}

func goCommand(ctx context.Context, dir string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", args...) //nolint:gosec // arguments of ours
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go %s: %w\n%s", args[0], err, stderr.String())
	}
	return out, nil
}
