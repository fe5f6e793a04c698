package deploy

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/facescan/facescan/internal/deploy/settings"
)

// answered are the variables without a default: they differ by project, so no file of the
// repository holds them. The operator is asked once, and environments/ENV.auto.tfvars.json, which
// git ignores, keeps them. What the operator would rather write, and may say more, is
// environments/ENV.auto.tfvars.
type answered struct {
	Project        string   `json:"project_id,omitempty"`
	Region         string   `json:"region,omitempty"`
	Domain         string   `json:"domain,omitempty"`
	FirebaseAPIKey string   `json:"firebase_api_key,omitempty"`
	AlertEmails    []string `json:"alert_emails,omitempty"`
	// Operator is empty, and not nil, for one who is not to be named.
	Operator *settings.Operator `json:"operator,omitempty"`
}

// questions are asked in this order, for what no file says.
var questions = []struct {
	variable, question string
	set                func(*answered, string)
	// optional is whether the answer may be empty, and -yes leaves the question out.
	optional bool
}{
	{"project_id", "Google Cloud project's id: ", func(s *answered, v string) { s.Project = v }, false},
	{
		"region", "Region of everything, which can never be changed (" + defaultRegion + "): ",
		func(s *answered, v string) { s.Region = cmp.Or(v, defaultRegion) }, false,
	},
	{"domain", "Host name of the API, such as api.example.com: ", func(s *answered, v string) { s.Domain = v }, false},
	{
		"firebase_api_key", "Web API key of Firebase (`deploy bootstrap` finds it): ",
		func(s *answered, v string) { s.FirebaseAPIKey = v }, false,
	},
	{
		"alert_emails", "E-mail addresses for alerts, with commas between: ",
		func(s *answered, v string) { s.AlertEmails = strings.Split(strings.ReplaceAll(v, " ", ""), ",") }, false,
	},
	{
		"operator", "Who answers to users, such as Example Ltd, help@example.com (empty names nobody): ",
		func(s *answered, v string) { s.Operator = settings.ParseOperator(v) }, true,
	},
}

// keptFile holds the answers, writtenFile what the operator wrote.
func keptFile(dir, env string) string {
	return filepath.Join(dir, "environments", env+".auto.tfvars.json")
}

func writtenFile(dir, env string) string {
	return filepath.Join(dir, "environments", env+".auto.tfvars")
}

func environmentFile(dir, env string) string {
	return filepath.Join(dir, "environments", env+".tfvars")
}

// environments returns the names of the environments that there are, from environments/NAME.tfvars.
func environments(dir string) []string {
	files, _ := filepath.Glob(filepath.Join(dir, "environments", "*.tfvars")) // the pattern is well-formed
	var names []string
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".tfvars")
		if !strings.HasSuffix(name, ".auto") {
			names = append(names, name)
		}
	}
	return names
}

// given returns the texts that the files give the variables, "" where it is no text.
func given(files []string) (map[string]string, error) {
	values, err := settings.Read(files...)
	if err != nil {
		return nil, err
	}
	all := map[string]string{}
	for name, v := range values {
		all[name] = settings.Text(v)
	}
	return all, nil
}

// variableFiles returns the files of variables that there are, the later wins.
func variableFiles(dir string, o options) []string {
	files := []string{environmentFile(dir, o.env)}
	for _, file := range []string{keptFile(dir, o.env), writtenFile(dir, o.env)} {
		if _, err := os.Stat(file); err == nil {
			files = append(files, file)
		}
	}
	return append(files, o.varFiles...)
}

// complete returns the variable files to give Terraform and the project's id. What they do not say
// is asked and kept; wanted are the variables that matter.
func complete(
	ctx context.Context, t *terminal, dir string, o options, wanted ...string,
) (files []string, project string, err error) {
	said, err := given(variableFiles(dir, o))
	if err != nil {
		return nil, "", err
	}
	if o.project != "" && said["project_id"] != "" && said["project_id"] != o.project {
		return nil, "", fmt.Errorf(
			"-project %s, but the files for %s say %s: another project is another environment, or change %s",
			o.project, o.env, said["project_id"], keptFile(dir, o.env),
		)
	}
	got, err := ask(ctx, t, o, said, wanted)
	if err != nil {
		return nil, "", err
	}
	if got != nil {
		if err := remember(keptFile(dir, o.env), *got); err != nil {
			return nil, "", err
		}
		said["project_id"] = cmp.Or(got.Project, said["project_id"])
	}
	return variableFiles(dir, o), said["project_id"], nil
}

// ask asks for the settings that are wanted and not given. It returns nil if there is nothing to
// keep.
func ask(ctx context.Context, t *terminal, o options, said map[string]string, wanted []string) (*answered, error) {
	var got *answered
	for _, q := range questions {
		if _, known := said[q.variable]; known || !slices.Contains(wanted, q.variable) || q.optional && o.yes {
			continue
		}
		if got == nil {
			got = new(answered)
		}
		switch {
		case q.variable == "project_id" && o.project != "":
			got.Project = o.project
			continue
		case q.variable == "region" && o.yes:
			got.Region = defaultRegion
			continue
		case o.yes:
			return nil, fmt.Errorf("no file sets %s: give one with -var-file, since -yes asks no questions", q.variable)
		}
		answer, err := t.line(ctx, q.question)
		if err != nil {
			return nil, fmt.Errorf("ask for %s: %w", q.variable, err)
		}
		if answer == "" && q.variable != "region" && !q.optional {
			return nil, fmt.Errorf("%s is needed: give it here or by -var-file", q.variable)
		}
		q.set(got, answer)
	}
	return got, nil
}
