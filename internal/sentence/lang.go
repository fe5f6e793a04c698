package sentence

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
)

// spoken is the language of the caller's account, once that has been read. It is nil before, and
// for an account whose locale is of no language of the sentences.
type spoken struct{ atomic.Pointer[Lang] }

type spokenKey struct{}

// With returns a context in which [Speak] can note the language of a request's caller.
func With(ctx context.Context) context.Context {
	return context.WithValue(ctx, spokenKey{}, new(spoken))
}

// Speak notes the locale of the caller's account for the rest of the request. Package account calls
// it wherever it reads the caller, so that no route can forget it, and none reads more for it.
func Speak(ctx context.Context, locale string) {
	of, ok := ctx.Value(spokenKey{}).(*spoken)
	if !ok {
		return // no request of a user, such as an event
	}
	if lang, ok := OfLocale(locale); ok {
		of.Store(&lang)
		return
	}
	of.Store(nil)
}

// OfAnswer returns the language of the answer to the request: that of the caller's account if it
// has been read, else that of Accept-Language.
func OfAnswer(r *http.Request) Lang {
	if of, ok := r.Context().Value(spokenKey{}).(*spoken); ok {
		if lang := of.Load(); lang != nil {
			return *lang
		}
	}
	return Accepted(strings.Join(r.Header.Values("Accept-Language"), ","))
}

// SetHeader sets the headers of an answer in the language. The answer varies even if the account
// decided, since the account may have another locale, or none, the next time.
func SetHeader(header http.Header, lang Lang) {
	header.Set("Content-Language", string(lang))
	header.Add("Vary", "Accept-Language")
}
