package boards_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/leaderboard"
	"github.com/facescan/facescan/internal/leaderboard/boards"
	"github.com/facescan/facescan/internal/leaderboard/rank"
	"github.com/facescan/facescan/internal/local/emulator/boardtest"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/local/emulator/meter"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/testkit"
)

var (
	all   = leaderboard.AllTime(1)
	today = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
)

// nowhere is where the consumer's events go.
type nowhere struct{}

func (nowhere) Publish(context.Context, string, []byte, map[string]string) error { return nil }

// metered is a board of many whose costs are counted.
type metered struct {
	t        *testing.T
	meter    *meter.Meter
	fs       *firestore.Client
	reader   *boards.Reader
	consumer *rank.Consumer
	// people are from the first place to the last.
	people []boardtest.Person
	// renewed is when the snapshot was made.
	renewed time.Time
}

func newMetered(t *testing.T, n int) *metered {
	t.Helper()
	m := &metered{t: t, meter: new(meter.Meter), people: boardtest.People(n, all.Major, today)}
	m.fs = emulatortest.Firestore(t, emulatortest.UniqueProject(t), m.meter.Options()...)
	clock := func() time.Time { return today }
	m.reader = &boards.Reader{Firestore: m.fs, Now: clock}
	m.consumer = &rank.Consumer{
		Firestore: m.fs, Outbox: outbox.New(m.fs, nowhere{}, testkit.Writer("test"), clock),
		Key: testkit.Ring(keys.ForRatings), Now: clock,
	}
	if err := boardtest.Load(t.Context(), m.fs, m.people, all.Major, today, func(int) error { return nil }); err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(m.people, func(a, b boardtest.Person) int {
		return cmp.Or(
			cmp.Compare(b.Rating(all.Major), a.Rating(all.Major)),
			a.History[len(a.History)-1].CompletedAt.Compare(b.History[len(b.History)-1].CompletedAt),
			cmp.Compare(a.UID, b.UID),
		)
	})
	return m
}

// cost returns what the request costs with a fresh snapshot.
func (m *metered) cost(request func() error) meter.Cost {
	m.t.Helper()
	if time.Since(m.renewed) > 2*time.Second {
		if err := boardtest.Renew(m.t.Context(), m.reader, all); err != nil {
			m.t.Fatal(err)
		}
		m.renewed = time.Now()
	}
	m.meter.Take()
	if err := request(); err != nil {
		m.t.Fatal(err)
	}
	return m.meter.Take()
}

const width = 11

// reads returns what each request for the board costs.
func (m *metered) reads() map[string]meter.Cost {
	m.t.Helper()
	costs := map[string]meter.Cost{}
	standing := func(what string, at int) {
		costs["own rank "+what] = m.cost(func() error {
			s, err := m.reader.Standing(m.t.Context(), all, m.people[at].UID)
			if err == nil && s.Rank == nil {
				return errors.New("no rank")
			}
			return err
		})
	}
	around := func(what string, at int) {
		costs["around "+what] = m.cost(func() error {
			p, _, err := m.reader.Around(m.t.Context(), all, m.people[at].UID, width)
			if err == nil && len(p.Rows) != width {
				return fmt.Errorf("%d rows", len(p.Rows))
			}
			return err
		})
	}
	n := len(m.people)
	middle := m.untied(n * 2 / 3)
	standing("of the first", 0)
	around("the first", 0)
	standing("in the middle", middle)
	around("in the middle", middle)
	standing("of the last", n-1)
	around("the last", n-1)
	costs["top 100"] = m.cost(func() error {
		_, err := m.reader.Top(m.t.Context(), all, "somebody", boards.TopRows)
		return err
	})
	return costs
}

// untied returns the next place from the place on that is in the middle of a window which does not
// begin within a tie.
func (m *metered) untied(at int) int {
	rating := func(i int) float64 { return m.people[i].Rating(all.Major) }
	for rating(at-width/2) == rating(at-width/2-1) {
		at++
	}
	return at
}

