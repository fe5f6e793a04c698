package httpapi

import (
	"net/http"
	"slices"
	"strings"
)

// Tags is the value of If-Match or If-None-Match: entity tags (RFC 9110, 8.8.3), or any. Nil is a
// header that is absent.
type Tags struct {
	all  bool
	tags []string
}

// Match is the request's If-Match, nil where it has none. The route must list [IfMatch].
func Match(r *http.Request) *Tags { return tagsOf(r, IfMatch) }

// NoneMatch is the request's If-None-Match, nil where it has none. The route must list
// [IfNoneMatch].
func NoneMatch(r *http.Request) *Tags { return tagsOf(r, IfNoneMatch) }

func tagsOf(r *http.Request, name string) *Tags {
	given := r.Header.Values(name)
	if len(given) == 0 {
		return nil
	}
	t, _ := parseTags(given) // the route has refused what is malformed
	return &t
}

// Admit reports whether a change may be made to what has the strong entity tag: there is no
// condition, or it names the tag. Weak tags never do (RFC 9110, 13.1.1).
func (t *Tags) Admit(current string) bool {
	return t == nil || t.all || slices.Contains(t.tags, current)
}

// Include reports whether what has the strong entity tag is among those that the client has. A weak
// tag counts as the strong one (RFC 9110, 13.1.2).
func (t *Tags) Include(current string) bool {
	return t != nil && (t.all || slices.Contains(t.tags, current) || slices.Contains(t.tags, "W/"+current))
}

// parseTags reads "*" or the entity tags of all lines of a header.
func parseTags(lines []string) (Tags, bool) {
	rest := strings.TrimSpace(strings.Join(lines, ","))
	if rest == "*" {
		return Tags{all: true}, true
	}
	var t Tags
	for rest != "" {
		if rest[0] == ',' { // a list may have empty elements (RFC 9110, 5.6.1.2)
			rest = strings.TrimLeft(rest[1:], " \t")
			continue
		}
		tag, ok := cutTag(rest)
		if !ok {
			return Tags{}, false
		}
		t.tags = append(t.tags, tag)
		rest = strings.TrimLeft(rest[len(tag):], " \t")
		if rest != "" && rest[0] != ',' {
			return Tags{}, false
		}
	}
	return t, len(t.tags) > 0
}

// cutTag is the entity tag that the text begins with.
func cutTag(text string) (string, bool) {
	weak := len(text) - len(strings.TrimPrefix(text, "W/"))
	opaque := text[weak:]
	if !strings.HasPrefix(opaque, `"`) {
		return "", false
	}
	end := strings.IndexByte(opaque[1:], '"')
	if end < 0 || strings.ContainsAny(opaque[1:1+end], " \t") {
		return "", false
	}
	return text[:weak+1+end+1], true
}
