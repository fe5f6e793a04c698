package fakegcp

import (
	"fmt"
	"maps"
	"net/http"
	"path"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// sourcesBucket begins the name of the bucket that Cloud Functions copies a source into, and that
// Cloud Build reads it from. The project's number and the region follow.
const sourcesBucket = "gcf-v2-sources-"

// settleTime is how long a new grant does not count for a build: "typically within 2 minutes", and
// seldom at once. https://cloud.google.com/iam/docs/access-change-propagation
const settleTime = time.Minute

// Codes of google.rpc.Code, in errors of operations.
const (
	codeInvalid  = 3
	codeDenied   = 7
	codeInternal = 13
)

// functions builds a function and makes a revision of its Cloud Run service.
func (s *Server) functions(c call) (reply, bool) {
	switch {
	case c.Method == http.MethodPost && path.Base(c.Path) == "functions":
		p := c.Path + "/" + c.query("functionId")
		if _, there := s.resources[key(c.Service, p)]; there {
			return failure(http.StatusConflict, "ALREADY_EXISTS", fmt.Sprintf(
				"Could not create Cloud Function %s. A function with this name already exists", path.Base(p))), true
		}
		return s.deploy(c, p, maps.Clone(c.Body)), true
	case c.Method == http.MethodPatch:
		stored, found := s.resources[key(c.Service, c.Path)]
		if !found {
			return notFound(c.Path), true
		}
		changed := maps.Clone(stored)
		maps.Copy(changed, c.Body)
		return s.deploy(c, c.Path, changed), true
	case c.Method == http.MethodDelete:
		s.drop(key("run", servicePath(c.Path)))
	}
	return reply{}, false
}

func servicePath(function string) string {
	return strings.Replace(function, "/functions/", "/services/", 1)
}

// deploy builds and serves the function. One that fails is left in state FAILED.
// https://cloud.google.com/functions/docs/reference/rest/v2/projects.locations.functions#state
func (s *Server) deploy(c call, p string, function object) reply {
	k := key(c.Service, p)
	before := s.resources[k]
	build, service := config(function, "buildConfig"), config(function, "serviceConfig")
	if r := s.checkSource(build); r.status != 0 {
		return r
	}
	s.describeFunction(p, function)
	region := strings.Split(p, "/")[3]
	code, message := 0, ""
	if before["state"] != "ACTIVE" || !reflect.DeepEqual(before["buildConfig"], build) {
		code, message = s.build(build, path.Base(p), region)
	}
	if code == 0 {
		code, message = s.checkService(service, path.Base(p))
	}
	if code != 0 {
		function["state"] = "FAILED"
		function["stateMessages"] = []any{object{"severity": "ERROR", "type": "CloudRunServiceNotFound",
			"message": message}}
		s.store(k, function)
		return ok(s.ended(c, "error", object{"code": code, "message": message}))
	}
	delete(function, "stateMessages")
	function["state"], function["updateTime"] = "ACTIVE", s.timestamp()
	s.serve(p, function, before)
	s.store(k, function)
	return ok(s.ended(c, "response", function))
}

func config(r object, name string) object {
	inner, is := r[name].(map[string]any)
	if !is {
		inner = object{}
	}
	inner = maps.Clone(inner)
	r[name] = inner
	return inner
}

// describeFunction fills in what the API sets.
func (s *Server) describeFunction(p string, function object) {
	parts := strings.Split(p, "/") // projects/P/locations/L/functions/F
	location, name := parts[3], parts[5]
	function["name"], function["environment"] = p, "GEN_2"
	function["url"] = "https://" + location + "-" + s.project + ".cloudfunctions.net/" + name
	service, _ := function["serviceConfig"].(map[string]any)
	service["service"] = servicePath(p)
	service["uri"] = "https://" + name + "-fake-" + location + ".a.run.app"
}

// checkSource refuses a source that is not there.
func (s *Server) checkSource(build object) reply {
	source, _ := config(build, "source")["storageSource"].(map[string]any)
	o := fmt.Sprintf("b/%v/o/%v", source["bucket"], source["object"])
	if _, there := s.resources[key("storage", o)]; !there {
		return invalid(fmt.Sprintf("Could not find Cloud Storage source: gs://%v/%v was not found.", source["bucket"],
			source["object"]))
	}
	return reply{}
}

// build copies the source and builds it as the build's account, which is Compute Engine's default
// one if none is named.
// https://cloud.google.com/functions/docs/securing/build-custom-sa
func (s *Server) build(build object, name, region string) (code int, message string) {
	bucket := sourcesBucket + s.number + "-" + region
	archive := name + "/function-source.zip"
	s.store(key("storage", "b/"+bucket), object{
		"kind": "storage#bucket", "name": bucket, "id": bucket, "location": strings.ToUpper(region),
		"iamConfiguration": object{"uniformBucketLevelAccess": object{"enabled": true}},
	})
	s.store(key("storage", "b/"+bucket+"/o/"+archive), object{"kind": "storage#object", "name": archive,
		"bucket": bucket})
	if _, on := s.resources[key("serviceusage", apiPath("cloudbuild.googleapis.com"))]; !on {
		return codeDenied, "Cloud Build API has not been used in project " + s.number + " before or it is disabled."
	}
	account, _ := build["serviceAccount"].(string)
	email := path.Base(account)
	if account == "" {
		email = s.number + "-compute@developer.gserviceaccount.com"
	}
	if !s.accountExists(email) {
		return codeDenied, fmt.Sprintf(
			"Build failed: Permission 'iam.serviceAccounts.actAs' denied on service account %s "+
				"(or it may not exist).", email)
	}
	repository, _ := build["dockerRepository"].(string)
	if repository == "" {
		repository = s.root() + "/locations/" + region + "/repositories/gcf-artifacts"
	}
	member := "serviceAccount:" + email
	const failed = "Build failed with status: FAILURE and message: "
	switch {
	case !s.may(member, "storage.objects.get", "storage", "b/"+bucket+"/o/"+archive, settleTime, nil):
		// https://github.com/hashicorp/terraform-provider-google/issues/20571
		return codeInternal, fmt.Sprintf(
			failed+"failed to Fetch: failed to download archive gs://%s/%s: Access to bucket %s "+
				"denied. You must grant Storage Object Viewer permission to %s. If you are using VPC Service Controls, you must "+
				"also grant it access to your service perimeter.", bucket, archive, bucket, email)
	case !s.may(member, "logging.logEntries.create", "cloudresourcemanager", s.root(), settleTime, nil):
		// https://cloud.google.com/build/docs/securing-builds/configure-user-specified-service-accounts
		return codeInternal, failed + "The service account running this build does not have permission to write logs. " +
			"To fix this, grant the Logs Writer (roles/logging.logWriter) role to the service account."
	case !s.may(member, "artifactregistry.repositories.uploadArtifacts", "artifactregistry", repository, settleTime,
		nil):
		return codeInternal, fmt.Sprintf(
			failed+"denied: Permission \"artifactregistry.repositories.uploadArtifacts\" denied "+
				"on resource %q (or it may not exist)", repository)
	}
	return 0, ""
}

// checkService refuses what Cloud Run starts no revision with.
func (s *Server) checkService(service object, name string) (code int, message string) {
	email, _ := service["serviceAccountEmail"].(string)
	if email == "" {
		email = s.number + "-compute@developer.gserviceaccount.com"
	}
	if !s.accountExists(email) {
		return codeDenied, fmt.Sprintf(
			"Could not create Cloud Run service %s. Permission 'iam.serviceaccounts.actAs' denied "+
				"on service account %s (or it may not exist).", name, email)
	}
	if message := s.overQuota(service); message != "" {
		return codeInvalid, "Could not create Cloud Run service " + name + ". " + message
	}
	variables, _ := service["secretEnvironmentVariables"].([]any)
	for i, v := range variables {
		variable, _ := v.(map[string]any)
		secret := fmt.Sprintf("%s/secrets/%v", s.root(), variable["secret"])
		version := fmt.Sprintf("%s/versions/%v", secret, variable["version"])
		field := fmt.Sprintf("Could not create or update Cloud Run service %s. Revision is not ready and cannot serve "+
			"traffic. spec.template.spec.containers[0].env[%d].value_from.secret_key_ref.name: ", name, i)
		r, there := s.resources[key("secretmanager", version)]
		switch {
		case !there:
			return codeInvalid, fmt.Sprintf("%sSecret %s was not found", field, version)
		case r["state"] != "ENABLED":
			return codeInvalid, fmt.Sprintf("%sSecret version %s is in state %v", field, version, r["state"])
		case !s.may("serviceAccount:"+email, "secretmanager.versions.access", "secretmanager", version, 0, nil):
			// https://github.com/terraform-google-modules/terraform-docs-samples/pull/168
			return codeInternal, fmt.Sprintf(
				"%sPermission denied on secret: %s for Revision service account %s. The service "+
					"account used must be granted the 'Secret Manager Secret Accessor' role (roles/secretmanager.secretAccessor) "+
					"at the secret, project or higher level.", field, version, email)
		}
	}
	return 0, ""
}

// overQuota returns Cloud Run's refusal of more instances than the region's quota lets at the size,
// "" if it lets them. https://github.com/googlecodelabs/feedback/issues/1856
func (s *Server) overQuota(service object) string {
	most, _ := service["maxInstanceCount"].(float64)
	instances := int(most)
	cpu, memory := cpuMilli(service), memoryMiB(service)
	allowed := min(s.options.CPUMilli/cpu, s.options.MemoryMiB/memory)
	if instances <= allowed {
		return ""
	}
	of, quotas := "CPU", ""
	if instances*cpu > s.options.CPUMilli {
		quotas += fmt.Sprintf("CpuAllocPerProjectRegion requested: %d allowed: %d\n", instances*cpu, s.options.CPUMilli)
	} else {
		of = "memory"
	}
	if instances*memory > s.options.MemoryMiB {
		quotas += fmt.Sprintf("MemAllocPerProjectRegion requested: %d allowed: %d\n", instances*memory<<20,
			s.options.MemoryMiB<<20)
	}
	return fmt.Sprintf(
		"spec.template.metadata.annotations[autoscaling.knative.dev/maxScale]: Max instances must be set to "+
			"%d or fewer to set the requested total %s.\nConsider running your workload in a region with greater capacity, or "+
			"requesting an increase in quota for this region if you are seeing sustained usage near this limit, see "+
			"https://cloud.google.com/run/quotas. Your project may gain access to further scaling by adding billing "+
			"information to your account.\n\nQuota violated:\n%s", allowed, of, quotas)
}

func cpuMilli(service object) int {
	text, _ := service["availableCpu"].(string)
	cpu, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 1000
	}
	return int(cpu * 1000)
}

