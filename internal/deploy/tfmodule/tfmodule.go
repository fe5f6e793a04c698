// Package tfmodule reads the variables and outputs of a Terraform module, and writes from them what
// repeats them: the root that calls the module with all of its variables, and the tables in its
// README.
package tfmodule

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
)

// Module has the declarations of a module, each list sorted by name.
type Module struct {
	Variables, Outputs []Declaration
}

// Declaration is a variable or an output.
type Declaration struct {
	Name, Description string
	// Type is a variable's type in Terraform's language, "" for an output.
	Type string
	// Default is a variable's default in Terraform's language, "" where a value has to be given.
	Default string
}

// Read reads the files variables.tf and outputs.tf in dir. A file that is absent declares nothing.
func Read(dir string) (Module, error) {
	variables, err := declarations(filepath.Join(dir, "variables.tf"), "variable")
	if err != nil {
		return Module{}, err
	}
	outputs, err := declarations(filepath.Join(dir, "outputs.tf"), "output")
	return Module{variables, outputs}, err
}

func declarations(file, kind string) ([]Declaration, error) {
	source, err := os.ReadFile(file) //nolint:gosec // of the repository
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	parsed, diagnostics := hclsyntax.ParseConfig(source, file, hcl.InitialPos)
	if diagnostics.HasErrors() {
		return nil, fmt.Errorf("read %s: %w", file, diagnostics)
	}
	body, is := parsed.Body.(*hclsyntax.Body)
	if !is {
		return nil, fmt.Errorf("read %s: no body in Terraform's native syntax", file)
	}
	var all []Declaration
	for _, block := range body.Blocks {
		if block.Type != kind || len(block.Labels) != 1 {
			continue
		}
		text := func(name string) string {
			attribute, has := block.Body.Attributes[name]
			if !has {
				return ""
			}
			return string(attribute.Expr.Range().SliceBytes(source))
		}
		description, err := literal(block.Body.Attributes["description"])
		if err != nil {
			return nil, fmt.Errorf("read %s: description of %s: %w", file, block.Labels[0], err)
		}
		all = append(all, Declaration{block.Labels[0], description, text("type"), text("default")})
	}
	slices.SortFunc(all, func(a, b Declaration) int { return cmp.Compare(a.Name, b.Name) })
	return all, nil
}

// literal returns the text of a quoted attribute.
func literal(attribute *hclsyntax.Attribute) (string, error) {
	if attribute == nil {
		return "", nil
	}
	value, diagnostics := attribute.Expr.Value(nil)
	if diagnostics.HasErrors() {
		return "", diagnostics
	}
	if value.IsNull() || value.Type() != cty.String {
		return "", errors.New("it is no text")
	}
	return value.AsString(), nil
}

// Tables returns the module's inputs and outputs as tables of Markdown.
func (m Module) Tables() string {
	var b strings.Builder
	b.WriteString("| input | type | default | what |\n| --- | --- | --- | --- |\n")
	for _, v := range m.Variables {
		fallback := "required"
		if v.Default != "" {
			fallback = code(v.Default)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", v.Name, code(v.Type), fallback, cell(v.Description))
	}
	b.WriteString("\n| output | what |\n| --- | --- |\n")
	for _, o := range m.Outputs {
		fmt.Fprintf(&b, "| `%s` | %s |\n", o.Name, cell(o.Description))
	}
	return b.String()
}

func code(text string) string { return "`" + cell(strings.Join(strings.Fields(text), " ")) + "`" }

func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

// Caller returns the files of a root that calls the module under the name with every variable and
// hands on every output: variables.tf, main.tf and outputs.tf. The module validates the values.
func (m Module) Caller(name, source, header string) map[string][]byte {
	var variables, call, outputs bytes.Buffer
	fmt.Fprintf(&call, "module %q {\n  source = %q\n\n", name, source)
	for _, v := range m.Variables {
		fmt.Fprintf(
			&variables, "variable %q {\n  description = %s\n  type = %s\n", v.Name, quoted(v.Description), v.Type,
		)
		if v.Default != "" {
			fmt.Fprintf(&variables, "  default = %s\n", v.Default)
		}
		variables.WriteString("}\n\n")
		fmt.Fprintf(&call, "  %s = var.%s\n", v.Name, v.Name)
	}
	call.WriteString("}\n")
	for _, o := range m.Outputs {
		fmt.Fprintf(&outputs, "output %q {\n  description = %s\n", o.Name, quoted(o.Description))
		fmt.Fprintf(&outputs, "  value = module.%s.%s\n}\n\n", name, o.Name)
	}
	files := map[string][]byte{}
	for file, text := range map[string]*bytes.Buffer{
		"variables.tf": &variables, "main.tf": &call, "outputs.tf": &outputs,
	} {
		files[file] = append([]byte(header), hclwrite.Format(append(bytes.TrimRight(text.Bytes(), "\n"), '\n'))...)
	}
	return files
}

// quoted returns the text as a literal of Terraform's language.
func quoted(text string) string {
	return string(hclwrite.TokensForValue(cty.StringVal(text)).Bytes())
}
