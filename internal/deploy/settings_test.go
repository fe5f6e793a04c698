package deploy

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bufio"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"
)

// withTfvars is a terraform/ folder with the tfvars of dev.
func withTfvars(t *testing.T, tfvars string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "environments"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(environmentFile(dir, "dev"), []byte(tfvars), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestComplete(t *testing.T) {
	t.Parallel()
	t.Run("asks once and keeps the answers", func(t *testing.T) {
		t.Parallel()
		dir := withTfvars(t, "environment = \"dev\"\n")
		term, out := typing("facescan-dev\n\napi.example.com\nAIza\na@example.com, b@example.com\nEx, Ltd, h@ex.com\n")
		files, project, err := complete(t.Context(), term, dir, options{env: "dev"}, everyVariable...)
		if err != nil || project != "facescan-dev" {
			t.Fatalf("project %q, %v; asked %s", project, err, out)
		}
		if diff := cmp.Diff([]string{environmentFile(dir, "dev"), keptFile(dir, "dev")}, files); diff != "" {
			t.Error(diff)
		}
		if kept := string(read(t, keptFile(dir, "dev"))); !strings.Contains(kept, `"b@example.com"`) {
			t.Error(kept)
		}
		for _, want := range []string{`"name": "Ex, Ltd"`, `"contact": "h@ex.com"`} {
			if kept := string(read(t, keptFile(dir, "dev"))); !strings.Contains(kept, want) {
				t.Errorf("no %s in %s", want, kept)
			}
		}
		silent, _ := typing("")
		again, project, err := complete(t.Context(), silent, dir, options{env: "dev"}, everyVariable...)
		if err != nil || project != "facescan-dev" || !cmp.Equal(files, again) {
			t.Errorf("the second time: %v %q %v", again, project, err)
		}
	})
	t.Run("asks for nothing that a file of variables says", func(t *testing.T) {
		t.Parallel()
		dir := withTfvars(t, "environment = \"dev\"\n")
		file := filepath.Join(dir, "ci.tfvars")
		content := "project_id       = \"facescan-ci\"\ndomain = \"a.b\"\nfirebase_api_key=\"k\"\nalert_emails = " +
			"[\"a@b.c\"]\nregion = \"europe-west4\"\n"
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		silent, _ := typing("")
		files, project, err := complete(
			t.Context(), silent, dir, options{env: "dev", yes: true, varFiles: []string{file}}, everyVariable...,
		)
		if err != nil || project != "facescan-ci" || !cmp.Equal(files, []string{environmentFile(dir, "dev"), file}) {
			t.Errorf("%v %q %v", files, project, err)
		}
	})
	t.Run("names no operator where the answer is empty, and asks no more", func(t *testing.T) {
		t.Parallel()
		dir := withTfvars(t, "")
		term, _ := typing("\n")
		if _, _, err := complete(t.Context(), term, dir, options{env: "dev"}, "operator"); err != nil {
			t.Fatal(err)
		}
		if kept := string(read(t, keptFile(dir, "dev"))); !strings.Contains(kept, `"operator": {}`) {
			t.Error(kept)
		}
		silent, _ := typing("")
		if _, _, err := complete(t.Context(), silent, dir, options{env: "dev"}, "operator"); err != nil {
			t.Error(err)
		}
	})
	t.Run("takes the project of the command line", func(t *testing.T) {
		t.Parallel()
		dir := withTfvars(t, "")
		silent, _ := typing("")
		_, project, err := complete(
			t.Context(), silent, dir, options{env: "dev", project: "facescan-flag", yes: true}, "project_id",
		)
		if err != nil || project != "facescan-flag" {
			t.Errorf("%q %v", project, err)
		}
		_, _, err = complete(
			t.Context(), silent, dir, options{env: "dev", project: "facescan-other", yes: true}, "project_id",
		)
		if err == nil || !strings.Contains(err.Error(), "facescan-flag") {
			t.Errorf("another project under the same environment: %v", err)
		}
	})
	for name, tt := range map[string]struct {
		yes   bool
		typed string
		want  string
	}{
		"fails with -yes where it would ask": {true, "", "-yes asks no questions"},
		"takes no empty answer":              {false, "\n", "is needed"},
		"fails where the input ends":         {false, "", "read the answer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			term, _ := typing(tt.typed)
			_, _, err := complete(t.Context(), term, withTfvars(t, ""), options{env: "dev", yes: tt.yes}, everyVariable...)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("err = %v, want %q in it", err, tt.want)
			}
		})
	}
}

