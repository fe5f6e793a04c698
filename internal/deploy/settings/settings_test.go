package settings_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/facescan/facescan/internal/deploy/settings"
)

const variables = `
variable "project_id" { type = string }
variable "region" {
  type    = string
  default = "europe-west1"
}
variable "scaling" {
  type = map(object({
    min_instances = optional(number, 0)
    max_instances = optional(number, 20)
  }))
  default = {}
}
variable "mail" {
  type = object({
    server = string
    from   = string
  })
}
variable "labels" { type = map(string) }
variable "anything" {}
`

func write(t *testing.T, name, content string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestCheck(t *testing.T) {
	t.Parallel()
	declared, err := settings.Declared(filepath.Dir(write(t, "variables.tf", variables)))
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string][]string{"scaling": {"analyze", "scans"}}
	for name, tt := range map[string]struct {
		file, content string
		want          []string
	}{
		"right names": {"a.tfvars", `
			project_id = "p"
			scaling    = { analyze = { max_instances = 5 } }
			mail       = { server = "a:1", from = "b" }
			labels     = { team = "x" }
			anything   = { goes = 1 }`, nil},
		"a variable that there is not": {
			"a.tfvars", `regoin = "europe-west4"`,
			[]string{`a.tfvars:1: "regoin" is no variable`, `did you mean "region"?`, "anything, labels, mail"},
		},
		"an attribute that there is not": {
			"a.tfvars", "\nmail = { server = \"a:1\", form = \"b\" }",
			[]string{`a.tfvars:2: "form" is no attribute of mail`, `did you mean "from"?`, "There are from, server"},
		},
		"one in a map of objects": {
			"a.tfvars", `scaling = { analyze = { max_instance = 5 } }`,
			[]string{`"max_instance" is no attribute of scaling.analyze`, `did you mean "max_instances"?`},
		},
		"a key that names nothing": {
			"a.tfvars", `scaling = { analyse = { max_instances = 5 } }`,
			[]string{`"analyse" is no key of scaling`, `did you mean "analyze"?`},
		},
		"in JSON, too, and all of them": {
			"a.tfvars.json", `{"scaling": {"scan": {"min": 1}}, "lables": {}}`,
			[]string{`"lables" is no variable`, `"min" is no attribute of scaling.scan`, `"scan" is no key of scaling`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := declared.Check([]string{write(t, tt.file, tt.content)}, keys)
			if (err == nil) != (tt.want == nil) || err != nil && !errors.Is(err, settings.ErrName) {
				t.Fatalf("err = %v", err)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("err = %v, want %q in it", err, want)
				}
			}
		})
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	values, err := settings.Read(
		write(t, "a.tfvars", "# project_id = \"commented\"\nproject_id = \"one\" # a comment\nregion=\"r\"\n"+
			"labels = {\n  project_id = \"inner\"\n}\n"),
		write(t, "b.tfvars.json", `{"project_id": "two", "alert_emails": ["a@b.c"]}`),
	)
	if err != nil {
		t.Fatal(err)
	}
	if got := settings.Text(values["project_id"]); got != "two" {
		t.Errorf("the later file does not win: %q", got)
	}
	if got := settings.Text(values["region"]); got != "r" {
		t.Errorf("region = %q", got)
	}
	if _, said := values["alert_emails"]; !said || settings.Text(values["alert_emails"]) != "" {
		t.Error("a list is a text, or not there")
	}
	if _, err := settings.Read(write(t, "c.tfvars", "a = [")); err == nil {
		t.Error("it reads what is no HCL")
	}
}
