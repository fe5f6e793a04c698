package iam_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/deploy/fakegcp/iam"
)

func TestNeeds(t *testing.T) {
	t.Parallel()
	for request, want := range map[string]iam.Need{
		"storage GET b/x/o/deep/name": {Permission: "storage.objects.get",
			Path: "b/x/o/deep/name"},
		"storage POST b/x/o":  {Permission: "storage.objects.create", Path: "b/x"},
		"storage PUT b/x/iam": {Permission: "storage.buckets.setIamPolicy", Path: "b/x"},
		"pubsub PUT projects/p/topics/t": {Permission: "pubsub.topics.create",
			Path: "projects/p/topics/t"},
		"pubsub POST projects/p/topics/t:setIamPolicy": {Permission: "pubsub.topics.setIamPolicy",
			Path: "projects/p/topics/t"},
		"pubsub GET projects/p/topics": {Permission: "pubsub.topics.list", Path: "projects/p"},
		"logging DELETE projects/p/metrics/a/b": {Permission: "logging.logMetrics.delete",
			Path: "projects/p/metrics/a/b"},
		"secretmanager GET projects/p/secrets/s/versions/1:access": {Permission: "secretmanager.versions.access",
			Path: "projects/p/secrets/s/versions/1"},
		"firestore GET projects/p/databases/(default)": {Permission: "datastore.databases.getMetadata",
			Path: "projects/p/databases/(default)"},
		"run PATCH projects/p/locations/l/services/s": {Permission: "run.services.update",
			Path: "projects/p/locations/l/services/s"},
		"pubsub POST projects/p/topics/t:testIamPermissions": {Path: "projects/p/topics/t"},
	} {
		t.Run(request, func(t *testing.T) {
			t.Parallel()
			parts := strings.Fields(request)
			got, known := iam.Needs(parts[0], parts[1], parts[2])
			if !known || got != want {
				t.Errorf("%v, %v, want %v", got, known, want)
			}
		})
	}
	if need, known := iam.Needs("pubsub", "GET", "projects/p/schemas/s"); known {
		t.Errorf("a request of no row needs %v", need)
	}
}

func TestDescribe(t *testing.T) {
	t.Parallel()
	for request, want := range map[string]string{
		"storage b/x":                        "storage.googleapis.com/Bucket projects/_/buckets/x",
		"storage b/x/o/a/b":                  "storage.googleapis.com/Object projects/_/buckets/x/objects/a/b",
		"secretmanager projects/p/secrets/s": "secretmanager.googleapis.com/Secret projects/1/secrets/s",
		"secretmanager projects/p/secrets/s/versions/2": "" +
			"secretmanager.googleapis.com/SecretVersion projects/1/secrets/s/versions/2",
		"firestore projects/p/databases/d": "firestore.googleapis.com/Database projects/p/databases/d",
		"logging projects/p/locations/global/buckets/b": "" +
			"logging.googleapis.com/LogBucket projects/p/locations/global/buckets/b",
		"cloudresourcemanager projects/p": "cloudresourcemanager.googleapis.com/Project projects/1",
		"pubsub projects/p/topics/t":      " ", // has no attributes
	} {
		t.Run(request, func(t *testing.T) {
			t.Parallel()
			service, path, _ := strings.Cut(request, " ")
			r := iam.Describe(service, path, "1")
			if got := r.Type + " " + r.Name; got != want {
				t.Errorf("%q, want %q", got, want)
			}
		})
	}
}

func TestAllowed(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	roles := iam.Roles(func(name string) []string {
		return map[string][]string{"projects/p/roles/reader": {"storage.objects.get"}}[name]
	})
	for name, one := range map[string]struct {
		grant iam.Grant
		age   time.Duration
		want  bool
	}{
		"a custom role":              {iam.Grant{Role: "projects/p/roles/reader", Member: "user:a"}, 0, true},
		"a custom role that is none": {iam.Grant{Role: "projects/p/roles/other", Member: "user:a"}, 0, false},
		"a role of Google":           {iam.Grant{Role: "roles/storage.objectViewer", Member: "user:a"}, 0, true},
		"a role without it":          {iam.Grant{Role: "roles/storage.objectCreator", Member: "user:a"}, 0, false},
		"another member":             {iam.Grant{Role: "roles/owner", Member: "user:b"}, 0, false},
		"everybody":                  {iam.Grant{Role: "roles/storage.objectViewer", Member: "allUsers"}, 0, true},
		"too young":                  {iam.Grant{Role: "roles/owner", Member: "user:a"}, time.Minute, false},
		"a condition that errs": {iam.Grant{Role: "roles/owner", Member: "user:a",
			Condition: "resource.none == 'a'"}, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := roles.Allowed(iam.Question{
				Member: "user:a", Permission: "storage.objects.get", Time: now, MinAge: one.age,
			}, iam.Policy{one.grant: now})
			if got != one.want {
				t.Errorf("allowed %v, want %v", got, one.want)
			}
		})
	}
}

func TestPolicy_keepsTheAgeOfGrantsAndNamesTheRolesThatChanged(t *testing.T) {
	t.Parallel()
	policy := func(at time.Time, roles ...string) iam.Policy {
		bindings := make([]any, 0, len(roles))
		for _, r := range roles {
			bindings = append(bindings, map[string]any{"role": r, "members": []any{"user:a"}})
		}
		return iam.Parse(map[string]any{"bindings": bindings}, at)
	}
	first := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	before, after := policy(first, "kept", "taken"), policy(first.Add(time.Hour), "kept", "given")
	if got, want := after.Modified(before), []string{"given", "taken"}; !cmp.Equal(got, want) {
		t.Errorf("modified %q, want %q", got, want)
	}
	after.Since(before)
	want := iam.Policy{{Role: "kept", Member: "user:a"}: first, {Role: "given", Member: "user:a"}: first.Add(time.Hour)}
	if !cmp.Equal(after, want) {
		t.Error(cmp.Diff(want, after))
	}
}

func TestCompile_refusesWhatIAMRefuses(t *testing.T) {
	t.Parallel()
	for _, expression := range []string{
		"", "1", "resource.name", "unknown == 1", "resource.name.startsWith(1)", strings.Repeat("true && ", 13) + "true",
	} {
		if _, err := iam.Compile(expression); !errors.Is(err, iam.ErrCondition) {
			t.Errorf("%q: %v", expression, err)
		}
	}
}
