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
	tfjson "github.com/hashicorp/terraform-json"

	"github.com/facescan/facescan/internal/deploy/cost"
	"github.com/facescan/facescan/internal/deploy/doctor"
	"github.com/facescan/facescan/internal/deploy/pack"
)

// saved is a plan on disk, ready to be applied as it is.
type saved struct {
	file    string
	summary summary
	tf      *tfexec.Terraform
	plan    *tfjson.Plan
	// again makes the same plan anew, by what is there then.
	again func(context.Context) (saved, error)
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
	s, err := c.planAs(ctx, tf, "")
	if err != nil {
		return saved{}, err
	}
	c.last = s.summary
	if s.tell(c.out); !c.dry {
		fmt.Fprintf(
			c.progress, "The plan is kept: go run ./scripts/deploy apply -env %s -plan %s applies it as it is.\n", c.env, s.file,
		)
	}
	return s, nil
}

// planFile returns where the environment's plan is kept.
func (c *cloud) planFile(suffix string) string {
	return filepath.Join(c.dir, pack.Folder, c.env+suffix+".tfplan")
}

// planAs plans with the variables, beside those of the files and of the circumstances, and reads
// the plan back. The suffix tells its file from that of another plan.
func (c *cloud) planAs(ctx context.Context, tf *tfexec.Terraform, suffix string, more ...string) (saved, error) {
	fmt.Fprintln(c.progress, "planning")
	defer c.timed("plan")()
	vars, err := c.circumstances(ctx, tf)
	if err != nil {
		return saved{}, err
	}
	file := c.planFile(suffix)
	if err := c.makePlan(ctx, tf, file, false, append(vars, more...)); err != nil {
		return saved{}, err
	}
	s, err := readPlan(ctx, tf, file)
	s.again = func(ctx context.Context) (saved, error) { return c.planAs(ctx, tf, suffix, more...) }
	return s, err
}

func (c *cloud) packageInto(ctx context.Context) error {
	defer c.timed("package")()
	fmt.Fprintln(c.progress, "packaging")
	return packageInto(ctx, c.root, c.dir, c.progress)
}

// packageInto packages every function below dir, which is terraform/ or a copy of it.
func packageInto(ctx context.Context, root, dir string, progress io.Writer) error {
	s, err := pack.Load(ctx, root)
	if err != nil {
		return err
	}
	release, err := releaseOf(ctx, root)
	if err != nil {
		return err
	}
	_, err = s.Write(ctx, dir, release, progress)
	return err
}

// makePlan plans into the file.
func (c *cloud) makePlan(
	ctx context.Context, tf *tfexec.Terraform, file string, destroy bool, vars []string,
) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil { //nolint:gosec // a build folder
		return err
	}
	opts := []tfexec.PlanOption{tfexec.Out(file), tfexec.Destroy(destroy), tfexec.Parallelism(parallelism)}
	for _, f := range c.files {
		opts = append(opts, tfexec.VarFile(f))
	}
	for _, v := range vars {
		opts = append(opts, tfexec.Var(v))
	}
	return c.runPlan(ctx, tf, opts)
}

// runPlan plans, and tells what Terraform says.
func (c *cloud) runPlan(ctx context.Context, tf *tfexec.Terraform, opts []tfexec.PlanOption) error {
	p := c.newProgress(summary{})
	err := c.interruptibly(ctx, func(ctx context.Context) error {
		_, err := tf.PlanJSON(ctx, p.writer(), opts...)
		return err
	})
	tf.SetStdout(io.Discard)
	return p.wrap("terraform plan", err)
}

// readPlan reads a plan back.
func readPlan(ctx context.Context, tf *tfexec.Terraform, file string) (saved, error) {
	tf.SetStdout(io.Discard)
	plan, err := tf.ShowPlanFile(ctx, file)
	if err != nil {
		return saved{}, fmt.Errorf("read the plan: %w", err)
	}
	return saved{file: file, summary: summarise(plan), tf: tf, plan: plan}, nil
}

// tell prints what applying the plan does and what it costs then.
func (s saved) tell(w io.Writer) {
	s.summary.print(w)
	if !s.summary.empty() && cost.Runs(s.plan) {
		cost.Print(w, cost.AtRest(s.plan, len(secretNames())))
	}
}

// errLoss means that there is no person to confirm what cannot be undone.
var errLoss = errors.New(
	"the plan loses data (see LOST FOR EVER above): it needs a person who confirms it, so run it without -yes",
)

// apply does the operator's second command.
func (c *cloud) apply(ctx context.Context) error {
	if err := c.checkTree(ctx); err != nil {
		return err
	}
	if _, err := doctor.Run(ctx, c.progress, c.before()); err != nil {
		return err
	}
	s, err := c.planOrKept(ctx)
	if err != nil {
		return err
	}
	if !s.summary.empty() {
		if err := c.applyPhases(ctx, s); err != nil {
			return err
		}
	}
	if err := c.settle(ctx); err != nil {
		return err
	}
	return c.conclude(ctx)
}

// conclude checks what came of a deployment, records it if all is well, and prints the URL and what
// a person has to do.
func (c *cloud) conclude(ctx context.Context) error {
	defer c.timed("checks")()
	todo, err := doctor.Run(ctx, c.progress, c.after())
	if err != nil {
		return err
	}
	if err := c.record(ctx); err != nil {
		return err
	}
	outputs, err := c.outputs(ctx)
	if err != nil {
		return err
	}
	if url := outputs["api_url"]; url != "" {
		fmt.Fprintf(c.out, "\nThe API is at %s\n", url)
	}
	for _, what := range todo {
		fmt.Fprintf(c.out, "to do: %s\n", what)
	}
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
	s, err := readPlan(ctx, tf, file)
	if err != nil {
		return saved{}, err
	}
	s.again = func(ctx context.Context) (saved, error) { return c.planAs(ctx, tf, "") }
	c.last = s.summary
	s.tell(c.out)
	return s, nil
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
	defer c.timed("apply")()
	p := c.newProgress(s.summary)
	err := c.interruptibly(ctx, func(ctx context.Context) error {
		return s.tf.ApplyJSON(ctx, p.writer(), tfexec.DirOrPlan(s.file), tfexec.Parallelism(parallelism))
	})
	p.end()
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
	if err := c.makePlan(ctx, tf, c.planFile(""), true, nil); err != nil {
		return err
	}
	s, err := readPlan(ctx, tf, c.planFile(""))
	if err != nil {
		return err
	}
	if s.tell(c.out); s.summary.empty() {
		return nil
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
	if value == "null" {
		return ""
	}
	if len(value) > 1 && value[0] == '"' {
		return value[1 : len(value)-1]
	}
	return value
}
