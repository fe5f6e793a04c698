package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/facescan/facescan/internal/client"
	"github.com/facescan/facescan/internal/client/api"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/host"
)

// journeyTimeout bounds one user's way from sign-up to the last notification.
const journeyTimeout = 60 * time.Second

// birthYear is what every user of a journey declares.
const birthYear = 1990

// leg is one step of a journey and how long it took.
type leg struct {
	name string
	took time.Duration
}

// journey is one user's way through the app.
type journey struct {
	host     *host.Host
	client   *client.Client
	device   api.Registration_Device
	username string // "" takes none
	// contributions is how many of the user's scans and series count on the board.
	contributions int
	photo         []byte
	contentType   api.UploadRequestContentType

	scan  api.Scan
	legs  []leg
	mails []emulator.Mail
	push  []emulator.Push
}

// run goes from sign-up to the last notification, and fails at the first step that does not come
// about.
func (j *journey) run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, journeyTimeout)
	defer cancel()
	for _, step := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"sign up", func(ctx context.Context) error { _, err := j.client.SignUp(ctx); return err }},
		{"verify e-mail, log in", j.client.VerifyEmail},
		{"register", func(ctx context.Context) error { return j.client.Register(ctx, j.username, j.device) }},
		{"birth year", func(ctx context.Context) error { return j.client.Declare(ctx, birthYear) }},
		{"consent", j.client.Consent},
		{"username, leaderboard", j.join},
		{"upload", j.upload},
		{"analysis (long poll)", j.await},
		{"welcome: inbox, push, mail", func(ctx context.Context) error { return j.notified(ctx, "account.registered") }},

		{"result: inbox, push, mail", func(ctx context.Context) error { return j.notified(ctx, "scan.completed") }},
		{"leaderboard", j.ranked},
	} {
		started := time.Now()
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("%s: %s: %w", j.client.Email, step.name, err)
		}
		j.legs = append(j.legs, leg{step.name, time.Since(started)})
	}
	return nil
}

func (j *journey) join(ctx context.Context) error {
	if j.username == "" {
		return nil
	}
	if err := j.client.Username(ctx, j.username); err != nil {
		return err
	}
	return j.client.OptIn(ctx, true)
}

func (j *journey) upload(ctx context.Context) error {
	opened, err := j.client.Open(ctx, "first", j.contentType)
	if err != nil {
		return err
	}
	j.scan = opened.Scan
	if opened.Upload == nil {
		return fmt.Errorf("scan %s is %s and takes no photo", j.scan.ID, j.scan.State)
	}
	return j.client.Put(ctx, opened.Upload, j.photo)
}

// again takes another look of the journey's photo and waits until it is measured and ranked.
func (j *journey) again(ctx context.Context, look int) error {
	ctx, cancel := context.WithTimeout(ctx, journeyTimeout)
	defer cancel()
	photo, err := client.Look(j.photo, look)
	if err != nil {
		return err
	}
	opened, err := j.client.Open(ctx, fmt.Sprintf("look-%d", look), api.UploadRequestContentTypeImageJpeg)
	if err != nil {
		return err
	}
	if err := j.client.Put(ctx, opened.Upload, photo); err != nil {
		return err
	}
	s, err := j.client.AwaitScan(ctx, opened.Scan.ID)
	if err != nil || s.Result == nil || !s.Result.Rankable || j.username == "" {
		return err
	}
	return j.counted(ctx)
}

func (j *journey) await(ctx context.Context) error {
	var err error
	j.scan, err = j.client.AwaitScan(ctx, j.scan.ID)
	if err != nil {
		return err
	}
	if failure := j.scan.Failure; failure != nil {
		advice := make([]string, len(failure.Fixes))
		for i, fix := range failure.Fixes {
			advice[i] = fix.Detail
		}
		return fmt.Errorf("the scan failed: %s: %s %s", failure.Code, failure.Detail, strings.Join(advice, " "))
	}
	if j.scan.Result == nil {
		return fmt.Errorf("the scan ended as %s", j.scan.State)
	}
	return nil
}

// notified waits for the inbox entry, the push and the mail of one kind of event.
func (j *journey) notified(ctx context.Context, kind string) error {
	entry, err := client.Poll(ctx, func() (api.InboxItem, bool, error) {
		entries, err := j.client.Inbox(ctx)
		for _, n := range entries {
			if strings.HasPrefix(n.Type, kind) {
				return n, true, err
			}
		}
		return api.InboxItem{}, false, err
	})
	if err != nil {
		return fmt.Errorf("inbox: %w", err)
	}
	push, err := j.host.Push.Wait(
		ctx, func(p emulator.Push) bool { return p.Token == j.device.Token && p.Title == entry.Title },
	)
	if err != nil {
		return fmt.Errorf("push %q: %w", entry.Title, err)
	}
	mail, err := j.host.Mail.Wait(ctx, func(m emulator.Mail) bool {
		return strings.Join(m.To, "") == j.client.Email && m.Subject == entry.Title
	})
	if err != nil {
		return fmt.Errorf("mail %q: %w", entry.Title, err)
	}
	j.push, j.mails = append(j.push, push), append(j.mails, mail)
	return nil
}

// ranked waits for the user's place on the board, which follows the result by an event.
func (j *journey) ranked(ctx context.Context) error {
	if j.username == "" || !j.scan.Result.Rankable {
		return nil
	}
	return j.counted(ctx)
}

// counted waits until one more of the user's scans and series counts on the board.
func (j *journey) counted(ctx context.Context) error {
	j.contributions++
	_, err := client.Poll(ctx, func() (api.Standing, bool, error) {
		standing, err := j.client.Standing(ctx, client.MainBoard)
		return standing, standing.Entry != nil && standing.Entry.ScanCount >= j.contributions, err
	})
	return err
}
