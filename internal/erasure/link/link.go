// Package link makes and reads what lets a user delete their account by a mail: the sealed address
// that the mail goes to, and the token of its link. Both are encrypted, so neither an event nor a
// URL in a log has the address or the user's id.
package link

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/schema"
)

const (
	// Path is the path of the pages that links lead to. The token follows it.
	Path = "/v1/account-deletion/"
	// Life is how long a link works.
	Life = schema.DeletionLinkLife
	// maxToken is longer than the token of the longest uid (128 bytes) and address (254).
	maxToken = 1024
)

// Link is what the token of a link has.
type Link struct {
	// ID is that of the request for the link. An erasure that a link has begun remembers it.
	ID string `json:"id"`
	// UID is the user whose account it deletes, and Address their verified address at the time.
	UID     string `json:"uid"`
	Address string `json:"address"`
	// AskedAt is when the link was asked for.
	AskedAt time.Time `json:"askedAt"`
}

// Links makes and reads links. It is safe for concurrent use.
type Links struct {
	key  keys.Ring
	base string
}

// New returns links to pages below the base URL of the API. key is for keys.ForDeletions.
func New(baseURL string, key keys.Ring) (*Links, error) {
	if key.Len() == 0 {
		return nil, errors.New("there is no key of deletions")
	}
	base, err := url.Parse(baseURL)
	if err != nil || !strings.HasPrefix(base.Scheme, "http") || base.Host == "" || base.RawQuery+base.Fragment != "" {
		return nil, fmt.Errorf("the API's base URL %q is none", baseURL)
	}
	return &Links{key: key, base: strings.TrimSuffix(baseURL, "/")}, nil
}

// SealAddress returns the address for the event that asks for the mail with the link of the id.
func (l *Links) SealAddress(id, address string) (string, error) {
	return l.key.Seal(keys.DeletionAddress, address, id)
}

// OpenAddress returns the address that was sealed for the link of the id.
func (l *Links) OpenAddress(id, sealed string) (address string, ok bool) {
	return l.key.Open(keys.DeletionAddress, sealed, id)
}

// URL returns the page of the link, in the language.
func (l *Links) URL(made Link, lang string) (string, error) {
	text, err := json.Marshal(made)
	if err != nil {
		return "", fmt.Errorf("marshal a link of deletion: %w", err)
	}
	sealed, err := l.key.Seal(keys.DeletionLink, string(text), "")
	if err != nil {
		return "", fmt.Errorf("seal a link of deletion: %w", err)
	}
	return l.base + Path + sealed + "?lang=" + url.QueryEscape(lang), nil
}

// Open returns the link of the token. It reports false for a token that was not made here, and for
// one whose time is over.
func (l *Links) Open(token string, now time.Time) (made Link, ok bool) {
	if len(token) > maxToken {
		return Link{}, false
	}
	text, ok := l.key.Open(keys.DeletionLink, token, "")
	if !ok || json.Unmarshal([]byte(text), &made) != nil {
		return Link{}, false
	}
	return made, now.Before(made.AskedAt.Add(Life))
}
