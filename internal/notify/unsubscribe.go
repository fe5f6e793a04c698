package notify

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/keys"
)

const (
	// UnsubscribePath is the path of the pages that turn mails off. The token follows it.
	UnsubscribePath = "/v1/unsubscribe/"
	// keyID is the length of what tells the secrets apart at the beginning of a token.
	keyID = 4
	// maxToken is longer than the token of the longest uid and all kinds.
	maxToken = 512
)

// Unsubscriber makes and reads the tokens of links that turn mails off. A token is encrypted, so
// that neither a user's id nor what they get is in a mail's header. It has no end, since RFC 8058
// expects a link to work for as long as the mail is kept, and turns off no more than mails.
type Unsubscriber struct {
	key  keys.Ring
	base string
}

// NewUnsubscriber returns one for pages below the base URL of the API. key is for
// keys.ForUnsubscribing; it has earlier secrets until the mails with their links are old.
func NewUnsubscriber(baseURL string, key keys.Ring) (*Unsubscriber, error) {
	if key.Len() == 0 {
		return nil, errors.New("there is no key of unsubscribing")
	}
	base, err := url.Parse(baseURL)
	if err != nil || !strings.HasPrefix(base.Scheme, "http") || base.Host == "" || base.RawQuery+base.Fragment != "" {
		return nil, fmt.Errorf("the API's base URL %q is none", baseURL)
	}
	return &Unsubscriber{key: key, base: strings.TrimSuffix(baseURL, "/")}, nil
}

// URL returns the page that turns the mails of the kinds off for the user, in the language.
func (u *Unsubscriber) URL(uid account.UID, kinds []Kind, l Lang) (string, error) {
	parts := []string{string(uid)}
	for _, k := range kinds {
		parts = append(parts, string(k))
	}
	sealed, err := u.key.Seal(keys.Unsubscribe, strings.Join(parts, "\x00"), "")
	if err != nil {
		return "", fmt.Errorf("seal a token of unsubscribing: %w", err)
	}
	return u.base + UnsubscribePath + idOf(u.key) + sealed + "?lang=" + string(l), nil
}

// Open returns whose mails of which kinds the token turns off. It reports false for a token that
// was not made with a key that is valid. Kinds that there are no more, or that cannot be turned
// off, are left out.
func (u *Unsubscriber) Open(token string) (uid account.UID, kinds []Kind, ok bool) {
	if len(token) <= keyID || len(token) > maxToken {
		return "", nil, false
	}
	rings := u.key.Each()
	i := slices.IndexFunc(rings, func(k keys.Ring) bool { return idOf(k) == token[:keyID] })
	if i < 0 {
		return "", nil, false
	}
	text, ok := rings[i].Open(keys.Unsubscribe, token[keyID:], "")
	if !ok {
		return "", nil, false
	}
	parts := strings.Split(text, "\x00")
	for _, name := range parts[1:] {
		if r, known := RuleOf(Kind(name)); known && r.Has(Email) && !r.Critical {
			kinds = append(kinds, r.Kind)
		}
	}
	return account.UID(parts[0]), kinds, true
}

// idOf returns what tells the secret apart.
func idOf(k keys.Ring) string { return k.ID(keys.Unsubscribe, "key")[:keyID] }
