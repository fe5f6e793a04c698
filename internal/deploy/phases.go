package deploy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path"
	"time"

	"github.com/hashicorp/terraform-exec/tfexec"

	"github.com/facescan/facescan/internal/deploy/gcp"
	"github.com/facescan/facescan/internal/deploy/known"
)

// The variables of terraform/ that this tool sets by what it finds.
const (
	existingVariable  = "existing"
	alertsVariable    = "alerts_enabled"
	logAlertsVariable = "log_alerts_enabled"
)

// logMetricAge is how old a log metric has to be before an alert may read it, by the message of the
// refusal: https://github.com/hashicorp/terraform-provider-google/issues/11102
const logMetricAge = 10 * time.Minute

// applyPhases asks once and applies the plan: whole, or in two phases if it makes log metrics and
// alerts that read them.
func (c *cloud) applyPhases(ctx context.Context, whole saved) error {
	first, two, err := c.firstPhase(ctx, whole)
	if err != nil {
		return err
	}
	if two {
		fmt.Fprintf(c.out, "\nIn two phases: %d now, and after %s, when alerts may read the new log metrics, the other %d.\n",
			first.summary.actions(), logMetricAge, whole.summary.actions()-first.summary.actions())
	}
	if err := c.agree(ctx, whole.summary); err != nil {
		return err
	}
	if !two {
		return c.applyAgreed(ctx, whole.summary, whole)
	}
	if err := c.applyAgreed(ctx, whole.summary, first); err != nil {
		return err
	}
	if err := c.wait(ctx, logMetricAge, "until alerts may read the new log metrics"); err != nil {
		return err
	}
	second, err := remainder(ctx, whole.summary, whole)
	if err != nil || second.summary.empty() {
		return err
	}
	return c.applyAgreed(ctx, whole.summary, second)
}

// firstPhase returns the part of the plan without the alerts on log metrics. There is none for a
// plan that makes no log metrics, nor where alerts on older ones would go with it.
func (c *cloud) firstPhase(ctx context.Context, whole saved) (first saved, two bool, err error) {
	if !c.declared.Has(logAlertsVariable) || c.off(logAlertsVariable) || c.options.planFile != "" ||
		!whole.summary.makes("google_logging_metric") {
		return saved{}, false, nil
	}
	first, err = c.planAs(ctx, whole.tf, "-first", logAlertsVariable+"=false")
	if err != nil {
		return saved{}, false, err
	}
	part := first.summary.within(whole.summary) == nil && first.summary.actions() < whole.summary.actions()
	return first, part && !first.summary.empty(), nil
}

// wait sleeps by the clock and says why.
func (c *cloud) wait(ctx context.Context, d time.Duration, why string) error {
	leap := ""
	if c.dry {
		leap = " (a dry run leaps over it)"
	}
	fmt.Fprintf(c.progress, "waiting %s %s%s\n", d, why, leap)
	return c.clock.Sleep(ctx, d)
}

// attempts is how often an apply is tried that fails only because it is too early.
const attempts = 5

// applyAgreed applies the plan. If all that fails will pass, it waits, plans again, and goes on as
// long as the new plan is a remainder of the agreed one. The waits grow.
func (c *cloud) applyAgreed(ctx context.Context, agreed summary, s saved) error {
	for attempt := 1; ; attempt++ {
		err := c.applySaved(ctx, s)
		if err == nil {
			return nil
		}
		failed := new(failure)
		if !errors.As(err, &failed) || ctx.Err() != nil {
			return err
		}
		rows, wait, passes := known.Transient(failed.each())
		if !passes || attempt == attempts {
			return err
		}
		for _, row := range rows {
			fmt.Fprintf(c.progress, "too early: %s. %s\n", row.Name, row.Cause)
		}
		why := fmt.Sprintf("before attempt %d of %d", attempt+1, attempts)
		if err := c.wait(ctx, wait*time.Duration(attempt), why); err != nil {
			return err
		}
		if s, err = remainder(ctx, agreed, s); err != nil || s.summary.empty() {
			return err
		}
	}
}

// remainder makes the plan anew, and fails if it goes beyond the agreed one.
func remainder(ctx context.Context, agreed summary, s saved) (saved, error) {
	rest, err := s.again(ctx)
	if err != nil {
		return saved{}, err
	}
	return rest, rest.summary.within(agreed)
}

// circumstances returns the variables that say what the project is like: what there is already, and
// whether alerts are of use yet. What the operator's files say wins.
func (c *cloud) circumstances(ctx context.Context, tf *tfexec.Terraform) ([]string, error) {
	var vars []string
	if _, said := c.values[existingVariable]; !said && c.declared.Has(existingVariable) {
		there, err := c.existing(ctx)
		if err != nil {
			return nil, err
		}
		list, err := json.Marshal(orEmpty(there))
		if err != nil {
			return nil, err
		}
		vars = append(vars, existingVariable+"="+string(list))
	}
	if _, said := c.values[alertsVariable]; !said && c.declared.Has(alertsVariable) {
		outputs, err := tf.Output(ctx)
		if err != nil {
			return nil, fmt.Errorf("terraform output: %w", err)
		}
		vars = append(vars, fmt.Sprintf("%s=%t", alertsVariable, c.alertsWanted(ctx, texts(outputs))))
	}
	return vars, nil
}

// alertsWanted reports whether alerts are to be sent: from when the domain first pointed at the
// load balancer, and ever since. Before that the uptime check fails of necessity. Where Terraform
// itself makes the domain's record, and where there is no edge, there is nothing to wait for.
func (c *cloud) alertsWanted(ctx context.Context, outputs map[string]string) bool {
	if outputs[alertsVariable] == "true" || c.variable("dns_zone") != "" || c.off("edge_enabled") {
		return true
	}
	address := outputs["api_address"]
	return address != "" && !c.dry && pointsAt(ctx, c.variable("domain"), address) == nil
}

// existing returns what the project has already of what Google makes once only: it is imported, and
// no second time made. An API that is off has nothing.
func (c *cloud) existing(ctx context.Context) ([]string, error) {
	release := "cloud.firestore"
	if c.database() != "(default)" {
		release = path.Join(release, c.database())
	}
	var there []string
	for _, of := range []struct {
		name string
		api  gcp.API
		path string
	}{
		// https://cloud.google.com/identity-platform/docs/reference/rest/v2/projects/getConfig
		{"identity", gcp.Identity, "projects/" + c.project + "/config"},
		// https://firebase.google.com/docs/reference/rules/rest/v1/projects.releases/get
		{"rules", gcp.Rules, "projects/" + c.project + "/releases/" + release},
		// https://cloud.google.com/firestore/docs/reference/rest/v1/projects.databases/get
		{"database", gcp.Firestore, "projects/" + c.project + "/databases/" + c.database()},
	} {
		switch err := c.google.Call(ctx, of.api, http.MethodGet, of.path, nil, nil); {
		case gcp.Absent(err):
		case err != nil:
			return nil, fmt.Errorf("look whether the project has %s already: %w", of.name, err)
		default:
			there = append(there, of.name)
		}
	}
	return there, nil
}

// phase is a part of a run and how long it took.
type phase struct {
	name string
	took time.Duration
}

// timed notes how long a part of the run takes until the returned function is called.
func (c *cloud) timed(name string) func() {
	started := time.Now()
	return func() { c.phases = append(c.phases, phase{name, time.Since(started)}) }
}