func TestCheckValues(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		values map[string]cty.Value
		want   string
	}{
		"nothing said":               {nil, ""},
		"the environment's own":      {map[string]cty.Value{"environment": cty.StringVal("dev")}, ""},
		"a copy of another's file":   {map[string]cty.Value{"environment": cty.StringVal("prod")}, `environment = "prod"`},
		"a region of two words":      {map[string]cty.Value{"region": cty.StringVal("us-east1")}, ""},
		"a multi-region":             {map[string]cty.Value{"region": cty.StringVal("us")}, `region = "us"`},
		"the multi-region eur3":      {map[string]cty.Value{"region": cty.StringVal("eur3")}, `region = "eur3"`},
		"a zone instead of a region": {map[string]cty.Value{"region": cty.StringVal("europe-west1-b")}, "is no region"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := (&cloud{env: "dev", values: tt.values}).checkValues()
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("err = %v", err)
			}
		})
	}
}

func TestLoad_refusesNamesThatThereAreNot(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ tfvars, want string }{
		"an operation":                    {`app_check_routes = { "POST /v1/coahc" = "enforce" }`, `"POST /v1/coach"`},
		"an operation that asks for none": {`app_check_routes = { "POST /v1/auth/login" = "enforce" }`, "is no key"},
		"a secret with an underscore":     {`secret_versions = { smtp_password = "2" }`, `"smtp-password"`},
		"a function":                      {`scaling = { anlyze = {} }`, `"analyze"`},
		"the right ones":                  {`app_check_routes = { "POST /v1/coach" = "enforce" }`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := environmentFile(withTfvars(t, tt.tfvars), "dev")
			c := &cloud{env: "dev", dir: filepath.Join("..", "..", "terraform"), files: []string{file}}
			err := c.load()
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("err = %v", err)
			}
		})
	}
}

func TestGivenReadsBothLanguages(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	hcl, js := filepath.Join(dir, "a.tfvars"), filepath.Join(dir, "b.tfvars.json")
	for file, content := range map[string]string{
		hcl: "# project_id = \"commented\"\nproject_id = \"one\"\nscaling = {\n  analyze = { max_instances = 5 " +
			"}\n}\nregion   = \"europe-west4\"\n",
		js: `{"project_id": "two", "alert_emails": ["a@b.c"]}`,
	} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := given([]string{hcl, js})
	if err != nil {
		t.Fatal(err)
	}
	if got["project_id"] != "two" || got["region"] != "europe-west4" {
		t.Errorf("%v", got)
	}
	if _, there := got["alert_emails"]; !there {
		t.Errorf("%v says nothing of alert_emails", got)
	}
}

func TestRememberOverwritesNothingWithNothing(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "dev.auto.tfvars.json")
	for _, s := range []answered{{Project: "p", Domain: "a.b"}, {FirebaseAPIKey: "k"}} {
		if err := remember(file, s); err != nil {
			t.Fatal(err)
		}
	}
	got, err := given([]string{file})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"project_id": "p", "domain": "a.b", "firebase_api_key": "k"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestAgree(t *testing.T) {
	t.Parallel()
	lost := summary{destroys: []change{{address: "google_firestore_database.this", kind: "google_firestore_database"}}}
	harmless := summary{creates: []change{{address: "google_pubsub_topic.a", kind: "google_pubsub_topic"}}}
	for name, tt := range map[string]struct {
		typed string
		yes   bool
		plan  summary
		want  error
	}{
		"yes applies what harms nothing":          {"yes\n", false, harmless, nil},
		"anything else does not":                  {"y\n", false, harmless, errRefused},
		"-yes applies what harms nothing":         {"", true, harmless, nil},
		"-yes never loses data":                   {"", true, lost, errLoss},
		"yes is not enough to lose data":          {"yes\n", false, lost, errRefused},
		"the project's id is, typed by a person":  {"facescan-dev\n", false, lost, nil},
		"another project's is not, nor is a typo": {"facescan-prod\n", false, lost, errRefused},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			term, _ := typing(tt.typed)
			c := &cloud{project: "facescan-dev", terminal: term, yes: tt.yes}
			if err := c.agree(t.Context(), tt.plan); !errors.Is(err, tt.want) {
				t.Errorf("err = %v, want %v", err, tt.want)
			}
		})
	}
}

func TestQuestion_endsWithTheContext(t *testing.T) {
	t.Parallel()
	never, write := io.Pipe()
	defer write.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	term := &terminal{in: bufio.NewReader(never), out: io.Discard, tty: -1}
	if _, err := term.line(ctx, "? "); !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v", err)
	}
}
