package deploy

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/facescan/facescan/internal/deploy/settings"
	"github.com/facescan/facescan/internal/keys"
)

// The steps of a rotation, in their order, with a deployment after each.
const (
	rotateAdd  = "add"
	rotateUse  = "use"
	rotateDrop = "drop"
)

// rotate writes a version of the key's secret, which is a list: the first makes ids and seals, and
// all find and open what any of them made. It prints what to set and deploy.
func (c *cloud) rotate(ctx context.Context, key, step string) error {
	use := keys.Use(key)
	if !slices.Contains(keys.Uses(), use) {
		return fmt.Errorf("there is no key %q: did you mean %s? There are %s",
			key, settings.Nearest(key, useNames()), strings.Join(useNames(), ", "))
	}
	text, err := c.access(ctx, use.Secret())
	if err != nil {
		return err
	}
	list, err := rotated(strings.Split(strings.TrimSpace(string(text)), ","), step)
	if err != nil {
		return err
	}
	ring, err := keys.Parse(use, strings.Join(list, ","))
	if err != nil {
		return fmt.Errorf("read %s-%s: %w", c.prefix(), use.Secret(), err)
	}
	written := map[string]string{use.Secret(): ring.Text()}
	if use == keys.ForOutbox {
		for _, name := range secretNames() {
			if writer := keys.Use(strings.TrimPrefix(name, "key-")).Writer(); writer != "" {
				written[name] = ring.OfWriter(writer).Text()
			}
		}
	}
	return c.writeRotated(ctx, step, written)
}

func (c *cloud) writeRotated(ctx context.Context, step string, values map[string]string) error {
	var lines []string
	for _, name := range secretNames() {
		value, ok := values[name]
		if !ok {
			continue
		}
		version, err := c.addVersion(ctx, name, []byte(value))
		if err != nil {
			return err
		}
		lines = append(lines, fmt.Sprintf("  %s = %q", name, path.Base(version)))
	}
	fmt.Fprintf(c.out, "%s: written. Set this in secret_versions of terraform/environments/%s.auto.tfvars, and "+
		"deploy:\n%s\n", step, c.env, strings.Join(lines, "\n"))
	fmt.Fprintln(c.out, "terraform/README.md says when the next step may follow.")
	return nil
}

// rotated returns the list after the step.
func rotated(list []string, step string) ([]string, error) {
	switch step {
	case rotateAdd:
		return append(list, string(randomSecret())), nil
	case rotateUse:
		if len(list) < 2 {
			return nil, fmt.Errorf("there is one secret alone: -step %s adds the next", rotateAdd)
		}
		last := len(list) - 1
		return slices.Concat(list[last:], list[:last]), nil
	case rotateDrop:
		return list[:1], nil
	}
	return nil, fmt.Errorf("-step is %s, %s or %s, not %q", rotateAdd, rotateUse, rotateDrop, step)
}

func useNames() []string {
	var names []string
	for _, use := range keys.Uses() {
		names = append(names, string(use))
	}
	return names
}
