package deploy

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/go-version"
	"github.com/zclconf/go-cty/cty"

	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/deploy/doctor"
	"github.com/facescan/facescan/internal/deploy/settings"
)

// oldestTerraform is the oldest version that terraform/ supports. A test compares it with
// versions.tf.
const oldestTerraform = "1.11"

// beforehand returns the checks of what bootstrap needs.
func (c *cloud) beforehand() []doctor.Check {
	return slices.Concat([]doctor.Check{{
		Name: "terraform", Run: c.checkTerraform,
		Mend: "install Terraform " + oldestTerraform + " or newer: https://developer.hashicorp.com/terraform/install",
	}}, c.surveyed().Bootstrap())
}

// before returns the checks of what apply needs.
func (c *cloud) before() []doctor.Check {
	return slices.Concat(c.beforehand(), c.surveyed().Deployment())
}

func (c *cloud) checkTerraform(ctx context.Context) (string, error) {
	tf, err := c.terraform(ctx, c.dir)
	if err != nil {
		return "", err
	}
	found, _, err := tf.Version(ctx, true)
	if err != nil {
		return "", err
	}
	if found.LessThan(version.Must(version.NewVersion(oldestTerraform))) {
		return "", fmt.Errorf("version %s is older than %s", found, oldestTerraform)
	}
	return found.String(), nil
}

// secretNames returns the secrets that the functions read, sorted.
func secretNames() []string {
	all := map[string]bool{}
	for _, f := range catalog.Functions() {
		for _, name := range f.Secrets {
			all[name] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// mostInstances is the default of max_instances in the variable scaling.
const mostInstances = 20

// surveyed returns the project as doctor looks at it.
func (c *cloud) surveyed() doctor.Project {
	p := doctor.Project{
		Google: c.google, ID: c.project, Prefix: c.prefix(), Region: c.region(), Env: c.env,
		Settings: keptFile("terraform", c.env), Secrets: secretNames(), Versions: map[string]string{},
		Public: !c.off("public_invoker"), BillingAccount: settings.Text(member(c.values["budget"], "billing_account")),
		Protected: !c.off("protect_data"), Domain: c.variable("domain"), Key: c.variable("kms_key"),
	}
	if !c.off("edge_enabled") {
		p.Zone = c.variable("dns_zone")
	}
	for _, name := range p.Secrets {
		p.Versions[name] = settings.Text(member(c.values["secret_versions"], name))
	}
	for _, f := range catalog.Functions() {
		most := int64(mostInstances)
		set := member(member(c.values["scaling"], f.Name), "max_instances")
		if set != cty.NilVal && set.Type() == cty.Number && !set.IsNull() {
			most, _ = set.AsBigFloat().Int64()
		}
		p.Functions = append(p.Functions, doctor.Function{
			Name: f.Name, CPU: f.CPU, MemoryMiB: f.MemoryMiB, Instances: int(most),
		})
	}
	return p
}

// member returns an object's attribute, nothing if there is none.
func member(v cty.Value, name string) cty.Value {
	if v == cty.NilVal || v.IsNull() || !v.IsKnown() || !v.Type().IsObjectType() || !v.Type().HasAttribute(name) {
		return cty.NilVal
	}
	return v.GetAttr(name)
}
