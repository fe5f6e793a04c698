package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/facescan/facescan/internal/client"
	"github.com/facescan/facescan/internal/client/api"
	"github.com/facescan/facescan/internal/face"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/local/host"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/testphoto"
	"github.com/facescan/facescan/scripts/local/preflight"
)

// runDemo acts as the app of two users on the whole system. It fails unless all of it happened.
func runDemo(ctx context.Context, c preflight.Command) error {
	first, second, err := photos(ctx, c.Photo)
	if err != nil {
		return ended(ctx, err)
	}
	started := time.Now()
	return withHost(ctx, c, func(ctx context.Context, h *host.Host) error {
		up := time.Since(started)
		if err := journeys(ctx, h, first, second); err != nil {
			return err
		}
		fmt.Printf("\nAll of it happened: emulators and functions up in %.1f s, the demo in %.1f s.\n",
			up.Seconds(), time.Since(started).Seconds())
		fmt.Println("To see the same in a browser: make run SEED=1, and open the console, which it names first.")
		return nil
	})
}

// journeys runs what the two users do, from sign-up to the export of one and the erasure of the
// other.
func journeys(ctx context.Context, h *host.Host, first, second []byte) error {
	users := []*journey{user(h, "ada", first), user(h, "grace", second)}
	for _, j := range users {
		if err := j.run(ctx); err != nil {
			return err
		}
	}
	// Else the notice of the series would wait, as one that follows another soon.
	if err := h.MoveClock(paced); err != nil {
		return err
	}
	series, err := users[0].takeSeries(ctx)
	if err != nil {
		return err
	}
	if err := moreDays(ctx, h, users); err != nil {
		return err
	}
	if err := describe(ctx, os.Stdout, users, series); err != nil {
		return err
	}
	if err := night(ctx, os.Stdout, users[0]); err != nil {
		return fmt.Errorf("quiet hours: %w", err)
	}
	if err := takeAway(ctx, os.Stdout, users[0]); err != nil {
		return err
	}
	return erase(ctx, os.Stdout, users[1])
}

// moreDays moves the clock on by two days, on each of which the users take another photo, in
// another room. From three days on others see a rating.
func moreDays(ctx context.Context, h *host.Host, users []*journey) error {
	for day := range days - 1 {
		if err := h.MoveClock(24 * time.Hour); err != nil {
			return err
		}
		for _, j := range users {
			if err := j.again(ctx, client.LooksOfRoom*(1+day)); err != nil {
				return fmt.Errorf("%s: %d days later: %w", j.client.Email, day+1, err)
			}
		}
	}
	return shown(ctx, users)
}

// shown waits until the board shows the users whom others may see. It is counted anew some seconds
// after it was looked at.
func shown(ctx context.Context, users []*journey) error {
	ctx, cancel := context.WithTimeout(ctx, journeyTimeout)
	defer cancel()
	seen := 0
	for _, j := range users {
		if j.contributions >= days {
			seen++
		}
	}
	_, err := client.Poll(ctx, func() (api.BoardPage, bool, error) {
		top, err := users[0].client.Top(ctx, client.MainBoard, "")
		return top, len(top.Items) >= seen, err
	})
	return err
}

// days is how many days the demo's users take photos on.
const days = 3

func user(h *host.Host, name string, photo []byte) *journey {
	return &journey{
		host: h, username: name, photo: photo, contentType: api.UploadRequestContentType(http.DetectContentType(photo)),
		client: &client.Client{
			URL: h.URL, AuthHost: h.AuthHost, Email: name + "@example.com", Password: "correct horse " + name,
		},
		device: device(name+"-phone", "token-of-"+name),
	}
}

func device(id, token string) api.Registration_Device {
	return api.Registration_Device{ID: id, Token: token, Platform: api.DevicePlatformAndroid}
}

// photos returns the first user's photo and the second's: a given one twice, or the sample and a
// widened copy of it.
func photos(ctx context.Context, given string) (first, second []byte, err error) {
	if given != "" {
		first, err = os.ReadFile(given) //nolint:gosec // reading the file that is named is the purpose
		if err != nil {
			return nil, nil, fmt.Errorf("read the photo: %w", err)
		}
		return first, first, measurable(given, first)
	}
	first, err = testphoto.Sample(ctx)
	if err != nil {
		return nil, nil, err
	}
	second, err = client.Stretch(first, 1.05)
	return first, second, err
}

// measurable asks the engine itself whether it would refuse the photo, before anything is started
// for it.
func measurable(name string, photo []byte) error {
	_, err := face.Analyze(bytes.NewReader(photo), report.Options{MaxBytes: scan.MaxBytes})
	var refusal *report.Refusal
	if errors.As(err, &refusal) {
		advice := strings.Join(append([]string{refusal.Detail}, refusal.Fixes...), " ")
		return fmt.Errorf("the photo %q cannot be measured: %s: %s", name, refusal.Code, advice)
	}
	return err
}

func describe(ctx context.Context, w io.Writer, journeys []*journey, series api.Series) error {
	for _, j := range journeys {
		if err := printScan(w, j); err != nil {
			return err
		}
	}
	if err := printSeries(w, journeys[0], series); err != nil {
		return err
	}
	if err := befriend(ctx, journeys[0], journeys[1]); err != nil {
		return err
	}
	if err := printBoards(ctx, w, journeys[0]); err != nil {
		return err
	}
	for _, j := range journeys {
		if err := printNotifications(ctx, w, j); err != nil {
			return err
		}
	}
	return printLegs(w, journeys)
}

