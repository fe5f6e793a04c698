package deploy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	install "github.com/hashicorp/hc-install"
	hcfs "github.com/hashicorp/hc-install/fs"
	"github.com/hashicorp/hc-install/product"
	"github.com/hashicorp/hc-install/src"
	"github.com/hashicorp/terraform-exec/tfexec"

	"github.com/facescan/facescan/internal/deploy/known"
)

// stopTimeout is how long Terraform may take, after the first Ctrl-C, to finish what it has begun
// and to write its state: as long as the slowest resource takes.
const stopTimeout = 20 * time.Minute

// findTerraform returns the terraform on PATH; none is ever downloaded.
func findTerraform(ctx context.Context) (string, error) {
	path, err := install.NewInstaller().Ensure(ctx, []src.Source{&hcfs.AnyVersion{Product: &product.Terraform}})
	if err != nil {
		return "", fmt.Errorf(
			"terraform is not on PATH (install 1.11 or newer: https://developer.hashicorp.com/terraform/install): %w", err,
		)
	}
	return path, nil
}

// terraform returns Terraform for the folder.
func (c *cloud) terraform(ctx context.Context, dir string) (*tfexec.Terraform, error) {
	binary, err := findTerraform(ctx)
	if err != nil {
		return nil, err
	}
	tf, err := tfexec.NewTerraform(dir, binary)
	if err != nil {
		return nil, err
	}
	// Variables come from files and not from the environment, which a colleague does not have.
	if err := tf.SetEnv(tfexec.CleanEnv(c.environment())); err != nil {
		return nil, err
	}
	return tf, tf.SetWaitDelay(stopTimeout)
}

// initialise makes the folder ready. The backend's settings are given anew each time: the same
// folder serves dev and prod in turn.
func (c *cloud) initialise(ctx context.Context, dir string, backend ...string) (*tfexec.Terraform, error) {
	tf, err := c.terraform(ctx, dir)
	if err != nil {
		return nil, err
	}
	opts := []tfexec.InitOption{tfexec.Reconfigure(true)}
	for _, setting := range backend {
		opts = append(opts, tfexec.BackendConfig(setting))
	}
	if err := c.interruptibly(ctx, func(ctx context.Context) error { return tf.Init(ctx, opts...) }); err != nil {
		return nil, fmt.Errorf("terraform init: %w", err)
	}
	return tf, nil
}

// stateBucket returns the bucket that bootstrap makes for the states.
func (c *cloud) stateBucket() string { return c.surveyed().Bucket() }

// The prefixes of the objects in the bucket of states: terraform/'s state, which its backend names,
// bootstrap's, and the records of deployments.
func (c *cloud) bootstrapPrefix() string { return c.prefix() + "/bootstrap" }

func (c *cloud) releasePrefix() string { return c.prefix() + "/deployments/" }

// main returns Terraform with the environment's state.
func (c *cloud) main(ctx context.Context) (*tfexec.Terraform, error) {
	return c.initialise(ctx, c.dir, "bucket="+c.stateBucket())
}

func (c *cloud) output(ctx context.Context) error {
	tf, err := c.main(ctx)
	if err != nil {
		return err
	}
	outputs, err := tf.Output(ctx)
	if err != nil {
		return fmt.Errorf("terraform output: %w", err)
	}
	return printOutputs(c.out, outputs, c.options.json)
}

// explain turns Terraform's words into what the operator can do.
func explain(err error) string {
	// This comes before the text: the error of a Terraform that is stopped as it starts holds none,
	// and its Error method panics (tfexec v0.26.0, cmdErr).
	if errors.Is(err, context.Canceled) {
		return "stopped. What was finished is in the state: the same command goes on from there."
	}
	text := err.Error()
	if holder := lockHolder(text); holder != "" {
		return holder
	}
	faults := []string{text}
	if failed := new(failure); errors.As(err, &failed) && len(failed.faults) > 0 {
		faults = failed.each()
	}
	told := map[string]bool{}
	var b strings.Builder
	b.WriteString(text)
	for _, fault := range faults {
		if e, found := known.Find(fault); found && !told[e.Name] {
			told[e.Name] = true
			fmt.Fprintf(&b, "\n\n%s: %s\n  -> %s\n     %s", e.Name, e.Cause, e.Mend, e.Source)
		}
	}
	return b.String()
}

var lockLine = regexp.MustCompile(`(?m)(ID|Who|Operation|Created):\s+(\S.*)$`)

// lockHolder returns a text about the holder of the state's lock, "" for another error.
func lockHolder(text string) string {
	if !strings.Contains(text, "Error acquiring the state lock") {
		return ""
	}
	lock := map[string]string{}
	for _, found := range lockLine.FindAllStringSubmatch(text, -1) {
		lock[found[1]] = strings.TrimSpace(found[2])
	}
	if lock["ID"] == "" {
		return "another run holds the state's lock:\n" + text
	}
	return fmt.Sprintf(`another run holds the state's lock: %s, since %s (%s).
Wait until it has ended. If it is dead for certain, and only then, give its lock back:
  terraform -chdir=terraform force-unlock %s`, lock["Who"], lock["Created"], lock["Operation"], lock["ID"])
}

// lines hands each whole line to do.
type lines struct {
	do   func(string)
	rest []byte
}

var _ io.Writer = (*lines)(nil)

func (l *lines) Write(p []byte) (int, error) {
	l.rest = append(l.rest, p...)
	for {
		line, rest, whole := strings.Cut(string(l.rest), "\n")
		if !whole {
			return len(p), nil
		}
		l.rest = []byte(rest)
		l.do(line)
	}
}
