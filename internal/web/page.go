// Package web serves pages for browsers.
package web

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
)

// Write answers with the status and an HTML page. The policy is its [Policy].
func Write(w http.ResponseWriter, status int, page []byte, policy string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", policy)
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(status)
	_, _ = w.Write(page) // the client may be gone
}

// Policy returns a content security policy that allows only the style that is embedded in the page,
// by its hash, and what the directives add. No other page may frame it.
func Policy(style string, directives ...string) string {
	all := append([]string{"default-src 'none'", "style-src " + SourceHash(style)}, directives...)
	return strings.Join(append(all, "base-uri 'none'", "frame-ancestors 'none'"), "; ")
}

// SourceHash returns the source of a policy that allows an embedded script or style.
func SourceHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return fmt.Sprintf("'sha256-%s'", base64.StdEncoding.EncodeToString(sum[:]))
}
