package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/facescan/facescan/internal/client"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/notify"
)

const (
	// asleep is how long the demo's quiet hours go on after they are set.
	asleep = 2 * time.Hour
	// atNight is the number of photos that the user takes in them.
	atNight = 2
	// paced is longer than a notice with a score delays the next one.
	paced = 11 * time.Minute
)

// night has the user keep quiet hours and take photos in them. Their results wait for the end of
// the hours and come as one push and one mail. By the link in the mail the user then turns such
// mails off.
func night(ctx context.Context, w io.Writer, j *journey) error {
	ctx, cancel := context.WithTimeout(ctx, 2*journeyTimeout)
	defer cancel()
	now := j.host.Now().UTC()
	if err := j.client.KeepQuiet(ctx, now.Add(-time.Hour), now.Add(asleep)); err != nil {
		return fmt.Errorf("set quiet hours: %w", err)
	}
	pushes, mails := len(j.pushesTo()), len(j.mailsTo())
	told, err := j.client.Inbox(ctx)
	if err != nil {
		return err
	}
	for i := range atNight {
		if err := j.again(ctx, client.LooksOfRoom*(days+i)); err != nil {
			return err
		}
	}
	if err := j.toldOf(ctx, len(told)+atNight); err != nil {
		return err
	}
	title := fmt.Sprintf("%d results", atNight)
	quiet := len(j.pushesTo()) == pushes && len(j.mailsTo()) == mails
	if !quiet {
		return errors.New("quiet hours were not kept")
	}
	if err := j.host.MoveClock(asleep + time.Minute); err != nil {
		return err
	}
	mail, push, err := j.digest(ctx, title)
	if err != nil {
		return err
	}
	if err := unsubscribe(ctx, mail); err != nil {
		return err
	}
	set, err := j.client.Preferences(ctx)
	if err != nil {
		return err
	}
	if set.Kinds[string(notify.ScanCompleted)][string(notify.Email)] {
		return errors.New("the mails of results are still on")
	}
	return printNight(w, j, push, mail)
}

// toldOf waits until the inbox has so many items.
func (j *journey) toldOf(ctx context.Context, n int) error {
	_, err := client.Poll(ctx, func() (int, bool, error) {
		items, err := j.client.Inbox(ctx)
		return len(items), len(items) >= n, err
	})
	return err
}

// digest waits until a push and a mail with the title have come.
func (j *journey) digest(ctx context.Context, title string) (emulator.Mail, emulator.Push, error) {
	type both struct {
		mail *emulator.Mail
		push *emulator.Push
	}
	got, err := client.Poll(ctx, func() (both, bool, error) {
		var b both
		for _, p := range j.pushesTo() {
			if p.Title == title {
				b.push = &p
			}
		}
		for _, m := range j.mailsTo() {
			if m.Subject == title {
				b.mail = &m
			}
		}
		if b.push != nil && b.mail != nil {
			return b, true, nil
		}
		return b, false, j.host.RequestSweep(ctx) // the schedule's would come within a minute
	})
	if err != nil {
		return emulator.Mail{}, emulator.Push{}, fmt.Errorf("wait for %q: %w", title, err)
	}
	return *got.mail, *got.push, nil
}

func (j *journey) pushesTo() (all []emulator.Push) {
	for _, p := range j.host.Push.Messages() {
		if p.Token == j.device.Token {
			all = append(all, p)
		}
	}
	return all
}

func (j *journey) mailsTo() (all []emulator.Mail) {
	for _, m := range j.host.Mail.Messages() {
		if strings.Join(m.To, "") == j.client.Email {
			all = append(all, m)
		}
	}
	return all
}

// unsubscribe turns off such mails as a mail program does (RFC 8058): without a login.
func unsubscribe(ctx context.Context, m emulator.Mail) error {
	link := strings.Trim(m.Header.Get("List-Unsubscribe"), "<>")
	form := url.Values{"List-Unsubscribe": {"One-Click"}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, link, strings.NewReader(form.Encode()))
	if err != nil {
		return fmt.Errorf("the mail's link: %w", err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("unsubscribe: %w", err)
	}
	if err := resp.Body.Close(); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("unsubscribe: %s", resp.Status)
	}
	return nil
}

func printNight(w io.Writer, j *journey, p emulator.Push, m emulator.Mail) error {
	fmt.Fprintf(w, "\n%s's quiet hours: %d photos, nothing sent, and when they were over\n", j.username, atNight)
	t := tabwriter.NewWriter(w, 2, 0, 3, ' ', 0)
	fmt.Fprintf(t, "  push to %s\t%s\t%s\n", p.Token, p.Title, p.Body)
	fmt.Fprintf(t, "  mail to %s\t%s\t%d bytes of text, %d of HTML\n", m.To[0], m.Subject, len(m.Text), len(m.HTML))
	fmt.Fprintln(t, "  the mail's link, without a login\tno more mails of results")
	return t.Flush()
}
