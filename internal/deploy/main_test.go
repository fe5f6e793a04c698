package deploy

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		args []string
		want options
		err  bool
	}{
		"an environment": {[]string{"plan", "-env", "dev"}, options{env: "dev"}, false},
		"all that apply takes": {
			[]string{"apply", "-env", "prod", "-yes", "-dry-run", "-project", "p-rod", "-plan", "x", "-probe", "a@b"},
			options{env: "prod", yes: true, dryRun: true, project: "p-rod", planFile: "x", probe: "a@b"}, false,
		},
		"deployers, more than one": {
			[]string{"bootstrap", "-env", "dev", "-deployer", "user:a", "-deployer", "user:b"},
			options{env: "dev", deployers: []string{"user:a", "user:b"}}, false,
		},
		"no environment":             {[]string{"plan"}, options{}, true},
		"any environment's name":     {[]string{"plan", "-env", "stage"}, options{env: "stage"}, false},
		"a rollback to one of two":   {[]string{"rollback", "-env", "dev", "-to", "a", "-latest"}, options{}, true},
		"destroy never goes unasked": {[]string{"destroy", "-env", "dev", "-yes"}, options{}, true},
		"a word too many":            {[]string{"plan", "-env", "dev", "now"}, options{}, true},
		"a command without options":  {[]string{"package"}, options{}, false},
		"which has none":             {[]string{"package", "-env", "dev"}, options{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := parse(tt.args[0], tt.args[1:])
			if tt.err {
				if !errors.Is(err, errUsage) {
					t.Errorf("err = %v", err)
				}
				return
			}
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(options{})); diff != "" || err != nil {
				t.Errorf("%v\n%s", err, diff)
			}
		})
	}
}

func TestVarFiles_areAbsolute(t *testing.T) {
	t.Parallel()
	o, err := parse("plan", []string{"-env", "dev", "-var-file", "a.tfvars", "-var-file", "/b.tfvars"})
	if err != nil || len(o.varFiles) != 2 || !strings.HasSuffix(
		o.varFiles[0], "/internal/deploy/a.tfvars",
	) || o.varFiles[1] != "/b.tfvars" {
		t.Errorf("%v, %v", o.varFiles, err)
	}
}

func TestEveryCommand_isInTheUsage(t *testing.T) {
	t.Parallel()
	for command := range about {
		if !strings.Contains(usage, "\n  "+command+" ") {
			t.Errorf("usage does not tell %s", command)
		}
	}
	known := []string{
		"cloud", "yes", "dry-run", "plan", "probe", "json", "deployer", "verbose", "dirty", "rollback", "rotate", "markdown",
	}
	for command, a := range about {
		for _, group := range strings.Fields(a.flags) {
			if !slices.Contains(known, group) {
				t.Errorf("%s takes options %q, which nobody declares", command, group)
			}
		}
	}
}

func TestExitCode(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		want int
		args []string
	}{
		{0, []string{"help"}}, {0, []string{"apply", "-help"}}, {2, []string{"nothing"}}, {2, []string{"apply", "-dryrun"}},
		{1, []string{"output", "-env", "dev", "-var-file", "none.tfvars"}},
	} {
		if got := Main(tt.args); got != tt.want {
			t.Errorf("deploy %v ends with %d, want %d", tt.args, got, tt.want)
		}
	}
}

func TestCheckEnvironment(t *testing.T) {
	t.Parallel()
	dir := withTfvars(t, "")
	for env, want := range map[string]bool{"dev": true, "stage": false, "dev.auto": false, "": false} {
		if err := checkEnvironment(dir, env); (err == nil) != want || err != nil && !errors.Is(err, errUsage) {
			t.Errorf("%q: %v", env, err)
		}
	}
}
