package inbox

import (
	"bytes"
	"context"
	"crypto/rand"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/notify"
	"github.com/facescan/facescan/internal/sentence"
	"github.com/facescan/facescan/internal/web"
)

//go:embed unsubscribe.html
var unsubscribeHTML string

var unsubscribeTemplate = template.Must(template.New("unsubscribe").Parse(unsubscribeHTML))

const unsubscribeStyle = `:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; margin: 0; }
main { max-width: 32rem; margin: 0 auto; padding: 1rem; }
button { font: inherit; padding: .5rem 1rem; }`

// The one pair that a form of unsubscribing has (RFC 8058, section 3.1).
const (
	oneClickName  = "List-Unsubscribe"
	oneClickValue = "One-Click"
)

// askUnsubscribe answers the page that asks whether to turn mails off. Programs that look at the
// links in mails come here, too, so that it changes nothing, and does not look at the token.
func (h *Handler) askUnsubscribe(w http.ResponseWriter, r *http.Request) error {
	return writeUnsubscribe(w, r, "ask", "button")
}

// unsubscribe turns the mails of the token's kinds off. The answer is the same for a token that is
// good, has been used, is none, or is of a user who is gone. So it does not tell who exists. Each
// costs one read of the database.
func (h *Handler) unsubscribe(w http.ResponseWriter, r *http.Request) error {
	form, err := httpapi.ReadTexts(w, r)
	if err != nil {
		return err
	}
	if form.Get(oneClickName) != oneClickValue {
		return fault.New(fault.CodeInvalidField, "The form is not that of unsubscribing.").
			WithField("/"+oneClickName, "must be %s", oneClickValue)
	}
	uid, kinds, ok := h.Unsubscriber.Open(r.PathValue("token"))
	if !ok {
		uid = account.UID(rand.Text()) // of no user
	}
	if err := h.turnMailsOff(r.Context(), uid, kinds); err != nil {
		return err
	}
	return writeUnsubscribe(w, r, "done", "")
}

// turnMailsOff turns the mails of the kinds off for the user, if there is such a user.
func (h *Handler) turnMailsOff(ctx context.Context, uid account.UID, kinds []notify.Kind) error {
	off := false
	row := map[string]httpapi.Member[bool]{string(notify.Email): {Given: true, Value: &off}}
	patch := kindsPatch{}
	for _, k := range kinds {
		patch[string(k)] = httpapi.Member[map[string]httpapi.Member[bool]]{Given: true, Value: &row}
	}
	_, err := h.prefer(ctx, uid, func(p account.Notifications) (account.Notifications, error) {
		var err error
		p.Cells, err = patch.apply(p.Cells)
		return p, err
	})
	var refused *fault.Error
	if errors.As(err, &refused) && refused.Code.Kind() == fault.Forbidden {
		return nil
	}
	return err
}

// writeUnsubscribe answers the page with the text and the button of these names, in the language of
// the link or else of the browser.
func writeUnsubscribe(w http.ResponseWriter, r *http.Request, text, button string) error {
	l := notify.Lang(r.URL.Query().Get("lang"))
	if !slices.Contains(notify.Langs, l) {
		l = notify.LangOf(strings.Join(r.Header.Values("Accept-Language"), ","))
	}
	said := map[string]string{}
	for _, name := range []string{"title", text, button} {
		if name == "" {
			continue
		}
		var err error
		if said[name], err = notify.Phrase(l, "unsubscribe/"+name); err != nil {
			return err
		}
	}
	var page bytes.Buffer
	err := unsubscribeTemplate.Execute(&page, struct {
		Lang                notify.Lang
		Style               template.CSS
		Title, Text, Button string
	}{l, unsubscribeStyle, said["title"], said[text], said[button]})
	if err != nil {
		return fmt.Errorf("render the page of unsubscribing: %w", err)
	}
	w.Header().Set("X-Robots-Tag", "noindex")
	sentence.SetHeader(w.Header(), sentence.Lang(l))
	web.Write(w, http.StatusOK, page.Bytes(), web.Policy(unsubscribeStyle, "form-action 'self'"))
	return nil
}
