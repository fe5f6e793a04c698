package notify

import (
	"fmt"
	htmltemplate "html/template"
	"strings"
	"text/template"
	"time"

	"github.com/facescan/facescan/internal/event"
)

var (
	letterText = template.Must(template.ParseFS(files, "templates/mail.txt.tmpl"))
	letterHTML = htmltemplate.Must(htmltemplate.ParseFS(files, "templates/mail.html.tmpl"))
)

// mailed is the number of notices that the mail of a digest has in full. The app has the others.
const mailed = 20

// Letter is the content of a mail.
type Letter struct {
	Subject string
	// Text and HTML are two forms of the same content.
	Text, HTML string
}

// NewLetter returns the mail of one text. unsubscribe is the page that turns such mails off, or ""
// for a critical notice.
func NewLetter(t Text, unsubscribe string) (Letter, error) {
	return newLetter(letter{Lang: t.Lang, Title: t.Title, Parts: []Text{{Body: t.Body}}, Unsubscribe: unsubscribe})
}

// LastLetter returns the last mail to a user, in the language of the locale: the account is being
// erased, and the receipt will be at the URL.
func LastLetter(locale, receiptURL string) (Letter, error) {
	t, err := write(LangOf(locale), event.AccountErasureRequestedV1{}.EventType(), facts{URL: receiptURL})
	if err != nil {
		return Letter{}, err
	}
	return newLetter(letter{Lang: t.Lang, Title: t.Title, Parts: []Text{{Body: t.Body}}, Last: true})
}

// DeletionLetter returns the mail with the page that deletes the account, in the language of the
// locale. The page works for a time of whole minutes. The mail is sent on a request that anybody
// can make, so it has no greeting by name and says what to do if it was not asked for.
func DeletionLetter(locale, page string, life time.Duration) (Letter, error) {
	minutes := int(life.Minutes())
	t, err := write(LangOf(locale), event.AccountDeletionAskedV1{}.EventType(), facts{URL: page, Count: minutes})
	if err != nil {
		return Letter{}, err
	}
	return newLetter(letter{Lang: t.Lang, Title: t.Title, Parts: []Text{{Body: t.Body}}, Last: true})
}

// letter is the data of the mail templates.
type letter struct {
	Lang  Lang
	Title string
	// Parts are the paragraphs, of a digest each with a title.
	Parts []Text
	// More is the number of notices that have no part.
	More int
	// Last leaves out what needs an account: there is nothing to open or to turn off any more.
	Last        bool
	Unsubscribe string
}

// Preheader is what mail programs show beside the subject, before the mail is opened. Without it
// they show the title once more.
func (l letter) Preheader() string { return l.Parts[0].Body }

// Say returns a fixed phrase of the mail in its language.
func (l letter) Say(name string) (string, error) {
	return render(l.Lang, "mail/"+name, struct{ More int }{l.More})
}

func newLetter(l letter) (Letter, error) {
	var text, html strings.Builder
	if err := letterText.Execute(&text, l); err != nil {
		return Letter{}, fmt.Errorf("render the mail's text: %w", err)
	}
	if err := letterHTML.Execute(&html, l); err != nil {
		return Letter{}, fmt.Errorf("render the mail's HTML: %w", err)
	}
	return Letter{Subject: l.Title, Text: text.String(), HTML: html.String()}, nil
}
