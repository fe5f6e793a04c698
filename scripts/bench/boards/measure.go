package main

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/alicebob/miniredis/v2"
	"github.com/alicebob/miniredis/v2/proto"
	"golang.org/x/sync/errgroup"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/leaderboard"
	"github.com/facescan/facescan/internal/leaderboard/boards"
	"github.com/facescan/facescan/internal/local/emulator/boardtest"
	"github.com/facescan/facescan/internal/local/emulator/meter"
	"github.com/facescan/facescan/internal/local/terminal"
	"github.com/facescan/facescan/internal/store"
)

const width = 11

// line is what a request costs.
type line struct {
	what string
	meter.Cost
	took time.Duration
}

// rate is how many requests of a kind were answered.
type rate struct {
	what      string
	perSecond float64
}

// report is all that was measured.
type report struct {
	options
	loading  time.Duration
	lines    []line
	former   line // the two COUNTs
	own      line // the same user's rank
	rates    []rate
	submit   mean
	compared struct{ pages, own int }
}

func (w *world) measure(ctx context.Context) (r report, err error) {
	r.options, r.loading = w.options, w.loading
	for _, step := range []struct {
		what string
		do   func(context.Context, *report) error
	}{
		{"costs of reading", w.reads}, {"ranks", w.compare}, {"requests a second", w.rates},
		{"costs of submitting", w.writes},
	} {
		if _, err := fmt.Fprintln(w.progress, "measuring", step.what); err != nil {
			return r, err
		}
		if err := step.do(ctx, &r); err != nil {
			return r, fmt.Errorf("%s: %w", step.what, err)
		}
	}
	return r, nil
}

// cost returns what the request costs.
func (w *world) cost(what string, request func() error) (line, error) {
	w.meter.Take()
	begun := time.Now()
	err := request()
	return line{what, w.meter.Take(), time.Since(begun)}, err
}

func (w *world) standing(ctx context.Context, at int) error {
	_, err := w.reader.Standing(ctx, board, w.uid(at))
	return err
}

func (w *world) around(ctx context.Context, at int) error {
	_, _, err := w.reader.Around(ctx, board, w.uid(at), width)
	return err
}

func (w *world) top(ctx context.Context, _ int) error {
	_, err := w.reader.Top(ctx, board, w.uid(0), boards.TopRows)
	return err
}

// former finds an own rank as version 1 of the boards did: by the number of all entries and that of
// the entries above.
func (w *world) former(ctx context.Context, at int) error {
	return w.fs.RunTransaction(ctx, func(ctx context.Context, tx *firestore.Transaction) error {
		if _, err := account.ReadActive(ctx, tx, w.fs, w.uid(at)); err != nil {
			return err
		}
		entries := leaderboard.Entries(w.fs, board.ID())
		if _, err := tx.Get(entries.Doc(string(w.uid(at)))); err != nil {
			return err
		}
		if _, err := store.Count(ctx, tx, entries.Query); err != nil {
			return err
		}
		_, err := store.Count(ctx, tx, entries.Where("rating", ">", w.rating(at)))
		return err
	}, firestore.ReadOnly)
}

// reads measures every kind of reading at several places.
func (w *world) reads(ctx context.Context, r *report) error {
	renew, err := w.cost("making the snapshot", func() error { return boardtest.Renew(ctx, w.reader, board) })
	if err != nil {
		return err
	}
	renew.Deletes = 0 // of the one before, for this measurement
	r.lines = append(r.lines, renew)
	n, middle := w.users, w.middle(false)
	for _, one := range []struct {
		what string
		ask  func(context.Context, int) error
		at   int
	}{
		{"top 100", w.top, 0},
		{"own rank, first", w.standing, 0}, {"own rank, middle", w.standing, middle}, {"own rank, last", w.standing, n - 1},
		{"around, first", w.around, 0}, {"around, middle", w.around, middle},
		{"around, middle, from within a tie", w.around, w.middle(true)}, {"around, last", w.around, n - 1},
		{"own rank, middle, by the two COUNTs of version 1", w.former, middle},
	} {
		if err := w.fresh(ctx); err != nil {
			return err
		}
		l, err := w.cost(one.what, func() error { return one.ask(ctx, one.at) })
		if err != nil {
			return fmt.Errorf("%s: %w", one.what, err)
		}
		r.lines = append(r.lines, l)
	}
	r.own, r.former = r.lines[3], r.lines[len(r.lines)-1]
	return nil
}

// middle returns the next place, from the middle of the board on, whose rating is not the highest
// of its bucket, and whose window begins within a tie or does not. It returns the last place
// without one.
func (w *world) middle(tied bool) int {
	at := w.users / 2
	for at < w.users-1 && (int(math.Round(w.rating(at)*100))%10 == 9 ||
		tied != (w.rating(at-width/2) == w.rating(at-width/2-1))) {
		at++
	}
	return at
}

// sortedSet is the board in Redis.
type sortedSet struct {
	server *miniredis.Miniredis
	client *proto.Client
}

func (w *world) sortedSet() (s sortedSet, err error) {
	s.server = miniredis.NewMiniRedis()
	if err := s.server.Start(); err != nil {
		return s, err
	}
	for i := range w.people {
		if _, err := s.server.ZAdd("board", w.rating(i), string(w.uid(i))); err != nil {
			return s, err
		}
	}
	s.client, err = proto.Dial(s.server.Addr())
	return s, err
}

func (s sortedSet) close() {
	if s.client != nil {
		_ = s.client.Close() // everything has been read
	}
	s.server.Close()
}