// memoryMiB reads quantities such as 512Mi, 1Gi and 256M.
func memoryMiB(service object) int {
	text, _ := service["availableMemory"].(string)
	number := strings.TrimRight(text, "MGi")
	n, err := strconv.Atoi(number)
	if err != nil {
		return 256
	}
	if strings.HasPrefix(text[len(number):], "G") {
		return n << 10
	}
	return n
}

// serve makes the Cloud Run service of the function, or a new revision of it if what its revisions
// are made of changed. All traffic goes to the newest again.
// https://cloud.google.com/functions/docs/concepts/version-comparison
func (s *Server) serve(p string, function, before object) {
	name := servicePath(p)
	k := key("run", name)
	service, there := s.resources[k]
	template := runTemplate(function)
	if there && before["state"] == "ACTIVE" && reflect.DeepEqual(service["template"], template) &&
		reflect.DeepEqual(before["buildConfig"], function["buildConfig"]) {
		return
	}
	n := 0
	for one := range s.resources {
		if strings.HasPrefix(one, k+"/revisions/") {
			n++
		}
	}
	s.made++
	revision := fmt.Sprintf("%s/revisions/%s-%05d-%03x", name, path.Base(name), n+1, s.made%0xfff)
	made := maps.Clone(template)
	made["name"], made["createTime"], made["service"] = revision, s.timestamp(), name
	made["generation"] = strconv.Itoa(n + 1)
	s.store(key("run", revision), made)
	config, _ := function["serviceConfig"].(map[string]any)
	s.store(k, object{
		"name": name, "template": template, "labels": function["labels"], "uri": config["uri"],
		"urls":       []any{config["uri"]},
		"generation": strconv.Itoa(n + 1), "latestReadyRevision": revision, "latestCreatedRevision": revision,
		"traffic":         []any{object{"type": trafficLatest, "percent": 100}},
		"trafficStatuses": []any{object{"type": trafficLatest, "percent": 100, "revision": path.Base(revision)}},
		"updateTime":      s.timestamp(), "terminalCondition": object{"type": "Ready", "state": "CONDITION_SUCCEEDED"},
	})
}

