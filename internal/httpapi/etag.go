package httpapi

import (
	"net/http"
	"slices"
	"strings"
)

// Tags is the value of If-Match or If-None-Match: entity tags (RFC 9110, 8.8.3), or any. A nil Tags
// stands for an absent header.
type Tags struct {
	all  bool
	tags []string
}

// Match returns the request's If-Match, or nil. The route must list [IfMatch].
func Match(r *http.Request) *Tags { return tagsOf(r, IfMatch) }

// NoneMatch returns the request's If-None-Match, or nil. The route must list [IfNoneMatch].
func NoneMatch(r *http.Request) *Tags { return tagsOf(r, IfNoneMatch) }

func tagsOf(r *http.Request, name string) *Tags {
	given := r.Header.Values(name)
	if len(given) == 0 {
		return nil
	}
	t, _ := parseTags(given) // malformed headers were refused by the route
	return &t
}

// Admit reports whether what has the strong entity tag current may be changed: the request has no
// condition, or lists the tag. Weak tags never match (RFC 9110, 13.1.1).
func (t *Tags) Admit(current string) bool {
	return t == nil || t.all || slices.Contains(t.tags, current)
}

// Include reports whether the client has the version with the strong entity tag current. A weak tag
// matches the strong one (RFC 9110, 13.1.2).
func (t *Tags) Include(current string) bool {
	return t != nil && (t.all || slices.Contains(t.tags, current) || slices.Contains(t.tags, "W/"+current))
}

// parseTags parses "*" or the entity tags of all lines of a header.
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

// cutTag returns the entity tag at the beginning of the text, and the rest.
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
