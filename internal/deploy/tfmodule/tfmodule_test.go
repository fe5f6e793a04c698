package tfmodule_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/deploy/tfmodule"
)

// module writes the files of a module and reads it.
func module(t *testing.T, files map[string]string) (tfmodule.Module, error) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return tfmodule.Read(dir)
}

const variables = `
variable "size" {
  description = "Size, \"small\" | \"large\"."
  type = object({
    cpu = optional(number, 1)
  })
  default = {}

  validation {
    condition     = var.size.cpu > 0
    error_message = "None."
  }
}

variable "name" {
  description = "Name."
  type        = string
}

locals {
  twice = "${var.name}${var.name}"
}
`

const outputs = `
output "url" {
  description = "Address."
  value       = local.twice
}
`

func TestRead(t *testing.T) {
	t.Parallel()
	got, err := module(t, map[string]string{"variables.tf": variables, "outputs.tf": outputs})
	if err != nil {
		t.Fatal(err)
	}
	want := tfmodule.Module{
		Variables: []tfmodule.Declaration{
			{Name: "name", Description: "Name.", Type: "string"},
			{
				Name: "size", Description: `Size, "small" | "large".`, Default: "{}",
				Type: "object({\n    cpu = optional(number, 1)\n  })",
			},
		},
		Outputs: []tfmodule.Declaration{{Name: "url", Description: "Address."}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for name, files := range map[string]map[string]string{
		"what is no Terraform":              {"variables.tf": "variable {"},
		"a description that is no literal":  {"variables.tf": `variable "a" { description = var.b }`},
		"outputs that are no Terraform":     {"variables.tf": "", "outputs.tf": "}"},
		"a description that is no text":     {"variables.tf": `variable "a" { description = 5 }`},
		"a description that is null":        {"variables.tf": `variable "a" { description = null }`},
		"a description of several literals": {"variables.tf": `variable "a" { description = ["a"] }`},
	} {
		t.Run("refuses "+name, func(t *testing.T) {
			t.Parallel()
			if got, err := module(t, files); err == nil {
				t.Errorf("read %+v", got)
			}
		})
	}
	if got, err := module(t, nil); err != nil || len(got.Variables)+len(got.Outputs) > 0 {
		t.Errorf("an empty module declares %+v, %v", got, err)
	}
}

func TestTables(t *testing.T) {
	t.Parallel()
	m, err := module(t, map[string]string{"variables.tf": variables, "outputs.tf": outputs})
	if err != nil {
		t.Fatal(err)
	}
	want := "| input | type | default | what |\n| --- | --- | --- | --- |\n" +
		"| `name` | `string` | required | Name. |\n" +
		"| `size` | `object({ cpu = optional(number, 1) })` | `{}` | Size, \"small\" \\| \"large\". |\n" +
		"\n| output | what |\n| --- | --- |\n| `url` | Address. |\n"
	if diff := cmp.Diff(want, m.Tables()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A caller's own declarations are the module's, without its validations.
func TestCaller(t *testing.T) {
	t.Parallel()
	m, err := module(t, map[string]string{"variables.tf": variables, "outputs.tf": outputs})
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for name, text := range m.Caller("part", "./modules/part", "# Written.\n\n") {
		files[name] = string(text)
	}
	again, err := module(t, files)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(m, again); diff != "" {
		t.Errorf("the caller declares (-module +caller):\n%s", diff)
	}
	want := "# Written.\n\nmodule \"part\" {\n  source = \"./modules/part\"\n\n  name = var.name\n  size = var.size\n}\n"
	if diff := cmp.Diff(want, files["main.tf"]); diff != "" {
		t.Errorf("main.tf (-want +got):\n%s", diff)
	}
	if strings.Contains(files["variables.tf"], "validation") || !strings.Contains(files["outputs.tf"], "module.part.url") {
		t.Errorf("variables:\n%s\noutputs:\n%s", files["variables.tf"], files["outputs.tf"])
	}
}
