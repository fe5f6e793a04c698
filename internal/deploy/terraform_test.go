package deploy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-exec/tfexec"
)

// stoppedEarly is like the error of tfexec for a command that is stopped while it is started.
type stoppedEarly struct{ err error }

func (e stoppedEarly) Error() string      { return e.err.Error() }
func (stoppedEarly) Is(target error) bool { return target == context.Canceled }

func TestExplain(t *testing.T) {
	t.Parallel()
	const locked = `terraform plan:
Error acquiring the state lock
Error message: writing failed: conditionNotMet
Lock Info:
  ID:        1711700000000000
  Path:      gs://p-facescan-state/facescan/default.tflock
  Operation: OperationTypeApply
  Who:       ada@laptop
  Version:   1.11.4
  Created:   2026-11-22 02:00:00 UTC
  Info:
exit status 1`
	for name, tt := range map[string]struct {
		err  error
		want string
	}{
		"who holds the lock, and how to give it back": {
			errors.New(locked), "ada@laptop, since 2026-11-22 02:00:00 UTC (OperationTypeApply)",
		},
		"the command that gives the lock back": {errors.New(locked), "force-unlock 1711700000000000"},
		"a lock without a holder":              {errors.New("Error acquiring the state lock: 503"), "another run holds"},
		"a stop":                               {fmt.Errorf("apply: %w", context.Canceled), "goes on from there"},
		"a stop as terraform starts":           {stoppedEarly{}, "goes on from there"},
		"no state bucket":                      {errors.New("init: storage: bucket doesn't exist"), "make bootstrap"},
		"nobody signed in":                     {errors.New("could not find default credentials"), "gcloud auth"},
		"anything else as it is":               {errors.New("anything else"), "anything else"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := explain(tt.err); !strings.Contains(got, tt.want) {
				t.Errorf("explained as %q, want %q in it", got, tt.want)
			}
		})
	}
}

func TestPrintOutputs(t *testing.T) {
	t.Parallel()
	outputs := map[string]tfexec.OutputMeta{
		"api_url": {Value: json.RawMessage(`"https://a.b"`)}, "services": {Value: json.RawMessage(`{"scan":"s"}`)},
	}
	for name, tt := range map[string]struct {
		outputs map[string]tfexec.OutputMeta
		json    bool
		want    string
	}{
		"for people": {outputs, false, "api_url              https://a.b\nservices             {\"scan\":\"s\"}\n"},
		"in JSON": {
			outputs, true, "{\n  \"api_url\": \"https://a.b\",\n  \"services\": {\n    \"scan\": \"s\"\n  }\n}\n",
		},
		"of nothing": {nil, false, "Nothing was applied yet.\n"},
		"of no JSON": {nil, true, "{}\n"},
		"of a bare one": {
			map[string]tfexec.OutputMeta{"n": {Value: json.RawMessage(`1`)}}, false, "n                    1\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			if err := printOutputs(&out, tt.outputs, tt.json); err != nil || out.String() != tt.want {
				t.Errorf("printed %q (%v), want %q", &out, err, tt.want)
			}
		})
	}
}

func TestOldestTerraform_isWhatTheFilesAsk(t *testing.T) {
	t.Parallel()
	for _, root := range []string{"", "bootstrap", "firebase"} {
		content := read(t, filepath.Join("..", "..", "terraform", root, "versions.tf"))
		if !regexp.MustCompile(`required_version = ">= ` + regexp.QuoteMeta(oldestTerraform) + `"`).Match(content) {
			t.Errorf("terraform/%s/versions.tf asks for another version than %s", root, oldestTerraform)
		}
	}
}
