package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"text/tabwriter"
	"time"

	"github.com/facescan/facescan/internal/apiclient"
	"github.com/facescan/facescan/internal/emulator"
	"github.com/facescan/facescan/scripts/local/app"
	"github.com/facescan/facescan/scripts/local/host"
)

// runDemo is the app of two users, on the whole system. It fails unless all of it happened.
func runDemo(ctx context.Context, args []string) (err error) {
	f, err := parse("demo", 0, args)
	if err != nil {
		return err
	}
	if len(f.args) > 1 {
		fmt.Fprint(os.Stderr, usage)
		return errUsage
	}
	first, second, err := photos(ctx, f.args)
	if err != nil {
		return err
	}
	started := time.Now()
	h, err := start(ctx, f)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	up := time.Since(started)
	journeys := []*journey{user(h, "ada", first), user(h, "grace", second)}
	for _, j := range journeys {
		if err := j.run(ctx); err != nil {
			return err
		}
	}
	if err := report(ctx, os.Stdout, journeys); err != nil {
		return err
	}
	if err := takeAway(ctx, os.Stdout, journeys[0]); err != nil {
		return err
	}
	if err := erase(ctx, os.Stdout, journeys[1]); err != nil {
		return err
	}
	fmt.Printf("\nAll of it happened: emulators and functions up in %.1f s, the demo in %.1f s.\n",
		up.Seconds(), time.Since(started).Seconds())
	return nil
}

func user(h *host.Host, name string, photo []byte) *journey {
	return &journey{
		host: h, username: name, photo: photo, contentType: apiclient.UploadRequestContentType(http.DetectContentType(photo)),
		client: &app.Client{URL: h.URL, AuthHost: h.AuthHost, Email: name + "@example.com", Password: "correct horse " + name},
		device: device(name+"-phone", "token-of-"+name),
	}
}

func device(id, token string) apiclient.Registration_Device {
	return apiclient.Registration_Device{ID: id, Token: token, Platform: apiclient.DevicePlatformAndroid}
}

// photos are the first user's photo and the second's: a given one twice, or the sample and a widened copy of it.
func photos(ctx context.Context, args []string) (first, second []byte, err error) {
	if len(args) == 1 && args[0] != "" {
		first, err = os.ReadFile(args[0])
		return first, first, err
	}
	first, err = emulator.SamplePhoto(ctx)
	if err != nil {
		return nil, nil, err
	}
	second, err = app.Stretch(first, 1.05)
	return first, second, err
}

func report(ctx context.Context, w io.Writer, journeys []*journey) error {
	for _, j := range journeys {
		if err := printScan(w, j); err != nil {
			return err
		}
	}
	if err := printBoard(ctx, w, journeys[0]); err != nil {
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
	fmt.Fprintf(w, "\n%s: scan %s, engine %s\n", j.username, j.scan.ID, r.Version)
	t := tabwriter.NewWriter(w, 2, 0, 3, ' ', 0)
	fmt.Fprintln(t, "  metric\tvalue\tunit\t95 % interval")
	fmt.Fprintf(t, "  symmetry score\t%.1f\t0-100\t%.1f to %.1f\n", r.Score.Value, r.Score.Lo, r.Score.Hi)
	for _, m := range r.Metrics {
		fmt.Fprintf(t, "  %s\t%.3f\t%s\t%.3f to %.3f\n", m.Name, m.Value, m.Unit, m.Lo, m.Hi)
	}
	if !r.Rankable {
		fmt.Fprintf(t, "  not ranked\t%s\n", r.NotRankableBecause)
	}
	for _, fix := range r.Fixes {
		fmt.Fprintf(t, "  next time\t%s\n", fix)
	}
	return t.Flush()
}

func printBoard(ctx context.Context, w io.Writer, j *journey) error {
	top, err := j.client.Top(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "\nLeaderboard %s\n", top.Board)
	t := tabwriter.NewWriter(w, 2, 0, 3, ' ', 0)
	fmt.Fprintln(t, "  rank\tusername\trating\tscans")
	for _, e := range top.Entries {
		fmt.Fprintf(t, "  %d\t%s\t%.1f\t%d\n", e.Rank, e.Username, e.Rating, e.Scans)
	}
	return t.Flush()
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
