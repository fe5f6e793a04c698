// Package settings reads the files of variables that an operator writes, and checks every name in
// them. Terraform only warns of a variable that there is not, and drops an attribute of an object
// that there is not, so that a typo would deploy the default.
package settings

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/zclconf/go-cty/cty"
)

// Variables are the types of a root module's variables by name.
type Variables map[string]cty.Type

// Declared returns the variables that the module in the folder declares.
func Declared(dir string) (Variables, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.tf"))
	if err != nil {
		return nil, err
	}
	all := Variables{}
	parser := hclparse.NewParser()
	for _, file := range files {
		parsed, diags := parser.ParseHCLFile(file)
		if diags.HasErrors() {
			return nil, fmt.Errorf("read the variables: %w", diags)
		}
		content, _, diags := parsed.Body.PartialContent(&hcl.BodySchema{
			Blocks: []hcl.BlockHeaderSchema{{Type: "variable", LabelNames: []string{"name"}}},
		})
		if diags.HasErrors() {
			return nil, fmt.Errorf("read the variables: %w", diags)
		}
		for _, block := range content.Blocks {
			if all[block.Labels[0]], err = typeOf(block); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

// typeOf returns the type of a variable's block, any type where it names none.
func typeOf(block *hcl.Block) (cty.Type, error) {
	content, _, diags := block.Body.PartialContent(&hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: "type"}}})
	attribute, named := content.Attributes["type"]
	if diags.HasErrors() || !named {
		return cty.DynamicPseudoType, nil // Terraform itself tells what is wrong with it
	}
	is, _, diags := typeexpr.TypeConstraintWithDefaults(attribute.Expr)
	if diags.HasErrors() {
		return cty.DynamicPseudoType, fmt.Errorf("read the type of %s: %w", block.Labels[0], diags)
	}
	return is, nil
}

// Has reports whether the module declares the variable.
func (v Variables) Has(name string) bool {
	_, has := v[name]
	return has
}

// value is what a file gives a variable, and where.
type value struct {
	cty.Value
	at hcl.Range
}

// read returns the values in a file by name. It evaluates constants, as Terraform does there.
func read(file string) (map[string]value, error) {
	parser := hclparse.NewParser()
	parse := parser.ParseHCLFile
	if strings.HasSuffix(file, ".json") {
		parse = parser.ParseJSONFile
	}
	parsed, diags := parse(file)
	if diags.HasErrors() {
		return nil, fmt.Errorf("read %s: %w", file, diags)
	}
	attributes, diags := parsed.Body.JustAttributes()
	if diags.HasErrors() {
		return nil, fmt.Errorf("read %s: %w", file, diags)
	}
	all := map[string]value{}
	for name, a := range attributes {
		is, diags := a.Expr.Value(nil)
		if diags.HasErrors() {
			return nil, fmt.Errorf("read %s in %s: %w", name, file, diags)
		}
		all[name] = value{is, a.Range}
	}
	return all, nil
}

// Read returns the values that the files give variables. The later file wins, as with Terraform.
func Read(files ...string) (map[string]cty.Value, error) {
	all := map[string]cty.Value{}
	for _, file := range files {
		said, err := read(file)
		if err != nil {
			return nil, err
		}
		for name, v := range said {
			all[name] = v.Value
		}
	}
	return all, nil
}

// Text returns the value as a text, "" if it is none.
func Text(v cty.Value) string {
	if v == cty.NilVal || v.IsNull() || !v.IsKnown() || v.Type() != cty.String {
		return ""
	}
	return v.AsString()
}

// ErrName is wrapped by the error of names that there are not.
var ErrName = errors.New("the files of variables name what there is not")

// Check returns an error for each name in the files that is no variable's, no attribute's of an
// object, or none of the keys that a variable's map may have. It tells the nearest name and the
// right ones.
func (v Variables) Check(files []string, keys map[string][]string) error {
	names := slices.Sorted(maps.Keys(v))
	var faults []error
	for _, file := range files {
		said, err := read(file)
		if err != nil {
			return err
		}
		for _, name := range slices.Sorted(maps.Keys(said)) {
			value := said[name]
			where := fmt.Sprintf("%s:%d", file, value.at.Start.Line)
			if !v.Has(name) {
				faults = append(faults, unknown(where, "variable", name, names))
				continue
			}
			faults = append(faults, inside(where, name, value.Value, v[name])...)
			faults = append(faults, keyed(where, name, value.Value, keys[name])...)
		}
	}
	if len(faults) == 0 {
		return nil
	}
	return fmt.Errorf("%w:\n%w", ErrName, errors.Join(faults...))
}

// inside checks the attributes of the objects in a value.
func inside(where, path string, v cty.Value, is cty.Type) []error {
	if v.IsNull() || !v.IsKnown() || !v.CanIterateElements() {
		return nil
	}
	var faults []error
	for key, element := range v.Elements() {
		switch {
		case is.IsObjectType() && key.Type() == cty.String:
			attributes, name := is.AttributeTypes(), key.AsString()
			if of, has := attributes[name]; has {
				faults = append(faults, inside(where, path+"."+name, element, of)...)
			} else {
				faults = append(faults, unknown(where, "attribute of "+path, name, slices.Sorted(maps.Keys(attributes))))
			}
		case is.IsCollectionType():
			at := path
			if key.Type() == cty.String && is.IsMapType() {
				at += "." + key.AsString()
			}
			faults = append(faults, inside(where, at, element, is.ElementType())...)
		}
	}
	return faults
}

// keyed checks the keys of a map whose keys are names of something.
func keyed(where, name string, v cty.Value, right []string) []error {
	if right == nil || v.IsNull() || !v.CanIterateElements() {
		return nil
	}
	var faults []error
	for key := range v.Elements() {
		if key.Type() == cty.String && !slices.Contains(right, key.AsString()) {
			faults = append(faults, unknown(where, "key of "+name, key.AsString(), right))
		}
	}
	return faults
}

func unknown(where, what, name string, right []string) error {
	return fmt.Errorf("%s: %q is no %s: did you mean %q? There are %s",
		where, name, what, Nearest(name, right), strings.Join(right, ", "))
}

// Nearest returns the one of the names that is spelled most like the name.
func Nearest(name string, names []string) string {
	if len(names) == 0 {
		return ""
	}
	return slices.MinFunc(names, func(a, b string) int {
		return cmp.Compare(levenshtein.Distance(name, a, nil), levenshtein.Distance(name, b, nil))
	})
}

// Operator is who the pages about deleting an account name: a value of the variable operator.
type Operator struct {
	Name    string `json:"name,omitempty"`
	Contact string `json:"contact,omitempty"`
}

// ParseOperator returns the operator of a text: a name, with the contact behind its last comma.
func ParseOperator(text string) *Operator {
	name, contact := text, ""
	if at := strings.LastIndex(text, ","); at >= 0 {
		name, contact = text[:at], text[at+1:]
	}
	return &Operator{Name: strings.TrimSpace(name), Contact: strings.TrimSpace(contact)}
}
