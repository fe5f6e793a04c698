package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/leaderboard"
	"github.com/facescan/facescan/internal/leaderboard/boards"
	"github.com/facescan/facescan/internal/leaderboard/rank"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/emulator/boardtest"
	"github.com/facescan/facescan/internal/local/emulator/meter"
	"github.com/facescan/facescan/internal/local/terminal"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/testkit"
)

var (
	board = leaderboard.AllTime(1)
	now   = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
)

// world is a board of many entries.
type world struct {
	options
	progress io.Writer
	stack    *emulator.Stack
	meter    *meter.Meter
	fs       *firestore.Client
	reader   *boards.Reader
	consumer *rank.Consumer
	// people are from the first place to the last.
	people  []boardtest.Person
	loading time.Duration
	// renewed is when the snapshot was made.
	renewed time.Time
}

// open starts the emulator and loads the board.
func open(ctx context.Context, o options, progress io.Writer) (*world, error) {
	stack, err := emulator.Start(ctx, emulator.Options{Progress: progress, AnyQuery: true}, emulator.Firestore)
	if err != nil {
		return nil, err
	}
	w := &world{options: o, progress: progress, stack: stack, meter: new(meter.Meter)}
	if err := w.connect(ctx); err != nil {
		return nil, errors.Join(err, w.close())
	}
	if err := w.load(ctx); err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

func (w *world) close() (err error) {
	if w.fs != nil {
		err = w.fs.Close()
	}
	return errors.Join(err, w.stack.Close())
}

// connect connects the client, with the meter in between.
func (w *world) connect(ctx context.Context) (err error) {
	for name, value := range w.stack.Environ() {
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	project := "demo-" + strings.ToLower(rand.Text()[:12]) // an emulator that runs already may have other boards
	if w.fs, err = meter.Connect(ctx, project, w.meter.Options()...); err != nil {
		return err
	}
	clock := func() time.Time { return now }
	w.reader = &boards.Reader{Firestore: w.fs, Now: clock}
	w.consumer = &rank.Consumer{
		Firestore: w.fs, Outbox: outbox.New(w.fs, nowhere{}, testkit.Writer("test"), clock),
		Key: testkit.Ring(keys.ForRatings), Now: clock,
	}
	return nil
}

// nowhere is where the consumer's events go.
type nowhere struct{}

func (nowhere) Publish(context.Context, string, []byte, map[string]string) error { return nil }

func (w *world) load(ctx context.Context) error {
	w.people = boardtest.People(w.users, board.Major, now)
	bar := terminal.Bar(w.progress, w.users, "users")
	begun := time.Now()
	if err := boardtest.Load(ctx, w.fs, w.people, board.Major, now, bar.Add); err != nil {
		return err
	}
	w.loading = time.Since(begun)
	_, err := fmt.Fprintf(w.progress, "%d users loaded in %.1f s\n", w.users, w.loading.Seconds())
	slices.SortFunc(w.people, func(a, b boardtest.Person) int {
		return cmp.Or(
			cmp.Compare(b.Rating(board.Major), a.Rating(board.Major)),
			a.History[len(a.History)-1].CompletedAt.Compare(b.History[len(b.History)-1].CompletedAt),
			cmp.Compare(a.UID, b.UID),
		)
	})
	return err
}

// rating returns the rating of the place, which counts from 0.
func (w *world) rating(at int) float64 { return w.people[at].Rating(board.Major) }

// uid returns the user of the place.
func (w *world) uid(at int) account.UID { return w.people[at].UID }

// fresh makes a new snapshot unless there is one of the last seconds.
func (w *world) fresh(ctx context.Context) error {
	if time.Since(w.renewed) < 2*time.Second {
		return nil
	}
	err := boardtest.Renew(ctx, w.reader, board)
	w.renewed = time.Now()
	return err
}
