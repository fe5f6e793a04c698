package deploy

import (
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/facescan/facescan/internal/deploy/fakegcp"
	"github.com/facescan/facescan/internal/deploy/gcp"
	"github.com/facescan/facescan/internal/deploy/pack"
	"github.com/facescan/facescan/internal/deploy/release"
)

const (
	rolledProject = "facescan-rolled"
	place         = "projects/" + rolledProject + "/locations/europe-west1"
	builder       = "build@" + rolledProject + ".iam.gserviceaccount.com"
)

// rolled is a cloud on a fake that builds functions, with all of them at their first version.
type rolled struct {
	*cloud
	t    *testing.T
	fake *fakegcp.Server
	out  *strings.Builder
}

func newRolled(t *testing.T) *rolled {
	t.Helper()
	clock := new(gcp.Leaps)
	var enabled []string
	for _, api := range []string{
		"artifactregistry", "cloudbuild", "cloudfunctions", "cloudresourcemanager", "iam", "run",
	} {
		enabled = append(enabled, api+".googleapis.com")
	}
	fake, err := fakegcp.Start(t.Context(), fakegcp.Options{Project: rolledProject, Now: clock.Now, Enabled: enabled})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := fake.Close(); err != nil {
			t.Error(err)
		}
	})
	out := new(strings.Builder)
	r := &rolled{t: t, fake: fake, out: out, cloud: &cloud{
		dir: t.TempDir(), env: "dev", project: rolledProject, out: out, progress: out, dry: true, clock: clock,
		google: gcp.Offline(rolledProject, fake.Environ()), values: map[string]cty.Value{"edge_enabled": cty.False},
	}}
	r.call(gcp.Storage, http.MethodPost, "b?project="+rolledProject, map[string]any{"name": r.stateBucket()})
	r.call(gcp.Storage, http.MethodPost, "b?project="+rolledProject, map[string]any{"name": "source"})
	iam := gcp.API{Variable: "GOOGLE_IAM_BETA_CUSTOM_ENDPOINT"}
	r.call(iam, http.MethodPost, "projects/"+rolledProject+"/serviceAccounts", map[string]any{"accountId": "build"})
	images := gcp.API{Variable: "GOOGLE_ARTIFACT_REGISTRY_CUSTOM_ENDPOINT"}
	r.call(images, http.MethodPost, place+"/repositories?repositoryId=images", map[string]any{"format": "DOCKER"})
	r.grant("roles/storage.objectViewer", "roles/logging.logWriter", "roles/artifactregistry.writer")
	for _, name := range functionNames() {
		r.deploy(name, "1")
	}
	r.note("commit-1")
	return r
}

func (r *rolled) call(a gcp.API, method, path string, body any) {
	r.t.Helper()
	var op gcp.Operation
	if err := r.google.Call(r.t.Context(), a, method, path, body, &op); err != nil {
		r.t.Fatalf("%s %s: %v", method, path, err)
	}
}

// grant gives the builder the roles on the project, and lets them settle.
func (r *rolled) grant(roles ...string) {
	r.t.Helper()
	var bindings []any
	for _, role := range roles {
		bindings = append(bindings, map[string]any{"role": role, "members": []any{"serviceAccount:" + builder}})
	}
	r.call(gcp.ResourceManager, http.MethodPost, "projects/"+rolledProject+":setIamPolicy", map[string]any{
		"policy": map[string]any{"bindings": bindings},
	})
	_ = r.clock.Sleep(r.t.Context(), 10*time.Minute)
}

// deploy builds the function of a version, as Terraform's provider does.
func (r *rolled) deploy(name, version string) {
	r.t.Helper()
	object := name + "-" + version + ".zip"
	err := r.google.WriteObject(r.t.Context(), "source", object, []byte(object))
	if err != nil && !gcp.Refused(err, http.StatusPreconditionFailed) {
		r.t.Fatal(err)
	}
	body := map[string]any{
		"buildConfig": map[string]any{
			"runtime": "go126", "entryPoint": name,
			"serviceAccount":   "projects/" + rolledProject + "/serviceAccounts/" + builder,
			"dockerRepository": place + "/repositories/images",
			"source":           map[string]any{"storageSource": map[string]any{"bucket": "source", "object": object}},
		},
		"serviceConfig": map[string]any{"serviceAccountEmail": builder, "availableCpu": "1", "availableMemory": "256Mi"},
	}
	function := place + "/functions/facescan-" + name
	if err := r.google.Call(r.t.Context(), gcp.Functions, http.MethodGet, function, nil, nil); err == nil {
		r.call(gcp.Functions, http.MethodPatch, function, body)
		return
	}
	r.call(gcp.Functions, http.MethodPost, place+"/functions?functionId=facescan-"+name, body)
}

