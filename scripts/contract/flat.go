package main

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// overlayHead begins the overlay for the Go client. See its text.
const overlayHead = `# Written by go generate ./internal/client/api. What the generator is shown of the contract.
#
# Every error has one body, Problem, and every answer one header or two: a type for each of them in each operation
# would be four fifths of the generated code, without a use. And of a union the generator makes raw JSON with methods,
# while all variants of a union in the contract are objects whose discriminator says which members they have: for Go
# each becomes one struct with all members, of which those are required that every variant has.
`

// removed are the targets that the client does not need. The contract as a text would link a YAML
// parser.
var removed = []string{
	"$.paths.*.*.responses.*.headers",
	"$.paths.*.*.responses['400','401','403','404','409','410','412','413','415','422','429','500','503']",
	"$.components.responses",
	"$.paths['/v1/openapi.yaml'].get.responses['200'].content",
	"$.webhooks",
	"$.components.schemas.Push",
}

// action is an action of an overlay (OpenAPI Overlay Specification 1.0.0).
type action struct {
	Target string     `yaml:"target"`
	Remove bool       `yaml:"remove,omitempty"`
	Update *yaml.Node `yaml:"update,omitempty"`
}

// goOverlay returns the overlay for the Go client.
func goOverlay(doc *yaml.Node) ([]byte, error) {
	overlay := struct {
		Overlay string            `yaml:"overlay"`
		Info    map[string]string `yaml:"info"`
		Actions []action          `yaml:"actions"`
	}{Overlay: "1.0.0", Info: map[string]string{"title": "FaceScan API for the Go client", "version": "1.0.0"}}
	for _, target := range removed {
		overlay.Actions = append(overlay.Actions, action{Target: target, Remove: true})
	}
	schemas := member(doc, "components", "schemas")
	for name, schema := range pairs(schemas) {
		if len(member(schema, "discriminator").Content) == 0 {
			continue
		}
		flat, variants := flatten(schemas, schema)
		at := "$.components.schemas." + name
		overlay.Actions = append(overlay.Actions, action{Target: at + ".oneOf", Remove: true},
			action{Target: at + ".discriminator", Remove: true}, action{Target: at, Update: flat})
		for _, variant := range variants {
			overlay.Actions = append(overlay.Actions, action{Target: "$.components.schemas." + variant, Remove: true})
		}
	}
	var text bytes.Buffer
	text.WriteString(overlayHead)
	encoder := yaml.NewEncoder(&text)
	encoder.SetIndent(2)
	if err := encoder.Encode(overlay); err != nil {
		return nil, fmt.Errorf("write the overlay: %w", err)
	}
	return text.Bytes(), encoder.Close()
}

// flatten returns a union as one object, and the names of its variants.
func flatten(schemas, union *yaml.Node) (flat *yaml.Node, variants []string) {
	properties, given := mapping(), map[string]int{}
	for _, one := range member(union, "oneOf").Content {
		variant := strings.TrimPrefix(member(one, "$ref").Value, "#/components/schemas/")
		variants = append(variants, variant)
		schema := member(schemas, variant)
		for name, property := range pairs(member(schema, "properties")) {
			before := member(properties, name)
			if before.Kind == 0 {
				put(properties, name, clone(property))
			} else {
				join(before, property)
			}
		}
		for _, name := range member(schema, "required").Content {
			given[name.Value]++
		}
	}
	required := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	for name, property := range pairs(properties) {
		if given[name] == len(variants) {
			required.Content = append(required.Content, scalar(name))
		}
		name = enumOf(schemas, member(property, "enum"))
		if name != "" {
			*property = *mapping()
			put(property, "$ref", scalar("#/components/schemas/"+name))
		}
	}
	flat = mapping()
	put(flat, "type", scalar("object"))
	put(flat, "required", required)
	put(flat, "properties", properties)
	return flat, variants
}

// join makes the property admit what another variant's has: more values of an enum, and any value
// where each has a constant. Other members must be the same, which the compiler of the client's
// users checks.
func join(property, other *yaml.Node) {
	values := member(property, "enum")
	for _, value := range member(other, "enum").Content {
		if !slices.ContainsFunc(values.Content, func(v *yaml.Node) bool { return v.Value == value.Value }) {
			values.Content = append(values.Content, value)
		}
	}
	for i := 0; i+1 < len(property.Content); i += 2 {
		name := property.Content[i].Value
		if name == "const" || name == "description" && member(other, name).Value != property.Content[i+1].Value {
			property.Content = slices.Delete(property.Content, i, i+2)
			i -= 2
		}
	}
}

// enumOf returns the name of the schema that is an enum of the same values, or "".
func enumOf(schemas, enum *yaml.Node) string {
	for name, schema := range pairs(schemas) {
		if len(enum.Content) > 0 && maps.Equal(values(enum), values(member(schema, "enum"))) {
			return name
		}
	}
	return ""
}

func values(list *yaml.Node) map[string]bool {
	all := map[string]bool{}
	for _, one := range list.Content {
		all[one.Value] = true
	}
	return all
}