// rank returns the rank of the rating.
func (s sortedSet) rank(rating float64) (int64, error) {
	answer, err := s.client.Do("ZCOUNT", "board", "("+strconv.FormatFloat(rating, 'f', -1, 64), "+inf")
	if err != nil {
		return 0, err
	}
	above, err := proto.Parse(answer)
	if err != nil {
		return 0, err
	}
	n, ok := above.(int)
	if !ok {
		return 0, fmt.Errorf("ZCOUNT answered %q", answer)
	}
	return int64(n) + 1, nil
}

// compare compares every rank of the pages, and own ranks, with those of the sorted set.
func (w *world) compare(ctx context.Context, r *report) error {
	set, err := w.sortedSet()
	defer set.close()
	if err != nil {
		return fmt.Errorf("open the sorted set: %w", err)
	}
	bar := terminal.Bar(w.progress, w.users+w.ranks, "ranks")
	p, err := w.reader.Top(ctx, board, w.uid(0), boards.TopRows)
	for at := 0; ; {
		if err != nil {
			return err
		}
		for _, row := range p.Rows {
			if err := w.compareRow(set, at, row); err != nil {
				return err
			}
			at++
		}
		if err := bar.Add(len(p.Rows)); err != nil {
			return err
		}
		if p.Next == "" {
			r.compared.pages = at
			break
		}
		p, err = w.reader.After(ctx, board, w.uid(0), p.Next, boards.TopRows)
	}
	if r.compared.pages != w.users {
		return fmt.Errorf("the pages have %d rows of %d", r.compared.pages, w.users)
	}
	return w.compareOwn(ctx, set, bar.Add, r)
}

func (w *world) compareRow(set sortedSet, at int, row boards.Row) error {
	want, err := set.rank(w.rating(at))
	if err != nil {
		return err
	}
	if p := w.people[at]; row.Username != p.Username || row.Rating != w.rating(at) || row.Rank != want {
		return fmt.Errorf("row %d is %+v, want rank %d of %s with %v", at, row, want, p.Username, w.rating(at))
	}
	return nil
}

// compareOwn compares own ranks all over the board.
func (w *world) compareOwn(ctx context.Context, set sortedSet, done func(int) error, r *report) error {
	n := min(w.ranks, w.users)
	for i := range n {
		at := i * w.users / n
		s, err := w.reader.Standing(ctx, board, w.uid(at))
		if err != nil {
			return err
		}
		want, err := set.rank(w.rating(at))
		if err != nil {
			return err
		}
		if s.Rank == nil || s.Rank.Rank != want || s.Total != int64(w.users) {
			return fmt.Errorf("own rank at %d is %+v of %d, want %d of %d", at, s.Rank, s.Total, want, w.users)
		}
		r.compared.own++
		if err := done(1); err != nil {
			return err
		}
	}
	return nil
}

// rates measures how many requests a second are answered.
func (w *world) rates(ctx context.Context, r *report) error {
	for _, kind := range []struct {
		what string
		ask  func(context.Context, int) error
	}{
		{"top 100", w.top}, {"around", w.around}, {"own rank", w.standing},
		{"own rank by the two COUNTs of version 1", w.former},
	} {
		perSecond, err := w.rate(ctx, kind.ask)
		if err != nil {
			return fmt.Errorf("%s: %w", kind.what, err)
		}
		r.rates = append(r.rates, rate{kind.what, perSecond})
	}
	return nil
}

// rate asks with all clients at once, for places all over the board.
func (w *world) rate(ctx context.Context, ask func(context.Context, int) error) (float64, error) {
	begun := time.Now()
	answered := make([]int, w.clients)
	group, ctx := errgroup.WithContext(ctx)
	for c := range answered {
		group.Go(func() error {
			for i := c; time.Since(begun) < w.lasting; i += w.clients {
				if err := ask(ctx, i*7919%w.users); err != nil {
					return err
				}
				answered[c]++
			}
			return nil
		})
	}
	err := group.Wait()
	sum := 0
	for _, n := range answered {
		sum += n
	}
	return float64(sum) / time.Since(begun).Seconds(), err
}

// mean is what a submit costs on the average.
type mean struct {
	reads, writes, deletes float64
	took                   time.Duration
}

// writes measures submits: the first scan of today of each of many, and one of them again.
func (w *world) writes(ctx context.Context, r *report) error {
	var sum meter.Cost
	for i := range w.submits {
		l, err := w.cost("a submit, on 3 boards", func() error { return w.submit(ctx, i) })
		if err != nil {
			return err
		}
		if i == 0 {
			r.lines = append(r.lines, l)
		}
		sum.Documents += l.Reads()
		sum.Writes += l.Writes
		sum.Deletes += l.Deletes
		r.submit.took += l.took / time.Duration(w.submits)
	}
	n := float64(w.submits)
	r.submit.reads, r.submit.writes, r.submit.deletes =
		float64(sum.Documents)/n, float64(sum.Writes)/n, float64(sum.Deletes)/n
	again, err := w.cost("the same submit again", func() error { return w.submit(ctx, 0) })
	r.lines = append(r.lines, again)
	return err
}

// submit has the i-th submitter's scan counted.
func (w *world) submit(ctx context.Context, i int) error {
	at, score := i*7919%w.users, float64(i*37%100)
	data := event.ScanCompletedV1{
		UID: string(w.uid(at)), ScanID: "of-today", ConsentEpoch: 1, Engine: "facescan-1.0.0", EngineMajor: board.Major,
		Score: score, Rankable: true, CompletedAt: now.Add(-time.Hour), UploadedAt: now.Add(-time.Hour),
	}
	e, err := event.New(event.ID(data.EventType(), data.UID), now, "", data)
	if err != nil {
		return err
	}
	body, err := event.Encode(e)
	if err != nil {
		return err
	}
	return w.consumer.Handle(ctx, event.Message{ID: "1", Data: body})
}