// What a request for a board costs does not depend on the number of entries, but for the COUNT
// within a bucket. A board of 100 entries is whole in its snapshot.
func TestReader_cost(t *testing.T) {
	t.Parallel()
	const names, row = width, width
	want := map[string]meter.Cost{
		"own rank of the first":  {Documents: 3},
		"own rank in the middle": {Documents: 3, Counts: 1},
		"own rank of the last":   {Documents: 3, Counts: 1},
		"around the first":       {Documents: 3 + names},
		"around in the middle":   {Documents: 3 + names, Rows: row, Counts: 1},
		"around the last":        {Documents: 3 + names, Rows: row + 1, Counts: 1},
		"top 100":                {Documents: 1 + 100},
	}
	for _, n := range []int{100, 300, 2000} {
		t.Run(fmt.Sprintf("of %d entries", n), func(t *testing.T) {
			t.Parallel()
			for what, cost := range newMetered(t, n).reads() {
				expected := want[what]
				if n == 100 {
					expected.Rows, expected.Counts = 0, 0
				}
				if cost.Counted > int64(n)/100 {
					t.Errorf("%s: counts %d entries", what, cost.Counted)
				}
				cost.Counted, cost.CountReads = 0, 0
				if cost != expected {
					t.Errorf("%s: %+v, want %+v", what, cost, expected)
				}
			}
		})
	}
}

// handle has the consumer handle the fact.
func (m *metered) handle(data event.Payload) meter.Cost {
	m.t.Helper()
	return m.cost(func() error { return handle(m.t.Context(), m.consumer, data) })
}

func handle(ctx context.Context, c *rank.Consumer, data event.Payload) error {
	e, err := event.New(event.ID(data.EventType(), fmt.Sprint(data)), today, "", data)
	if err != nil {
		return err
	}
	body, err := event.Encode(e)
	if err != nil {
		return err
	}
	return c.Handle(ctx, event.Message{ID: "1", Data: body})
}

// completed is the event of a scan of today.
func completed(uid account.UID, id string, hour int, score float64) event.ScanCompletedV1 {
	at := today.Add(time.Duration(hour-12) * time.Hour)
	return event.ScanCompletedV1{
		UID: string(uid), ScanID: id, ConsentEpoch: 1, Engine: "facescan-1.0.0", EngineMajor: all.Major, Score: score,
		Rankable: true, CompletedAt: at, UploadedAt: at,
	}
}

// What a submit costs depends on the number of boards alone: three, or six with a division.
func TestConsumer_cost(t *testing.T) {
	t.Parallel()
	for _, n := range []int{100, 500} {
		for division, boards := range map[account.Division]int64{account.NoDivision: 3, account.Women: 6} {
			t.Run(fmt.Sprintf("on %d boards of %d entries", boards, n), func(t *testing.T) {
				t.Parallel()
				m := newMetered(t, n)
				u := m.people[n/2].User
				u.Leaderboard.Division = division
				if _, err := account.Ref(m.fs, u.UID).Set(t.Context(), u); err != nil {
					t.Fatal(err)
				}
				m.submits(u, boards)
			})
		}
	}
}

func (m *metered) submits(u account.User, boards int64) {
	m.t.Helper()
	rated, listed := meter.Cost{Documents: 2}, meter.Cost{Documents: 2, Rows: 1}
	check := func(what string, cost, reads meter.Cost, writes, deletes int64) {
		m.t.Helper()
		if cost.Writes > writes || cost.Deletes > deletes {
			m.t.Errorf("%s writes %+v, want at most %d and %d deletions", what, cost, writes, deletes)
		}
		if cost.Writes, cost.Deletes = 0, 0; cost != reads {
			m.t.Errorf("%s reads %+v, want %+v", what, cost, reads)
		}
	}
	// The rating, an entry and a count each, and the event of a personal best, which is then deleted.
	check("a first scan", m.handle(completed(u.UID, "a", 1, 60)), rated, 2+2*boards, 1)
	check("the same scan", m.handle(completed(u.UID, "a", 1, 60)), rated, 0, 0)
	check("another scan", m.handle(completed(u.UID, "b", 2, 100)), rated, 2+2*boards, 1)
	check("a third scan", m.handle(completed(u.UID, "c", 3, 50)), rated, 2+2*boards, 0)
	check("a fourth scan of the day", m.handle(completed(u.UID, "d", 4, 99)), rated, 0, 0)
	check("an update that changes nothing", m.handle(event.AccountUpdatedV1{UID: string(u.UID)}), listed, 0, 0)
	u.Leaderboard.OptIn = false
	if _, err := account.Ref(m.fs, u.UID).Set(m.t.Context(), u); err != nil {
		m.t.Fatal(err)
	}
	// A count and the snapshot each, and the entry.
	check("opting out", m.handle(event.AccountUpdatedV1{UID: string(u.UID)}), listed, 1+2*boards, boards)
}
