package deploy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-exec/tfexec"
)

func TestProgress(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	p := &progress{out: &out, total: 3}
	w := p.writer()
	said := []string{
		`{"type":"version","@message":"Terraform 1.11.4"}`,
		`{"type":"apply_start","hook":{"resource":{"addr":"a.b"},"action":"create"}}`,
		`{"type":"apply_progress","hook":{"resource":{"addr":"a.b"},"elapsed_seconds":10}}`,
		`{"type":"apply_progress","hook":{"resource":{"addr":"a.b"},"elapsed_seconds":60}}`,
		`{"type":"apply_complete","hook":{"resource":{"addr":"a.b"},"action":"create","elapsed_seconds":61}}`,
		`{"type":"apply_complete","hook":{"resource":{"addr":"data.c"},"action":"read","elapsed_seconds":0}}`,
		`{"type":"diagnostic","diagnostic":{"severity":"warning","summary":"Old"}}`,
		`{"type":"apply_errored","hook":{"resource":{"addr":"d.e"},"action":"update"}}`,
		`{"type":"diagnostic","diagnostic":{"severity":"error","summary":"No","detail":"Quota.","address":"d.e"}}`,
		`{"type":"diagnostic","diagnostic":{"severity":"error","summary":"No","detail":"Quota.","address":"d.e"}}`,
		`not JSON`,
	}
	all := strings.Join(said, "\n") + "\n"
	for i := 0; i < len(all); i += 7 { // pipes cut where they like
		fmt.Fprint(w, all[i:min(i+7, len(all))])
	}
	want := "  [  0/3] still at  a.b (60 s)\n  [  1/3] created   a.b (61 s)\n  warning: Old\n  [  1/3] FAILED    d.e\n"
	if out.String() != want {
		t.Errorf("told\n%s\nwant\n%s", &out, want)
	}
	cause := errors.New("exit status 1")
	if err := p.wrap("apply", cause); !errors.Is(err, cause) || strings.Count(err.Error(), "d.e: No\nQuota.") != 1 {
		t.Errorf("err = %v", err)
	}
	if err := p.wrap("apply", nil); err != nil {
		t.Errorf("err = %v where all went well", err)
	}
}

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
		"no state bucket":                      {errors.New("init: storage: bucket doesn't exist"), "deploy bootstrap"},
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

// interrupted is a terraform that notes how it ends; it answers `version` as tfexec asks first.
const interrupted = `#!/bin/sh
case "$1" in
version) echo '{"terraform_version":"1.11.4","provider_selections":{}}'; exit 0 ;;
esac
trap 'echo interrupted >> "$NOTE"; sleep 0.2; echo state written >> "$NOTE"; exit 1' INT
echo started >> "$NOTE"
echo '{}'
i=0
while [ $i -lt 200 ]; do sleep 0.05; i=$((i+1)); done
`

func TestStopLetsTerraformFinish(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	binary, note := filepath.Join(dir, "terraform"), filepath.Join(dir, "note")
	if err := os.WriteFile(binary, []byte(interrupted), 0o700); err != nil {
		t.Fatal(err)
	}
	tf, err := tfexec.NewTerraform(dir, binary)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(
		tf.SetEnv(map[string]string{"NOTE": note, "PATH": os.Getenv("PATH")}), tf.SetWaitDelay(stopTimeout),
	); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	// A stop before tfexec reads the output would not wait for the process: only a line of output
	// shows that it does, and the note may be written before that.
	err = tf.ApplyJSON(ctx, &lines{do: func(string) { cancel() }})
	if !strings.Contains(explain(err), "goes on from there") {
		t.Errorf("it ended as %q", explain(err))
	}
	if got := string(read(t, note)); got != "started\ninterrupted\nstate written\n" {
		t.Errorf("terraform noted %q", got)
	}
}
