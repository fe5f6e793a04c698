package boards

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account"
)

// seed rates so many users, of whom many share a rating and some the time, too.
func (b *bench) seed(n int) {
	b.t.Helper()
	random := rand.New(rand.NewPCG(1, uint64(n)))
	for i := range n {
		score := float64(random.IntN(12)) * 8
		if i%4 == 0 {
			score = float64(random.IntN(10000)) / 100
		}
		b.rated(account.UID(fmt.Sprintf("u%03d", i)), day0.Add(time.Duration(random.IntN(3))*time.Hour), score)
	}
	b.now = day0.Add(day)
}

// mine marks the caller's row.
func mine(rows []Row, uids []account.UID, caller account.UID) []Row {
	rows = slices.Clone(rows)
	for i := range rows {
		rows[i].Me = uids[i] == caller
	}
	return rows
}

func equalRows(t *testing.T, what string, want, got []Row) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("%s (-want +got):\n%s", what, diff)
	}
}

// Boards with fewer entries than a snapshot's top, as many, and more.
func TestPages(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 2, 5, 100, 130} {
		t.Run(fmt.Sprintf("of %d entries", n), func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.seed(n)
			rows, uids := b.model(main)
			if len(rows) != n || b.drift(main) != 0 {
				t.Fatalf("%d entries, drift %d", len(rows), b.drift(main))
			}
			for _, limit := range []int{1, 7, max(1, min(n, TopRows)), TopRows} {
				if limit == 1 && n > 5 {
					continue // a page a row is slow, and shows nothing more
				}
				b.walk(t, limit, rows, uids)
			}
			for i := range rows {
				if n <= 5 || i%9 == 0 || i > n-4 {
					b.aroundEach(t, i, rows, uids)
				}
			}
		})
	}
}

// walk goes through the board to its end and back.
func (b *bench) walk(t *testing.T, limit int, rows []Row, uids []account.UID) {
	t.Helper()
	want := mine(rows, uids, "u001")
	p, err := b.reader.Top(t.Context(), main, "u001", limit)
	for from := 0; ; from += limit {
		if err != nil {
			t.Fatal(err)
		}
		page := append([]Row{}, want[from:min(from+limit, len(want))]...)
		equalRows(t, fmt.Sprintf("%d from %d", limit, from), page, p.Rows)
		if (p.Next == "") != (from+limit >= len(want)) || (p.Prev == "") != (from == 0) || p.Total != int64(len(want)) {
			t.Fatalf("%d from %d of %d: prev %q, next %q, total %d", limit, from, len(want), p.Prev, p.Next, p.Total)
		}
		if p.Next == "" {
			break
		}
		p, err = b.reader.After(t.Context(), main, "u001", p.Next, limit)
	}
	to := len(want) - len(p.Rows)
	for p.Prev != "" {
		if p, err = b.reader.Before(t.Context(), main, "u001", p.Prev, limit); err != nil {
			t.Fatal(err)
		}
		equalRows(t, fmt.Sprintf("%d up to %d", limit, to), want[max(0, to-limit):to], p.Rows)
		to -= len(p.Rows)
	}
	if to != 0 {
		t.Fatalf("the way back ends at %d", to)
	}
}

func (b *bench) aroundEach(t *testing.T, at int, rows []Row, uids []account.UID) {
	t.Helper()
	n := len(rows)
	for _, width := range []int{1, 2, 3, 5, 51} {
		from := max(0, min(at-(width-1)/2, n-width))
		want := mine(rows, uids, uids[at])[from:min(n, from+width)]
		p, reason, err := b.reader.Around(t.Context(), main, uids[at], width)
		if err != nil || reason != "" {
			t.Fatalf("%q, %v", reason, err)
		}
		equalRows(t, fmt.Sprintf("%d around %d", width, at), want, p.Rows)
		if (p.Prev == "") != (from == 0) || (p.Next == "") != (from+width >= n) {
			t.Fatalf("%d around %d of %d: prev %q, next %q", width, at, n, p.Prev, p.Next)
		}
	}
	s, err := b.reader.Standing(t.Context(), main, uids[at])
	if err != nil {
		t.Fatal(err)
	}
	above := rows[at].Rank - 1
	if s.Rank == nil || s.Rank.Rank != above+1 || s.Total != int64(n) || s.Percentile != percentile(above, int64(n)) {
		t.Fatalf("standing of %d: %+v of %d", at, s.Rank, s.Total)
	}
	if s.Low > s.Rank.Rank || s.High < s.Rank.Rank || s.Low < 1 || s.High > int64(n) {
		t.Fatalf("standing of %d: %+v", at, s.Rank)
	}
}
