package notify

import (
	"slices"
	"testing"
)

func TestKindOf(t *testing.T) {
	seen := map[Kind]bool{}
	for eventType, want := range map[string]Kind{
		"account.registered.v1": "welcome", "scan.completed.v1": "scan_completed", "series.settled.v1": "scan_completed",
		"scan.failed.v1": "scan_failed", "personal-best.reached.v1": "personal_best", "rank-changed.v1": "rank_changed",
		"export.ready.v1": "export_ready", "account.erasure-requested.v1": "account_erased",
		"device.added.v1": "security", "password.changed.v1": "security",
		"scan.deleted.v1": "", "": "",
	} {
		if got := KindOf(eventType); got != want || want != "" && !slices.Contains(Kinds(), got) {
			t.Errorf("KindOf(%q) = %q, want %q", eventType, got, want)
		}
		seen[want] = true
	}
	for _, kind := range Kinds() {
		if !seen[kind] {
			t.Errorf("no event is of the kind %q", kind)
		}
	}
}