func printScan(w io.Writer, j *journey) error {
	r := j.scan.Result
	fmt.Fprintf(w, "\n%s: scan %s, engine %s\n", j.username, j.scan.ID, r.Engine)
	t := tabwriter.NewWriter(w, 2, 0, 3, ' ', 0)
	fmt.Fprintln(t, "  metric\tvalue\tunit\tinterval")
	fmt.Fprintf(t, "  symmetry score\t%.1f\tpercentile\t%.1f to %.1f\n", r.Score.Value, r.Score.Lo, r.Score.Hi)
	for _, m := range r.Metrics {
		fmt.Fprintf(t, "  %s\t%.3f\t%s\t%.3f to %.3f\n", m.Metric, m.Value, m.Unit, m.Lo, m.Hi)
	}
	fmt.Fprintln(t,
		"  The score is a percentile of the reference portraits; the mean of this person's photos lies in its interval\n"+
			"  with a probability of 95 %.")
	for _, because := range r.NotRankableBecause {
		fmt.Fprintf(t, "  not ranked\t%s\n", because.Detail)
	}
	for _, fix := range r.Fixes {
		fmt.Fprintf(t, "  next time\t%s\n", fix.Detail)
	}
	return t.Flush()
}

// befriend makes the users friends, by the code of the first.
func befriend(ctx context.Context, one, other *journey) error {
	code, err := one.client.FriendCode(ctx)
	if err != nil {
		return fmt.Errorf("make a friend code: %w", err)
	}
	if _, err := other.client.AddFriend(ctx, code.Code); err != nil {
		return fmt.Errorf("use a friend code: %w", err)
	}
	return nil
}

// printBoards prints what the journey's user sees of the leaderboards: the top, their own place,
// those around them and their friends, for all time and for this week.
func printBoards(ctx context.Context, w io.Writer, j *journey) error {
	boards, err := j.client.Boards(ctx)
	if err != nil {
		return err
	}
	t := tabwriter.NewWriter(w, 2, 0, 3, ' ', 0)
	for _, b := range boards {
		if b.Division != "overall" || len(b.Period) == len(time.DateOnly) {
			continue
		}
		if err := printBoard(ctx, t, j, b.ID); err != nil {
			return err
		}
	}
	return t.Flush()
}

func printBoard(ctx context.Context, w io.Writer, j *journey, board string) error {
	top, topErr := j.client.Top(ctx, board, "")
	around, aroundErr := j.client.Around(ctx, board)
	friends, friendsErr := j.client.FriendsBoard(ctx, board)
	me, meErr := j.client.Standing(ctx, board)
	if err := errors.Join(topErr, aroundErr, friendsErr, meErr); err != nil {
		return err
	}
	fmt.Fprintf(w, "\nLeaderboard %s\n", board)
	for _, part := range []struct {
		name string
		rows []api.BoardRow
	}{{"top", top.Items}, {"around " + j.username, around.Items}, {j.username + "'s friends", friends.Items}} {
		fmt.Fprintf(w, "  %s\t%d of them\n", part.name, len(part.rows))
		for _, r := range part.rows {
			fmt.Fprintf(w, "    %d\t%s\t%.1f\t%d scans\n", r.Rank, orNone(r.Username), r.Rating, r.ScanCount)
		}
	}
	if me.Entry == nil {
		return nil
	}
	fmt.Fprintf(w, "  %s's rating\t%.1f, give or take %.1f\t%d scans\n",
		j.username, me.Entry.Rating, 1.96*me.Entry.StandardError, me.Entry.ScanCount)
	switch {
	case me.Rank != nil:
		fmt.Fprintf(w, "  place\t%d, likely %d to %d\tof %d\n", *me.Rank, *me.RankLo, *me.RankHi, me.Total)
	case me.Provisional != nil:
		p := me.Provisional
		fmt.Fprintf(w, "  place\t%d, likely %d to %d, for %s alone to see\tof %d; others see it from scans of 3 days on\n",
			p.Rank, p.RankLo, p.RankHi, j.username, me.Total)
	}
	return nil
}

func printNotifications(ctx context.Context, w io.Writer, j *journey) error {
	entries, err := j.client.Inbox(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "\nWhat %s was told\n", j.username)
	t := tabwriter.NewWriter(w, 2, 0, 3, ' ', 0)
	for _, n := range entries {
		fmt.Fprintf(t, "  inbox\t%s\t%s\n", n.Title, n.Body)
	}
	for _, p := range j.push {
		fmt.Fprintf(t, "  push to %s\t%s\t%s\n", p.Token, p.Title, p.Body)
	}
	for _, m := range j.mails {
		fmt.Fprintf(t, "  mail to %s\t%s\t%d bytes of text, %d of HTML\n", m.To[0], m.Subject, len(m.Text), len(m.HTML))
	}
	return t.Flush()
}

func printLegs(w io.Writer, journeys []*journey) error {
	fmt.Fprintf(w, "\nHow long each leg took, ms\n")
	t := tabwriter.NewWriter(w, 2, 0, 3, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "\t")
	for _, j := range journeys {
		fmt.Fprintf(t, "%s\t", j.username)
	}
	for i, l := range journeys[0].legs {
		fmt.Fprintf(t, "\n%s\t", l.name)
		for _, j := range journeys {
			fmt.Fprintf(t, "%.0f\t", float64(j.legs[i].took.Microseconds())/1000)
		}
	}
	fmt.Fprintln(t)
	return t.Flush()
}

// orNone returns the text, or a dash where there is none.
func orNone(text *string) string {
	if text == nil {
		return "-"
	}
	return *text
}
