package notify

import (
	"errors"
	"fmt"
	htmltemplate "html/template"
	"strings"
	"text/template"
)

var (
	letterText = template.Must(template.ParseFS(files, "templates/mail.txt.tmpl"))
	letterHTML = htmltemplate.Must(htmltemplate.ParseFS(files, "templates/mail.html.tmpl"))
)

// Letter is the content of a mail.
type Letter struct {
	Subject string
	// Text and HTML are two forms of the same content.
	Text, HTML string
}

// Letter returns the message as a mail.
func (m Message) Letter() (Letter, error) { return newLetter(content{Title: m.Title, Body: m.Body}) }

// LastLetter returns the last mail to a user: the account is being erased, and the receipt will be
// at the URL.
func LastLetter(receiptURL string) (Letter, error) {
	const kind = "account.erasure-requested.v1"
	title, titleErr := render(kind+"/title", nil)
	body, bodyErr := render(kind+"/body", struct{ URL string }{receiptURL})
	if err := errors.Join(titleErr, bodyErr); err != nil {
		return Letter{}, err
	}
	return newLetter(content{Title: title, Body: body, Last: true})
}

// content is the data of the mail templates.
type content struct {
	Title, Body string
	// Last leaves out what needs an account: there is nothing to open or to turn off any more.
	Last bool
}

func newLetter(c content) (Letter, error) {
	var text, html strings.Builder
	if err := letterText.Execute(&text, c); err != nil {
		return Letter{}, fmt.Errorf("render the mail's text: %w", err)
	}
	if err := letterHTML.Execute(&html, c); err != nil {
		return Letter{}, fmt.Errorf("render the mail's HTML: %w", err)
	}
	return Letter{Subject: c.Title, Text: text.String(), HTML: html.String()}, nil
}
