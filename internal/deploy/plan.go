package deploy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/hashicorp/terraform-exec/tfexec"
)

// saved is a plan on disk, ready to be applied as it is.
type saved struct {
	file    string
	summary summary
	tf      *tfexec.Terraform
}

// plan packages, plans, keeps the plan and prints what it would do.
func (c *cloud) plan(ctx context.Context) (saved, error) {
	if err := c.packageInto(ctx); err != nil {
		return saved{}, err
	}
	tf, err := c.main(ctx)
	if err != nil {
		return saved{}, err
	}
	file := filepath.Join(c.dir, buildFolder, c.env+".tfplan")
	fmt.Fprintln(c.progress, "planning")
	if err := c.makePlan(ctx, tf, file, false); err != nil {
		return saved{}, err
	}
	s, err := c.tell(ctx, tf, file)
	if err == nil && !c.dry {
		fmt.Fprintf(
			c.progress, "The plan is kept: go run ./scripts/deploy apply -env %s -plan %s applies it as it is.\n", c.env, file,
		)
	}
	return s, err
}

func (c *cloud) packageInto(ctx context.Context) error {
	s, err := loadSource(ctx, c.root)
	if err != nil {
		return err
	}
	fmt.Fprintln(c.progress, "packaging")
	_, err = writePackages(ctx, s, c.dir, c.progress)
	return err
}

// makePlan plans into the file.
func (c *cloud) makePlan(ctx context.Context, tf *tfexec.Terraform, file string, destroy bool) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil { //nolint:gosec // a build folder
		return err
	}
	opts := []tfexec.PlanOption{tfexec.Out(file), tfexec.Destroy(destroy)}
	for _, f := range c.files {
		opts = append(opts, tfexec.VarFile(f))
	}
	p := &progress{out: c.progress}
	_, err := tf.PlanJSON(ctx, p.writer(), opts...)
	return p.wrap("terraform plan", err)
}

// tell reads the plan back and prints what applying it does and what it costs then.
func (c *cloud) tell(ctx context.Context, tf *tfexec.Terraform, file string) (saved, error) {
	tf.SetStdout(io.Discard)
	plan, err := tf.ShowPlanFile(ctx, file)
	if err != nil {
		return saved{}, fmt.Errorf("read the plan: %w", err)
	}
	s := saved{file: file, summary: summarise(plan), tf: tf}
	s.summary.print(c.out)
	if rows := atRest(plan); !s.summary.empty() && rows[0].number > 0 { // the small roots have no load balancer
		printCost(c.out, rows)
	}
	return s, nil
}

// errLoss means that there is no person to confirm what cannot be undone.
var errLoss = errors.New(
	"the plan loses data (see LOST FOR EVER above): it needs a person who confirms it, so run it without -yes",
)

// apply does the operator's second command.
func (c *cloud) apply(ctx context.Context) error {
	if err := c.doctor(ctx, c.before()); err != nil {
		return err
	}
	s, err := c.planOrKept(ctx)
	if err != nil {
		return err
	}
	if !s.summary.empty() {
		if err := c.agree(ctx, s.summary); err != nil {
			return err
		}
		if err := c.applySaved(ctx, s); err != nil {
			return err
		}
	}
	outputs, err := s.tf.Output(ctx)
	if err != nil {
		return fmt.Errorf("terraform output: %w", err)
	}
	if err := c.doctor(ctx, c.after()); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "\nThe API is at %s\n", text(outputs["api_url"]))
	return nil
}

// planOrKept returns the plan that the operator named, or a new one.
func (c *cloud) planOrKept(ctx context.Context) (saved, error) {
	if c.options.planFile == "" {
		return c.plan(ctx)
	}
	file, err := filepath.Abs(c.options.planFile)
	if err != nil {
		return saved{}, err
	}
	tf, err := c.main(ctx)
	if err != nil {
		return saved{}, err
	}
	return c.tell(ctx, tf, file)
}

// agree asks. What cannot be undone needs the project's id.
func (c *cloud) agree(ctx context.Context, s summary) error {
	lost := s.losses()
	switch {
	case c.dry:
		return nil
	case len(lost) > 0 && c.yes:
		return errLoss
	case len(lost) > 0:
		return c.terminal.confirm(ctx, fmt.Sprintf("\nThis loses data in project %s for ever.", c.project), c.project)
	case c.yes:
		return nil
	default:
		return c.terminal.confirm(ctx, fmt.Sprintf("\nApply it to project %s?", c.project), "yes")
	}
}

// applySaved applies exactly the plan. Terraform refuses it if the state has changed since.
func (c *cloud) applySaved(ctx context.Context, s saved) error {
	p := &progress{out: c.progress, total: s.summary.actions()}
	err := s.tf.ApplyJSON(ctx, p.writer(), tfexec.DirOrPlan(s.file), tfexec.Parallelism(parallelism))
	s.tf.SetStdout(io.Discard)
	if err := p.wrap("terraform apply", err); err != nil {
		return err
	}
	return os.Remove(s.file) // it can be applied once only
}

// parallelism is more than Terraform's 10: most of the time is waiting for Google.
const parallelism = 30

// destroy removes all that apply made; what bootstrap made stays.
func (c *cloud) destroy(ctx context.Context) error {
	tf, err := c.main(ctx)
	if err != nil {
		return err
	}
	file := filepath.Join(c.dir, buildFolder, c.env+".tfplan")
	if err := c.makePlan(ctx, tf, file, true); err != nil {
		return err
	}
	s, err := c.tell(ctx, tf, file)
	if err != nil || s.summary.empty() {
		return err
	}
	if !c.dry {
		question := fmt.Sprintf("\nThis removes FaceScan from project %s, and every user's data with it.", c.project)
		if err := c.terminal.confirm(ctx, question, c.project); err != nil {
			return err
		}
	}
	return c.applySaved(ctx, s)
}

func printOutputs(w io.Writer, outputs map[string]tfexec.OutputMeta, asJSON bool) error {
	if asJSON {
		values := map[string]any{}
		for name, o := range outputs {
			values[name] = o.Value
		}
		content, err := indented(values)
		if err != nil {
			return err
		}
		_, err = w.Write(content)
		return err
	}
	if len(outputs) == 0 {
		fmt.Fprintln(w, "Nothing was applied yet.")
	}
	for _, name := range slices.Sorted(maps.Keys(outputs)) {
		fmt.Fprintf(w, "%-20s %s\n", name, text(outputs[name]))
	}
	return nil
}

// text returns an output's value: a text without its quotes, anything else in JSON.
func text(o tfexec.OutputMeta) string {
	value := string(o.Value)
	if len(value) > 1 && value[0] == '"' {
		return value[1 : len(value)-1]
	}
	return value
}
