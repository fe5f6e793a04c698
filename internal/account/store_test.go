package account

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"cloud.google.com/go/firestore"
)

// A member of users/{uid} is one that an edit writes, or one of these.
func TestEdits_areAllMembers(t *testing.T) {
	t.Parallel()
	others := []string{"schema", "uid", "state", "notifications", "missingSince", "tokensValidAfter", "createdAt"}
	members := reflect.TypeFor[User]()
	for i := range members.NumField() {
		name, _, _ := strings.Cut(members.Field(i).Tag.Get("firestore"), ",")
		edited := slices.ContainsFunc(edits(User{}), func(u firestore.Update) bool { return u.Path == name })
		if edited == slices.Contains(others, name) {
			t.Errorf("%s: edited is %v", name, edited)
		}
	}
}
