package deploy

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// settings are the variables without a default: they differ by project, so no file of the
// repository holds them. The operator is asked once, and environments/ENV.auto.tfvars.json, which
// git ignores, keeps them. What the operator would rather write, and may say more, is
// environments/ENV.auto.tfvars.
type settings struct {
	Project        string   `json:"project_id,omitempty"`
	Domain         string   `json:"domain,omitempty"`
	FirebaseAPIKey string   `json:"firebase_api_key,omitempty"`
	AlertEmails    []string `json:"alert_emails,omitempty"`
}

// questions are asked in this order, for what no file says.
var questions = []struct {
	variable, question string
	set                func(*settings, string)
}{
	{"project_id", "Google Cloud project's id: ", func(s *settings, v string) { s.Project = v }},
	{"domain", "Host name of the API, such as api.example.com: ", func(s *settings, v string) { s.Domain = v }},
	{
		"firebase_api_key", "Web API key of Firebase (`deploy bootstrap` finds it): ",
		func(s *settings, v string) { s.FirebaseAPIKey = v },
	},
	{"alert_emails", "E-mail addresses for alerts, with commas between: ", func(s *settings, v string) {
		for address := range strings.SplitSeq(v, ",") {
			s.AlertEmails = append(s.AlertEmails, strings.TrimSpace(address))
		}
	}},
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

// given returns the texts that the files give the variables, "" where it is no text. The later file
// wins, as with Terraform. It reads what an operator writes, `name = "text"` or JSON, and not all
// of Terraform's language.
func given(files []string) (map[string]string, error) {
	all := map[string]string{}
	for _, file := range files {
		content, err := os.ReadFile(file) //nolint:gosec // the operator names it
		if err != nil {
			return nil, err
		}
		said, err := assignments(file, content)
		if err != nil {
			return nil, err
		}
		maps.Copy(all, said)
	}
	return all, nil
}

var assignment = regexp.MustCompile(`(?m)^([a-z_]+)[ \t]*=[ \t]*(?:"([^"]*)")?`)

func assignments(file string, content []byte) (map[string]string, error) {
	all := map[string]string{}
	if !strings.HasSuffix(file, ".json") {
		for _, found := range assignment.FindAllStringSubmatch(string(content), -1) {
			all[found[1]] = found[2]
		}
		return all, nil
	}
	var values map[string]any
	if err := json.Unmarshal(content, &values); err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	for name, value := range values {
		all[name], _ = value.(string)
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
			o.project, o.env,
			said["project_id"], keptFile(dir, o.env),
		)
	}
	answers, err := ask(ctx, t, o, said, wanted)
	if err != nil {
		return nil, "", err
	}
	if answers != nil {
		if err := remember(keptFile(dir, o.env), *answers); err != nil {
			return nil, "", err
		}
		if answers.Project != "" {
			said["project_id"] = answers.Project
		}
	}
	return variableFiles(dir, o), said["project_id"], nil
}

// ask asks for the settings that are wanted and not given. It returns nil if there is nothing to
// keep.
func ask(ctx context.Context, t *terminal, o options, said map[string]string, wanted []string) (*settings, error) {
	var answers *settings
	for _, q := range questions {
		_, known := said[q.variable]
		if known || !contains(wanted, q.variable) {
			continue
		}
		if answers == nil {
			answers = new(settings)
		}
		if q.variable == "project_id" && o.project != "" {
			answers.Project = o.project
			continue
		}
		if o.yes {
			return nil, fmt.Errorf("no file sets %s: give one with -var-file, since -yes asks no questions", q.variable)
		}
		answer, err := t.line(ctx, q.question)
		if err != nil {
			return nil, fmt.Errorf("ask for %s: %w", q.variable, err)
		}
		if answer == "" {
			return nil, fmt.Errorf("%s is needed: give it here or by -var-file", q.variable)
		}
		q.set(answers, answer)
	}
	return answers, nil
}
