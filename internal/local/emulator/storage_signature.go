package emulator

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	v4Algorithm  = "GOOG4-RSA-SHA256"
	v4Time       = "20060102T150405Z"
	v4MaxExpires = 7 * 24 * time.Hour
	v4MaxSkew    = 15 * time.Minute // by which the signer's clock may be ahead
)

// isSigned reports whether a request carries a V4 signature in its query.
func isSigned(r *http.Request) bool { return r.URL.Query().Has("X-Goog-Algorithm") }

// verifyV4 checks the V4 signature of a signed URL, as
// https://cloud.google.com/storage/docs/authentication/canonical-requests describes it: well
// formed, not expired, and made by the account's key over exactly this method, path, query and
// these headers.
func verifyV4(r *http.Request, account string, key *rsa.PublicKey, now time.Time) *xmlError {
	query := r.URL.Query()
	if query.Get("X-Goog-Algorithm") != v4Algorithm {
		return malformed("x-goog-algorithm", "The only algorithm accepted here is "+v4Algorithm+".")
	}
	date, refusal := checkTime(query, now)
	if refusal != nil {
		return refusal
	}
	scope, refusal := checkCredential(query.Get("X-Goog-Credential"), account, date)
	if refusal != nil {
		return refusal
	}
	signed, refusal := checkSignedHeaders(r, query.Get("X-Goog-SignedHeaders"))
	if refusal != nil {
		return refusal
	}
	signature, err := hex.DecodeString(query.Get("X-Goog-Signature"))
	if err != nil || len(signature) == 0 {
		return malformed("x-goog-signature", "The signature is not hexadecimal.")
	}
	var canonical, toSign string
	for _, host := range signedHosts(r.Host) {
		canonical = canonicalRequest(r, host, signed)
		digest := sha256.Sum256([]byte(canonical))
		toSign = strings.Join([]string{v4Algorithm, query.Get("X-Goog-Date"), scope, hex.EncodeToString(digest[:])}, "\n")
		sum := sha256.Sum256([]byte(toSign))
		if rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature) == nil {
			return nil
		}
	}
	return &xmlError{
		status: http.StatusForbidden, Code: "SignatureDoesNotMatch",
		Message: "The request signature we calculated does not match the signature you provided. " +
			"Check your Google secret key and signing method.",
		StringToSign: toSign, CanonicalRequest: canonical,
	}
}

// checkTime checks X-Goog-Date and X-Goog-Expires and returns the day of the former. Signers date
// by the machine's time, and take the seconds from it to the end that they mean by the stack's
// clock. Where that is moved back the seconds are negative, so that they are taken from the clock
// instead.
func checkTime(query url.Values, now time.Time) (day string, refusal *xmlError) {
	signedAt, err := time.Parse(v4Time, query.Get("X-Goog-Date"))
	if err != nil {
		return "", malformed("x-goog-date", "The date is not of the form "+v4Time+".")
	}
	seconds, err := strconv.ParseInt(query.Get("X-Goog-Expires"), 10, 64)
	expires, begins := signedAt.Add(time.Duration(seconds)*time.Second), signedAt
	if moved := time.Until(now).Round(time.Second); err == nil && seconds < 0 && moved < 0 {
		begins, seconds = begins.Add(moved), max(0, seconds-int64(moved/time.Second))
	}
	if err != nil || seconds < 0 || seconds > int64(v4MaxExpires/time.Second) {
		return "", malformed("x-goog-expires", "The number of seconds is not between 0 and 604800.")
	}
	switch {
	case now.After(expires):
		return "", &xmlError{
			status: http.StatusBadRequest, Code: "ExpiredToken", Message: "The provided token has expired.",
			Details: "Request signature expired at: " + expires.Format(time.RFC3339),
		}
	case now.Add(v4MaxSkew).Before(begins):
		return "", accessDenied("The request is not valid yet: it was signed for " + signedAt.Format(time.RFC3339))
	}
	return signedAt.Format("20060102"), nil
}

// checkCredential checks ACCOUNT/DAY/LOCATION/storage/goog4_request and returns what follows the
// account, the scope.
func checkCredential(credential, account, day string) (scope string, refusal *xmlError) {
	owner, scope, _ := strings.Cut(credential, "/")
	parts := strings.Split(scope, "/")
	if len(parts) != 4 || parts[0] != day || parts[2] != "storage" || parts[3] != "goog4_request" {
		return "", malformed("x-goog-credential", "The credential scope is not DATE/LOCATION/storage/goog4_request.")
	}
	if owner != account {
		return "", accessDenied(fmt.Sprintf("%s has no key here; %s signs.", owner, account))
	}
	return scope, nil
}

// checkSignedHeaders returns the names of the signed headers, after checking that they are listed
// as they should be, that the request has them all, and that it has no x-goog header beyond them:
// those change what a request does.
func checkSignedHeaders(r *http.Request, list string) ([]string, *xmlError) {
	names := strings.Split(list, ";")
	if list != strings.ToLower(list) || !slices.IsSorted(names) || !slices.Contains(names, "host") {
		return nil, malformed("x-goog-signedheaders", "The names are not in lower case, sorted and with host.")
	}
	for _, name := range names {
		if name != "host" && len(r.Header.Values(name)) == 0 {
			return nil, malformed(name, "Header was included in signedheaders, but not in the request.")
		}
	}
	for name := range r.Header {
		name = strings.ToLower(name)
		if strings.HasPrefix(name, "x-goog-") && !slices.Contains(names, name) {
			return nil, malformed(name, "Header was included in the request, but not in signedheaders.")
		}
	}
	return names, nil
}

// signedHosts returns the values the signer may have used for the host header. Production's has no
// port. The Go client leaves the port of an emulator out, other clients sign it.
func signedHosts(host string) []string {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		return []string{host}
	}
	return []string{name, host}
}

// canonicalRequest writes the request in the form that is signed.
func canonicalRequest(r *http.Request, host string, signed []string) string {
	query := r.URL.Query()
	query.Del("X-Goog-Signature")
	lines := []string{
		r.Method,
		canonicalPath(r.URL.Path),
		strings.ReplaceAll(query.Encode(), "+", "%20"),
	}
	for _, name := range signed {
		value := host
		if name != "host" {
			value = canonicalValue(r.Header.Values(name))
		}
		lines = append(lines, name+":"+value)
	}
	payload := r.Header.Get("X-Goog-Content-SHA256")
	if payload == "" {
		payload = "UNSIGNED-PAYLOAD"
	}
	return strings.Join(append(lines, "", strings.Join(signed, ";"), payload), "\n")
}

// canonicalPath escapes everything in a path but its slashes and the unreserved characters.
func canonicalPath(path string) string {
	escaped := strings.ReplaceAll(url.QueryEscape(path), "+", "%20")
	return strings.ReplaceAll(escaped, "%2F", "/")
}

// canonicalValue joins the values of a header by commas, with all runs of white space made one
// blank.
func canonicalValue(values []string) string {
	trimmed := make([]string, len(values))
	for i, v := range values {
		trimmed[i] = strings.Join(strings.Fields(v), " ")
	}
	return strings.Join(trimmed, ",")
}