func runTemplate(function object) object {
	config, _ := function["serviceConfig"].(map[string]any)
	var env []any
	variables, _ := config["environmentVariables"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		env = append(env, object{"name": name, "value": variables[name]})
	}
	return object{
		"labels": function["labels"], "serviceAccount": config["serviceAccountEmail"],
		"scaling": object{"minInstanceCount": config["minInstanceCount"],
			"maxInstanceCount": config["maxInstanceCount"]},
		"maxInstanceRequestConcurrency": config["maxInstanceRequestConcurrency"],
		"timeout":                       fmt.Sprintf("%vs", config["timeoutSeconds"]),
		"containers": []any{object{
			"name": "worker", "env": env, "secrets": config["secretEnvironmentVariables"],
			"resources": object{"limits": object{"cpu": config["availableCpu"], "memory": config["availableMemory"]}},
		}},
	}
}

const (
	trafficLatest   = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"
	trafficRevision = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"
)

// run lists revisions and directs traffic.
func (s *Server) run(c call) (reply, bool) {
	switch {
	case c.Method == http.MethodGet && path.Base(c.Path) == "revisions":
		var all []object
		for k, r := range s.resources {
			if strings.HasPrefix(k, key("run", c.Path+"/")) {
				all = append(all, r)
			}
		}
		slices.SortFunc(all, func(a, b object) int {
			return strings.Compare(fmt.Sprint(b["name"]),
				fmt.Sprint(a["name"]))
		})
		return ok(object{"revisions": all}), true
	case c.Method == http.MethodPatch:
		service, found := s.resources[key(c.Service, c.Path)]
		if !found {
			return notFound(c.Path), true
		}
		traffic, _ := c.Body["traffic"].([]any)
		statuses, r := s.direct(service, traffic)
		if r.status != 0 {
			return r, true
		}
		changed := maps.Clone(service)
		changed["traffic"], changed["trafficStatuses"], changed["updateTime"] = traffic, statuses, s.timestamp()
		s.store(key(c.Service, c.Path), changed)
		return ok(s.ended(c, "response", changed)), true
	case c.Method == http.MethodPost, c.Method == http.MethodPut:
		return failure(http.StatusNotImplemented, "UNIMPLEMENTED",
			"fakegcp: services are made by Cloud Functions only"), true
	}
	return reply{}, false
}

// direct checks the targets of traffic.
// https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.services#TrafficTarget
func (s *Server) direct(service object, traffic []any) (statuses []any, _ reply) {
	sum := 0.0
	for _, t := range traffic {
		target, _ := t.(map[string]any)
		status := maps.Clone(target)
		percent, _ := target["percent"].(float64)
		sum += percent
		switch target["type"] {
		case trafficLatest:
			latest, _ := service["latestReadyRevision"].(string)
			status["revision"] = path.Base(latest)
		case trafficRevision:
			revision := fmt.Sprintf("%v/revisions/%v", service["name"], target["revision"])
			if _, there := s.resources[key("run", revision)]; !there {
				return nil, invalid(fmt.Sprintf("traffic: Revision %v was not found", target["revision"]))
			}
		default:
			return nil, invalid(fmt.Sprintf("traffic: %v is no type of a target", target["type"]))
		}
		statuses = append(statuses, status)
	}
	if sum != 100 {
		return nil, invalid("traffic: percentages must add up to 100")
	}
	return statuses, reply{}
}
