// Package crossorigin has the rules of CORS, which production and the local stack have in common.
package crossorigin

import "time"

// Rules are what pages of the admitted web origins may do across origins, in the terms of the
// Fetch standard's CORS protocol. An operator's setting says which origins are admitted; it is
// empty by default, since mobile apps need none.
//
// It is said here once: the functions answer preflights by [API], Terraform gives the
// buckets the rules of the others, by catalog.json, and the local Cloud Storage applies the same.
type Rules struct {
	// Methods are those of the requests.
	Methods []string
	// Headers are the request headers that a page may set, beside the safelisted ones.
	Headers []string
	// Exposed are the response headers that a page may read, beside the safelisted ones.
	Exposed []string
	// MaxAge is how long a browser may remember the answer to a preflight, in whole seconds.
	MaxAge time.Duration
}

// remembered is below what Chromium, with two hours, and Firefox, with a day, cut the time to.
const remembered = time.Hour

// API returns the rules of the API. No rule admits credentials, as the API has no
// cookies. The headers of traces and X-Request-Id are what instrumented pages send by themselves.
func API() Rules {
	return Rules{
		Methods: []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"},
		Headers: []string{
			"Authorization", "X-Firebase-AppCheck", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match",
			"traceparent", "tracestate", "baggage", "X-Request-Id",
		},
		Exposed: []string{"X-Request-Id", "ETag", "Location", "Retry-After", "RateLimit", "RateLimit-Policy"},
		MaxAge:  remembered,
	}
}

// Uploads returns the rules of the bucket of photos, to which a page puts a photo by a
// ticket's URL with a ticket's headers, and from which it gets the original by a link.
func Uploads() Rules {
	return bucketRules(
		[]string{"PUT", "GET", "HEAD"},
		"Content-Type", "X-Goog-Content-Length-Range", "X-Goog-If-Generation-Match", "X-Goog-Meta-Owner",
		"X-Goog-Meta-Traceparent",
	)
}

// Results returns the rules of the bucket of pictures and exports, which a page gets by
// links.
func Results() Rules {
	return bucketRules([]string{"GET", "HEAD"}, "Content-Type")
}

// bucketRules returns the rules of a bucket. Cloud Storage has one list, responseHeader, for the
// headers of requests and of responses alike (https://cloud.google.com/storage/docs/cross-origin).
func bucketRules(methods []string, headers ...string) Rules {
	return Rules{Methods: methods, Headers: headers, Exposed: headers, MaxAge: remembered}
}
