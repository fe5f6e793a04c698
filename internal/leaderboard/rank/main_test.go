package rank

import (
	"context"
	"os"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/leaderboard"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/testkit"
)

func TestMain(m *testing.M) { os.Exit(emulatortest.Main(m, emulator.Firestore)) }

const (
	major = 1
	board = "symmetry_overall_all_v1"
)

// bench is a consumer over a database of its own.
type bench struct {
	t        *testing.T
	fs       *firestore.Client
	consumer *Consumer
	topic    *fakeTopic
	now      time.Time
}

func newBench(t *testing.T) *bench {
	t.Helper()
	return benchOver(t, emulatortest.Firestore(t, emulatortest.UniqueProject(t)))
}

func benchOver(t *testing.T, fs *firestore.Client) *bench {
	t.Helper()
	b := &bench{t: t, fs: fs, topic: &fakeTopic{}, now: day0.Add(30 * time.Hour)}
	clock := func() time.Time { return b.now }
	box := outbox.New(fs, b.topic, testkit.Writer("test"), clock)
	b.consumer = &Consumer{Firestore: fs, Outbox: box, Key: testkit.Ring(keys.ForRatings), Now: clock}
	return b
}

var day0 = time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)

func scanAt(id string, at time.Time, score float64) leaderboard.Contribution {
	return leaderboard.Contribution{ScanID: id, Score: score, CompletedAt: at}
}

// see returns the history after the scans came in this order.
func see(scans ...leaderboard.Contribution) leaderboard.History {
	var h leaderboard.History
	for _, c := range scans {
		h = h.Add(c).Trim()
	}
	return h
}

// fakeTopic takes what the outbox publishes.
type fakeTopic struct {
	mu     sync.Mutex
	events []event.Event
}

func (f *fakeTopic) Publish(_ context.Context, _ string, data []byte, _ map[string]string) error {
	e, err := event.Decode(data)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.events = append(f.events, e)
	return nil
}

// bests are the scans that personal bests were published of.
func (f *fakeTopic) bests(t *testing.T) []event.PersonalBestReachedV1 {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []event.PersonalBestReachedV1
	for _, e := range f.events {
		data, err := event.As[event.PersonalBestReachedV1](e)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, data)
	}
	return all
}

// member is a user who takes part.
func member(uid account.UID) account.User {
	return account.User{
		Schema: 1, UID: uid, State: account.Active, ConsentEpoch: 1, Consent: account.Consent{Granted: true, Version: "v1"},
		Username: "name-" + string(uid), Leaderboard: account.Leaderboard{OptIn: true},
	}
}

func (b *bench) save(u account.User) {
	b.t.Helper()
	if _, err := account.Ref(b.fs, u.UID).Set(b.t.Context(), u); err != nil {
		b.t.Fatal(err)
	}
}

func completed(uid account.UID, c leaderboard.Contribution) event.ScanCompletedV1 {
	return event.ScanCompletedV1{
		UID: string(uid), ScanID: c.ScanID, ConsentEpoch: 1, Engine: "facescan-1.0.0", EngineMajor: major,
		Score: c.Score, Interval: c.Interval, Rankable: true, CompletedAt: c.CompletedAt,
	}
}

func messageOf(t *testing.T, data event.Payload) event.Message {
	t.Helper()
	e, err := event.New(event.ID(data.EventType(), t.Name()), day0, "", data)
	if err != nil {
		t.Fatal(err)
	}
	body, err := event.Encode(e)
	if err != nil {
		t.Fatal(err)
	}
	return event.Message{ID: "1", Data: body}
}

func (b *bench) handle(data event.Payload) {
	b.t.Helper()
	if err := b.consumer.Handle(b.t.Context(), messageOf(b.t, data)); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) updated(u account.User) {
	b.t.Helper()
	b.save(u)
	b.handle(event.AccountUpdatedV1{UID: string(u.UID)})
}

// place is the user's place on the board, which others may see or not; nil where there is none.
func (b *bench) place(uid account.UID) *leaderboard.Place {
	b.t.Helper()
	if r := b.rating(uid); r != nil {
		for _, p := range r.Places {
			if p.Board == board {
				return &p
			}
		}
	}
	return nil
}

// entry is the user's entry, nil where there is none.
func (b *bench) entry(uid account.UID) *leaderboard.EntryDoc {
	b.t.Helper()
	return emulatortest.Document[leaderboard.EntryDoc](b.t, leaderboard.EntryRef(b.fs, board, uid))
}

func (b *bench) rating(uid account.UID) *leaderboard.RatingDoc {
	b.t.Helper()
	return emulatortest.Document[leaderboard.RatingDoc](b.t, leaderboard.Ratings(b.fs, uid).Doc(board))
}
