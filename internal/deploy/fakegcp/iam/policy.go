package iam

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
)

func typeOf[T any]() reflect.Type { return reflect.TypeFor[T]() }

// Grant is one member's role by a policy.
type Grant struct {
	Role, Member string
	// Condition is the expression, "" without one.
	Condition string
}

// Policy is the grants of a resource, and since when each has been there.
type Policy map[Grant]time.Time

// Question asks whether a member has a permission.
type Question struct {
	// Member is such as "serviceAccount:a@p.iam.gserviceaccount.com".
	Member, Permission string
	Resource           Resource
	Time               time.Time
	// MinAge is how long a grant must have been there to count: a change takes a while to arrive
	// everywhere. https://cloud.google.com/iam/docs/access-change-propagation
	MinAge time.Duration
	// ModifiedRoles are those whose grants the request changes, nil unless it sets a policy.
	ModifiedRoles []string
}

// Roles returns the permissions of a role of the project. A missing one has none.
type Roles func(name string) []string

// Allowed reports whether one of the policies, which are those of the resource and of what it is
// in, grants what is asked.
func (roles Roles) Allowed(q Question, policies ...Policy) bool {
	for _, policy := range policies {
		for grant, since := range policy {
			if grant.covers(q.Member) && q.Time.Sub(since) >= q.MinAge &&
				roles.has(grant.Role, q.Permission) && met(grant.Condition, q) {
				return true
			}
		}
	}
	return false
}

func (g Grant) covers(member string) bool {
	return g.Member == member || g.Member == "allUsers" || g.Member == "allAuthenticatedUsers"
}

func (roles Roles) has(role, permission string) bool {
	if strings.HasPrefix(role, "projects/") {
		return slices.Contains(roles(role), permission)
	}
	return predefined(role, permission)
}

// Parse reads a policy as the APIs write it.
func Parse(policy map[string]any, now time.Time) Policy {
	parsed := Policy{}
	bindings, _ := policy["bindings"].([]any)
	for _, b := range bindings {
		binding, _ := b.(map[string]any)
		role, _ := binding["role"].(string)
		condition, _ := binding["condition"].(map[string]any)
		expression, _ := condition["expression"].(string)
		members, _ := binding["members"].([]any)
		for _, m := range members {
			member, _ := m.(string)
			parsed[Grant{Role: role, Member: member, Condition: expression}] = now
		}
	}
	return parsed
}

// Since keeps the age of the grants that were there before.
func (p Policy) Since(before Policy) {
	for grant := range p {
		if since, had := before[grant]; had {
			p[grant] = since
		}
	}
}

// Modified returns the roles whose grants differ, sorted.
func (p Policy) Modified(before Policy) []string {
	roles := map[string]bool{}
	for _, pair := range [][2]Policy{{p, before}, {before, p}} {
		for grant := range pair[0] {
			if _, also := pair[1][grant]; !also {
				roles[grant.Role] = true
			}
		}
	}
	modified := slices.Sorted(maps.Keys(roles))
	if modified == nil {
		return []string{}
	}
	return modified
}
