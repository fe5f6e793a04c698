package operator

import (
	"net/http"
	"strings"
	"time"

	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/faults"
	"github.com/facescan/facescan/internal/local/mailbox"
)

// shownSent is how many mails, and how many pushes, an answer has at most.
const shownSent = 100

// mailView is a mail. Its page has what its HTML shows.
type mailView struct {
	Number  int    `json:"number"`
	From    string `json:"from"`
	To      string `json:"to"`
	Date    string `json:"date"`
	Subject string `json:"subject"`
	Text    string `json:"text"`
	Page    string `json:"page"`
}

// pushView is a push message.
type pushView struct {
	Number   int               `json:"number"`
	Title    string            `json:"title"`
	Body     string            `json:"body"`
	Token    string            `json:"token"`
	Data     map[string]string `json:"data"`
	Priority string            `json:"priority,omitempty"`
	TTL      string            `json:"ttl,omitempty"`
	Collapse string            `json:"collapse,omitempty"`
}

// sent answers with the mails and the pushes, the last ones first.
func (d *Desk) sent(*http.Request) (any, error) {
	mails, pushes := d.stack.Mails(), d.stack.Pushes()
	return struct {
		Mails      []mailView `json:"mails"`
		Pushes     []pushView `json:"pushes"`
		MailCount  int        `json:"mailCount"`
		PushCount  int        `json:"pushCount"`
		MailsPage  string     `json:"mailsPage"`
		PushesPage string     `json:"pushesPage"`
	}{
		lastFirst(mails, func(number int, m emulator.Mail) mailView {
			return mailView{
				Number: number, From: m.Header.Get("From"), To: strings.Join(m.To, ", "), Date: mailDate(m),
				Subject: m.Subject, Text: m.Text, Page: mailbox.MailPage(number),
			}
		}),
		lastFirst(pushes, func(number int, p emulator.Push) pushView {
			return pushView{
				Number: number, Title: p.Title, Body: p.Body, Token: p.Token, Data: p.Data, Priority: p.Priority,
				TTL: p.TTL, Collapse: p.CollapseKey,
			}
		}),
		len(mails), len(pushes), mailbox.MailPath, mailbox.PushPath,
	}, nil
}

func mailDate(m emulator.Mail) string {
	at, err := m.Header.Date()
	if err != nil {
		return ""
	}
	return at.UTC().Format(time.RFC3339)
}

func lastFirst[T, V any](all []T, view func(number int, one T) V) []V {
	views := []V{}
	for i := len(all) - 1; i >= 0 && len(views) < shownSent; i-- {
		views = append(views, view(i+1, all[i]))
	}
	return views
}

// faults answers with what fails on purpose, and with what can.
func (d *Desk) faults(*http.Request) (any, error) {
	type seam struct {
		Name  faults.Seam   `json:"name"`
		Kinds []faults.Kind `json:"kinds"`
	}
	var seams []seam
	for _, name := range faults.Seams() {
		seams = append(seams, seam{name, faults.KindsOf(name)})
	}
	return struct {
		Seams  []seam        `json:"seams"`
		Spec   string        `json:"spec"`
		Seed   uint64        `json:"seed"`
		Counts faults.Counts `json:"counts"`
	}{seams, d.stack.Faults.Spec().String(), d.stack.Faults.Seed(), d.stack.Faults.Counts()}, nil
}

// setFaults replaces the faults by those of "spec".
func (d *Desk) setFaults(r *http.Request) (any, error) {
	in, err := read[struct {
		Spec string `json:"spec"`
	}](r)
	if err != nil {
		return nil, err
	}
	spec, err := faults.Parse(in.Spec)
	if err != nil {
		return nil, refusal{http.StatusBadRequest, err.Error()}
	}
	d.stack.Faults.Set(spec)
	return d.faults(r)
}
