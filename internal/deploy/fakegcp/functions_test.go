package fakegcp_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/deploy/fakegcp"
)

const (
	functionsPath = "cloudfunctions/v2/projects/" + project + "/locations/" + region + "/functions"
	servicePath   = "run/v2/projects/" + project + "/locations/" + region + "/services/f"
	repository    = "projects/" + project + "/locations/" + region + "/repositories/images"
	sources       = "resource.name.startsWith('projects/_/buckets/gcf-v2-sources-" + number + "-')"
)

// function is the body of one; more is put into its serviceConfig.
func function(more string) string {
	return fmt.Sprintf(`{"labels":{"source":"1"},"buildConfig":{"runtime":"go126","entryPoint":"f",
		"serviceAccount":"projects/%s/serviceAccounts/%s","dockerRepository":"%s",
		"source":{"storageSource":{"bucket":"source","object":"f.zip"}}},
		"serviceConfig":{"serviceAccountEmail":"%s","availableCpu":"1","availableMemory":"512Mi","maxInstanceCount":2%s}}`,
		project, builder, repository, runtime, more)
}

// readyToBuild makes what a function needs, but for what the test leaves out.
func readyToBuild(t *testing.T, opts fakegcp.Options, without string) *cloud {
	t.Helper()
	c := newCloud(t, opts)
	c.must(http.MethodPost, "storage/v1/b", `{"name":"source","location":"europe-west1"}`)
	if without != "source" {
		if a := c.upload("source", "f.zip", "code"); a.code != http.StatusOK {
			t.Fatal(a.raw)
		}
	}
	c.must(http.MethodPost, "artifactregistry/v1/projects/"+project+"/locations/"+region+
		"/repositories?repositoryId=images", `{"format":"DOCKER"}`)
	for _, id := range []string{"builder", "runtime"} {
		if without != id {
			c.account(id)
		}
	}
	if without == "builder" {
		return c
	}
	if without != "sources" {
		c.grant("roles/storage.objectViewer", "serviceAccount:"+builder, sources)
	}
	if without != "logs" {
		c.grant("roles/logging.logWriter", "serviceAccount:"+builder, "")
	}
	if without != "images" {
		c.must(http.MethodPost, "artifactregistry/v1/"+repository+":setIamPolicy", fmt.Sprintf(
			`{"policy":{"bindings":[{"role":"roles/artifactregistry.writer","members":["serviceAccount:%s"]}]}}`, builder))
	}
	return c
}

func TestFunctionThatCannotBeBuilt_fails(t *testing.T) {
	t.Parallel()
	for without, want := range map[string]string{
		"sources": "Access to bucket gcf-v2-sources-" + number + "-" + region +
			" denied. You must grant Storage Object " +
			"Viewer permission to " + builder,
		"logs":    "does not have permission to write logs",
		"images":  `"artifactregistry.repositories.uploadArtifacts" denied`,
		"builder": "denied on service account " + builder + " (or it may not exist)",
		"runtime": "denied on service account " + runtime + " (or it may not exist)",
	} {
		t.Run("without "+without, func(t *testing.T) {
			t.Parallel()
			c := readyToBuild(t, fakegcp.Options{}, without)
			c.now = c.now.Add(time.Minute)
			c.refused(http.StatusOK, want, http.MethodPost, functionsPath+"?functionId=f", function(""))
			if state := c.must(http.MethodGet, functionsPath+"/f", "").body["state"]; state != "FAILED" {
				t.Errorf("the function is %v, want FAILED", state)
			}
			c.refused(http.StatusConflict, "already exists", http.MethodPost, functionsPath+"?functionId=f", function(""))
		})
	}
	t.Run("without its source", func(t *testing.T) {
		t.Parallel()
		c := readyToBuild(t, fakegcp.Options{}, "source")
		c.refused(http.StatusBadRequest, "gs://source/f.zip", http.MethodPost, functionsPath+"?functionId=f",
			function(""))
	})
}

func TestFunction_isBuiltOnceItsGrantsHaveSettled(t *testing.T) {
	t.Parallel()
	c := readyToBuild(t, fakegcp.Options{}, "")
	c.now = c.now.Add(59 * time.Second)
	c.refused(http.StatusOK, "gcf-v2-sources-", http.MethodPost, functionsPath+"?functionId=f", function(""))
	c.now = c.now.Add(time.Second)
	c.must(http.MethodPatch, functionsPath+"/f", function(""))
	if state := c.must(http.MethodGet, functionsPath+"/f", "").body["state"]; state != "ACTIVE" {
		t.Errorf("the function is %v, want ACTIVE", state)
	}
}

func TestConditionOnAnotherBucket_doesNotLetABuildRead(t *testing.T) {
	t.Parallel()
	c := readyToBuild(t, fakegcp.Options{}, "sources")
	c.grant("roles/storage.objectViewer", "serviceAccount:"+builder, strings.Replace(sources, "gcf-v2", "gcf-v1", 1))
	c.now = c.now.Add(time.Hour)
	c.refused(http.StatusOK, "gcf-v2-sources-", http.MethodPost, functionsPath+"?functionId=f", function(""))
}

