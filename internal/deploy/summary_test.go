package deploy

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	tfjson "github.com/hashicorp/terraform-json"
)

func resource(address string, c *tfjson.Change) *tfjson.ResourceChange {
	kind, _, _ := strings.Cut(address, ".")
	return &tfjson.ResourceChange{Address: address, Type: kind, Mode: tfjson.ManagedResourceMode, Change: c}
}

func acts(actions ...tfjson.Action) *tfjson.Change { return &tfjson.Change{Actions: actions} }

func TestSummary(t *testing.T) {
	t.Parallel()
	changed := acts(tfjson.ActionUpdate)
	changed.Before = map[string]any{"memory": "256Mi", "name": "a", "token": "secret-before"}
	changed.After = map[string]any{"memory": "512Mi", "name": "a", "token": "secret-after"}
	changed.AfterUnknown = map[string]any{"uri": true, "name": false}
	moved := acts(tfjson.ActionDelete, tfjson.ActionCreate)
	moved.ReplacePaths = []any{[]any{"location"}, []any{"fields", 0, "order"}}
	read := resource("google_project.this", acts(tfjson.ActionRead))
	read.Mode = tfjson.DataResourceMode

	s := summarise(&tfjson.Plan{ResourceChanges: []*tfjson.ResourceChange{
		resource("google_pubsub_topic.a", acts(tfjson.ActionCreate)),
		resource("google_pubsub_topic.b", acts(tfjson.ActionCreate)),
		resource("google_cloudfunctions2_function.scan", changed),
		resource("google_storage_bucket.uploads", moved),
		resource("google_storage_bucket.source", acts(tfjson.ActionCreate, tfjson.ActionDelete)),
		resource("google_firestore_database.this", acts(tfjson.ActionDelete)),
		resource("google_monitoring_dashboard.this", acts(tfjson.ActionDelete)),
		resource("google_compute_url_map.api", acts(tfjson.ActionNoop)),
		read,
	}})
	if got := s.actions(); got != 2+1+2*2+2 {
		t.Errorf("actions = %d", got)
	}
	var lost []string
	for _, c := range s.losses() {
		lost = append(lost, c.address)
	}
	if diff := cmp.Diff([]string{"google_storage_bucket.uploads", "google_firestore_database.this"}, lost); diff != "" {
		t.Errorf("losses (-want +got):\n%s", diff)
	}
	var out strings.Builder
	s.print(&out)
	for _, want := range []string{
		"2 to create, 1 to change, 2 to replace, 2 to destroy",
		"create     2 google_pubsub_topic",
		"change   google_cloudfunctions2_function.scan: memory, token, uri",
		"REPLACE  google_storage_bucket.uploads, for a change of fields.0.order, location",
		"DESTROY  google_firestore_database.this",
		"!!!  google_firestore_database.this: every document",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, &out)
		}
	}
	if strings.Contains(out.String(), "secret-") {
		t.Errorf("it tells values:\n%s", &out)
	}
}

func TestSummaryOfTheEndCountsByKind(t *testing.T) {
	t.Parallel()
	s := summary{destroys: make([]change, manyDestroys+1)}
	for i := range s.destroys {
		s.destroys[i] = change{address: fmt.Sprintf("google_pubsub_topic.t%d", i), kind: "google_pubsub_topic"}
	}
	var out strings.Builder
	s.print(&out)
	if !strings.Contains(out.String(), "DESTROY   51 google_pubsub_topic") || strings.Count(out.String(), "DESTROY") != 1 {
		t.Error(out.String())
	}
	if strings.Count(out.String(), "!!!  ") != len(s.destroys) {
		t.Error("not every loss is told")
	}
}

func TestSummaryOfNothing(t *testing.T) {
	t.Parallel()
	s := summarise(
		&tfjson.Plan{ResourceChanges: []*tfjson.ResourceChange{resource("google_pubsub_topic.a", acts(tfjson.ActionNoop))}},
	)
	var out strings.Builder
	s.print(&out)
	if !s.empty() || !strings.Contains(out.String(), "Nothing to do") {
		t.Errorf("%+v: %s", s, &out)
	}
}