// note records what serves as a deployment of the commit.
func (r *rolled) note(commit string) {
	r.t.Helper()
	_ = r.clock.Sleep(r.t.Context(), time.Hour)
	content := []byte(`{"release": "` + commit + `"}`)
	if err := os.WriteFile(filepath.Join(r.dir, pack.File), content, 0o600); err != nil {
		r.t.Fatal(err)
	}
	if err := r.record(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rolled) states() map[string]release.State {
	r.t.Helper()
	states, err := r.services().States(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	return states
}

// builds counts the requests that build something.
func (r *rolled) builds() int {
	n := 0
	for _, request := range r.fake.Requests() {
		if request.Service == "cloudfunctions" && request.Method != http.MethodGet {
			n++
		}
	}
	return n
}

func TestRollback(t *testing.T) {
	t.Parallel()
	r := newRolled(t)
	first := release.Serving(r.states())
	r.deploy("scans", "2")
	r.deploy("rank", "2")
	r.note("commit-2")
	second := release.Serving(r.states())
	if first["scans"] == second["scans"] || first["upload"] != second["upload"] {
		t.Fatalf("the second deployment serves %v after %v", second, first)
	}
	built := r.builds()

	if err := r.rollback(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, r.out)
	}
	if diff := cmp.Diff(first, release.Serving(r.states())); diff != "" {
		t.Errorf("after going back:\n%s", diff)
	}
	for _, want := range []string{
		"commit commit-1", "scans        " + second["scans"] + " -> " + first["scans"], "2 of 15 are rolled back",
	} {
		if !strings.Contains(r.out.String(), want) {
			t.Errorf("%q is not told:\n%s", want, r.out)
		}
	}
	if strings.Contains(r.out.String(), "upload") {
		t.Errorf("a function that was not deployed anew is told:\n%s", r.out)
	}
	if err := r.rollback(t.Context()); !errors.Is(err, release.ErrNone) {
		t.Errorf("before the first deployment there is one: %v", err)
	}

	r.options.latest = true
	if err := r.rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(second, release.Serving(r.states())); diff != "" {
		t.Errorf("after -latest:\n%s", diff)
	}
	r.options.latest, r.options.to = false, "commit-1"
	if err := r.rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, release.Serving(r.states())); diff != "" {
		t.Errorf("after -to:\n%s", diff)
	}
	// The next deployment changes another function, and must not leave these two behind.
	if err := r.settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(second, release.Serving(r.states())); diff != "" {
		t.Errorf("after the next deployment:\n%s", diff)
	}
	if r.builds() != built {
		t.Errorf("a rollback builds: %d requests after %d", r.builds(), built)
	}
}

func TestRollback_refusesARevisionThatIsGone(t *testing.T) {
	t.Parallel()
	r := newRolled(t)
	serving := r.states()
	err := r.services().Send(t.Context(), map[string]string{"scans": "", "rank": "facescan-rank-00009-gone"})
	if !gcp.Refused(err, http.StatusNotFound) {
		t.Errorf("err = %v", err)
	}
	if diff := cmp.Diff(serving, r.states()); diff != "" {
		t.Errorf("something was changed:\n%s", diff)
	}
}

func TestReleases(t *testing.T) {
	t.Parallel()
	r := newRolled(t)
	r.note("commit-1") // deployed again, and nothing changed
	r.deploy("scans", "2")
	r.note("commit-2")
	if err := r.releases(t.Context()); err != nil {
		t.Fatal(err)
	}
	rows := strings.Split(strings.TrimSpace(r.out.String()), "\n")
	if len(rows) != 2 || !strings.Contains(rows[0], "commit-2") || !strings.HasSuffix(rows[0], "15 functions  serves") ||
		!strings.Contains(rows[1], "commit-1") || !strings.HasSuffix(rows[1], "15 functions") {
		t.Errorf("listed as\n%s", r.out)
	}
}

// Terraform has no reason to deploy a function again whose update was taken and whose build failed.
func TestSettle_buildsAgainWhatFailed(t *testing.T) {
	t.Parallel()
	r := newRolled(t)
	r.grant() // none
	r.deploy("scans", "2")
	r.grant("roles/storage.objectViewer", "roles/logging.logWriter", "roles/artifactregistry.writer")
	before := release.Serving(r.states())
	if err := r.settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	after := release.Serving(r.states())
	if before["scans"] == after["scans"] || before["rank"] != after["rank"] {
		t.Errorf("it serves %v after %v", after, before)
	}
	if !strings.Contains(r.out.String(), "building scans again") || strings.Contains(r.out.String(), "building rank") {
		t.Errorf("told:\n%s", r.out)
	}
}

func TestReleaseOf(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	run := func(args ...string) {
		cmd := exec.CommandContext(t.Context(), "git", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@b",
			"GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@b")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	write := func(name, content string) {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	lock := filepath.Join("terraform", lockFile)
	write("a.go", "package a\n")
	write(lock, "version\n")
	run("init", "-q")
	run("add", "-A")
	run("commit", "-q", "-m", "one")
	check := func(when string, wantDirty bool) {
		t.Helper()
		got, err := releaseOf(t.Context(), dir)
		if err != nil || len(strings.TrimSuffix(got, dirty)) != 40 || strings.HasSuffix(got, dirty) != wantDirty {
			t.Errorf("%s: %q, %v", when, got, err)
		}
		for allowed, c := range map[bool]*cloud{
			!wantDirty: {root: dir}, true: {root: dir, options: options{allowDirty: true}},
		} {
			if err := c.checkTree(t.Context()); errors.Is(err, errDirty) == allowed {
				t.Errorf("%s, allowed %t: %v", when, allowed, err)
			}
		}
	}
	check("as committed", false)
	write(lock, "version and hashes\n")
	check("with the hashes that init adds", false)
	write("b.go", "package a\n")
	check("with a file that is not committed", true)
	if _, err := releaseOf(t.Context(), t.TempDir()); err == nil {
		t.Error("a folder that is no repository has a commit")
	}
}
