package httpapi

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/facescan/facescan/internal/sentence"
)

// spoken is the language of the caller's account, once that has been read. It is nil before, and
// for an account whose locale is of no language of the sentences.
type spoken struct{ atomic.Pointer[sentence.Lang] }

type spokenKey struct{}

// withSpoken returns a context in which [Speak] can note a language.
func withSpoken(ctx context.Context) context.Context {
	return context.WithValue(ctx, spokenKey{}, new(spoken))
}

// Speak notes the locale of the caller's account for the rest of the request. Package account calls
// it wherever it reads the caller, so that no route can forget it, and none reads more for it.
func Speak(ctx context.Context, locale string) {
	of, ok := ctx.Value(spokenKey{}).(*spoken)
	if !ok {
		return // no request of a user, such as an event
	}
	if lang, ok := sentence.OfLocale(locale); ok {
		of.Store(&lang)
		return
	}
	of.Store(nil)
}

// Lang returns the language of the answer: that of the caller's account if it has been read, else
// that of Accept-Language (see package sentence for the reason).
func Lang(r *http.Request) sentence.Lang {
	if of, ok := r.Context().Value(spokenKey{}).(*spoken); ok {
		if lang := of.Load(); lang != nil {
			return *lang
		}
	}
	return sentence.Accepted(strings.Join(r.Header.Values("Accept-Language"), ","))
}

// setLang sets the headers of an answer in the language. The answer varies even if the account
// decided, since the account may have another locale, or none, the next time.
func setLang(w http.ResponseWriter, lang sentence.Lang) {
	w.Header().Set("Content-Language", string(lang))
	w.Header().Add("Vary", "Accept-Language")
}

// WriteIn is like [Write] for a value with sentences in the language of the answer, [Lang].
func WriteIn(w http.ResponseWriter, status int, lang sentence.Lang, value any) error {
	setLang(w, lang)
	return Write(w, status, value)
}