func TestFunctionWithSecrets_needsTheirVersionsAndTheGrant(t *testing.T) {
	t.Parallel()
	c := readyToBuild(t, fakegcp.Options{}, "")
	c.now = c.now.Add(time.Hour)
	const secret = "secretmanager/v1/projects/" + project + "/secrets"
	body := function(`,"secretEnvironmentVariables":[{"key":"K","projectId":"p","secret":"s","version":"1"}]`)
	c.must(http.MethodPost, secret+"?secretId=s", `{"replication":{"automatic":{}}}`)
	c.refused(http.StatusOK, "secrets/s/versions/1 was not found", http.MethodPost, functionsPath+"?functionId=f", body)
	c.must(http.MethodPost, secret+"/s:addVersion", `{"payload":{"data":"YQ=="}}`)
	c.refused(http.StatusOK, "Permission denied on secret", http.MethodPatch, functionsPath+"/f", body)
	c.must(http.MethodPost, secret+"/s:setIamPolicy", fmt.Sprintf(
		`{"policy":{"bindings":[{"role":"roles/secretmanager.secretAccessor","members":["serviceAccount:%s"]}]}}`,
		runtime))
	c.must(http.MethodPatch, functionsPath+"/f", body)
	c.must(http.MethodPost, secret+"/s/versions/1:disable", "{}")
	c.refused(http.StatusOK, "state DISABLED", http.MethodPatch, functionsPath+"/f", body)
}

func TestInstancesAboveTheQuota_areRefused(t *testing.T) {
	t.Parallel()
	for name, one := range map[string]struct {
		opts       fakegcp.Options
		size, want string
	}{
		"CPU": {size: `,"maxInstanceCount":21`, want: "Max instances must be set to 20 or fewer"},
		"memory": {
			size: `,"maxInstanceCount":11,"availableMemory":"4Gi"`,
			want: "MemAllocPerProjectRegion requested: 47244640256 allowed: 42949672960",
		},
		"a quota of one's own": {fakegcp.Options{CPUMilli: 4000}, `,"maxInstanceCount":5`,
			"requested: 5000 allowed: 4000"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := readyToBuild(t, one.opts, "")
			c.now = c.now.Add(time.Hour)
			c.refused(http.StatusOK, one.want, http.MethodPost, functionsPath+"?functionId=f", function(one.size))
		})
	}
	t.Run("not the most that the quota lets", func(t *testing.T) {
		t.Parallel()
		c := readyToBuild(t, fakegcp.Options{}, "")
		c.now = c.now.Add(time.Hour)
		c.must(http.MethodPost, functionsPath+"?functionId=f", function(`,"maxInstanceCount":20`))
	})
}

func TestRevisions_countUpAndTrafficCanGoBack(t *testing.T) {
	t.Parallel()
	c := readyToBuild(t, fakegcp.Options{}, "")
	c.now = c.now.Add(time.Hour)
	c.must(http.MethodPost, functionsPath+"?functionId=f", function(""))
	c.must(http.MethodPatch, functionsPath+"/f", function("")) // changes nothing
	c.must(http.MethodPatch, functionsPath+"/f", function(`,"availableMemory":"1Gi"`))
	names := revisions(c)
	if len(names) != 2 || !strings.HasPrefix(names[0], "f-00002-") || !strings.HasPrefix(names[1], "f-00001-") {
		t.Fatalf("revisions %q, want two, the newest first", names)
	}
	c.must(http.MethodPatch, servicePath+"?updateMask=traffic", fmt.Sprintf(
		`{"traffic":[{"type":"TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION","revision":"%s","percent":100}]}`, names[1]))
	if got := serving(c); !cmp.Equal(got, []string{names[1]}) {
		t.Errorf("traffic goes to %q, want the first", got)
	}
	c.refused(http.StatusBadRequest, "was not found", http.MethodPatch, servicePath,
		`{"traffic":[{"type":"TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION","revision":"f-00009-abc","percent":100}]}`)
	c.refused(http.StatusBadRequest, "add up to 100", http.MethodPatch, servicePath,
		`{"traffic":[{"type":"TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST","percent":90}]}`)
	c.must(http.MethodPatch, functionsPath+"/f", function(`,"availableMemory":"2Gi"`))
	if got, want := serving(c), revisions(c)[:1]; !cmp.Equal(got, want) {
		t.Errorf("traffic goes to %q after a deployment, want the newest %q", got, want)
	}
	c.must(http.MethodDelete, functionsPath+"/f", "")
	if a := c.call(http.MethodGet, servicePath, ""); a.code != http.StatusNotFound {
		t.Errorf("the service of a deleted function: %d", a.code)
	}
}

func revisions(c *cloud) []string {
	c.Helper()
	list, _ := c.must(http.MethodGet, servicePath+"/revisions", "").body["revisions"].([]any)
	names := make([]string, 0, len(list))
	for _, one := range list {
		r, _ := one.(map[string]any)
		name, _ := r["name"].(string)
		names = append(names, name[strings.LastIndex(name, "/")+1:])
	}
	return names
}

func serving(c *cloud) []string {
	c.Helper()
	list, _ := c.must(http.MethodGet, servicePath, "").body["trafficStatuses"].([]any)
	names := make([]string, 0, len(list))
	for _, one := range list {
		r, _ := one.(map[string]any)
		name, _ := r["revision"].(string)
		names = append(names, name)
	}
	return names
}
