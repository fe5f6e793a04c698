package scan

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/facescan/facescan/internal/schema"
	"github.com/facescan/facescan/internal/work"
)

var (
	begin     = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	leaseTime = work.LeaseTime
	leaseOver = work.LeaseTime + time.Second
)

// inState is a scan in the state, of generation 7, and of none before the claim.
func inState(state State) Scan {
	s := New("aaaaaaaaaaaaaaaaaaaaaaaaaa", "u", 3, "image/png", begin)
	if state == AwaitingUpload {
		return s
	}
	if state == Expired {
		s.Expire(begin)
		return s
	}
	if err := s.Claim(7, "first", work.LeaseTime, begin); err != nil {
		panic(err)
	}
	switch state {
	case Queued:
		s.Requeue(begin)
	case Completed:
		s.Complete(map[string]any{"score": 1}, begin)
	case Failed:
		s.Fail(Failure{Code: "no_face"}, begin)
	default:
	}
	return s
}

func TestNewScan(t *testing.T) {
	t.Parallel()
	at := begin.Add(2 * time.Minute)
	want := Scan{
		Schema: 1, ID: "aaaaaaaaaaaaaaaaaaaaaaaaaa", UID: "u", ConsentEpoch: 3, State: AwaitingUpload, Version: 1,
		ContentType: "image/png", TicketExpiresAt: begin.Add(15 * time.Minute), CreatedAt: begin, UpdatedAt: begin,
		SweepAt: &at,
	}
	if diff := cmp.Diff(want, New("aaaaaaaaaaaaaaaaaaaaaaaaaa", "u", 3, "image/png", begin)); diff != "" {
		t.Errorf("new scan (-want +got):\n%s", diff)
	}
}

func TestClaim(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		from       Scan
		generation int64
		after      time.Duration
		want       error
	}{
		"awaiting its photo, it is taken":                          {inState(AwaitingUpload), 7, 0, nil},
		"queued, it is taken":                                      {inState(Queued), 7, 0, nil},
		"queued, another generation is stale":                      {inState(Queued), 8, 0, ErrStale},
		"expired, a late photo revives it":                         {inState(Expired), 7, 48 * time.Hour, nil},
		"being analysed, it is leased":                             {inState(Processing), 7, leaseTime - 1, work.ErrLeased},
		"being analysed, another generation is stale":              {inState(Processing), 8, 0, ErrStale},
		"being analysed and the lease just over, it is taken over": {inState(Processing), 7, leaseTime, nil},
		"lease over, another generation is stale all the same":     {inState(Processing), 8, leaseOver, ErrStale},
		"completed, its photo is finished with":                    {inState(Completed), 7, leaseOver, ErrFinished},
		"completed, another generation is stale":                   {inState(Completed), 8, 0, ErrStale},
		"failed, its photo is finished with":                       {inState(Failed), 7, leaseOver, ErrFinished},
		"failed, another generation is stale":                      {inState(Failed), 8, 0, ErrStale},
		"failed without ever a photo, every generation is stale":   {failedUnclaimed(), 7, 0, ErrStale},
		"begun too often, it is taken to be ended":                 {begun(MaxClaims), 7, leaseOver, ErrExhausted},
		"begun one time less, it is taken":                         {begun(MaxClaims - 1), 7, leaseOver, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, now := tt.from, begin.Add(tt.after)
			err := got.Claim(tt.generation, "second", work.LeaseTime, now)
			if !errors.Is(err, tt.want) || (err == nil) != (tt.want == nil) {
				t.Fatalf("claim = %v, want %v", err, tt.want)
			}
			want := tt.from
			if tt.want == nil || errors.Is(tt.want, ErrExhausted) {
				look := now.Add(work.LeaseTime + NextLook)
				want.State, want.Stage, want.Generation, want.Claims = Processing, Measuring, tt.generation, tt.from.Claims+1
				want.Lease = work.Lease{Token: "second", Until: now.Add(work.LeaseTime)}
				want.Version, want.UpdatedAt, want.SweepAt = tt.from.Version+1, now, &look
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("scan after claim (-want +got):\n%s", diff)
			}
		})
	}
}

func failedUnclaimed() Scan {
	s := inState(AwaitingUpload)
	s.Fail(PhotoMissing, begin)
	return s
}

func begun(times int) Scan {
	s := inState(Processing)
	s.Claims = times
	return s
}

func TestHolds(t *testing.T) {
	t.Parallel()
	for _, state := range []State{AwaitingUpload, Queued, Processing, Completed, Failed, Expired} {
		for _, token := range []string{"first", "another", ""} {
			s := inState(state)
			want := state == Processing && token == "first"
			if err := s.Holds(token); (err == nil) != want || (err != nil && !errors.Is(err, work.ErrLost)) {
				t.Errorf("%s: holds(%q) = %v, want it held: %v", state, token, err, want)
			}
		}
	}
	t.Run("an over-long holder goes on holding, until another process else claims", func(t *testing.T) {
		s := inState(Processing)
		if err := s.Claim(7, "second", work.LeaseTime, begin.Add(leaseOver)); err != nil {
			t.Fatal(err)
		}
		if err := s.Holds("first"); !errors.Is(err, work.ErrLost) {
			t.Errorf("the first holder: %v, want errLost", err)
		}
		if err := s.Holds("second"); err != nil {
			t.Errorf("the second holder: %v", err)
		}
	})
}

// The events that end a claim or a wait come from a holder, or from the sweep: each from the states
// it can come in.
func TestTransitions(t *testing.T) {
	t.Parallel()
	later := begin.Add(time.Minute)
	events := map[string]func(*Scan){
		"requeue":  func(s *Scan) { s.Requeue(later) },
		"complete": func(s *Scan) { s.Complete(map[string]any{"a": "b"}, later) },
		"fail":     func(s *Scan) { s.Fail(Failure{Code: "late"}, later) },
		"expire":   func(s *Scan) { s.Expire(later) },
	}
	requeued := func(s *Scan) {
		s.State, s.Claims, s.SweepAt = Queued, s.Claims-1, new(later.Add(NextLook))
	}
	completed := func(s *Scan) {
		s.State, s.Result, s.FinishedAt, s.SweepAt = Completed, map[string]any{"a": "b"}, later, new(
			later.Add(schema.OriginalLife),
		)
	}
	failed := func(s *Scan) {
		s.State, s.Failure, s.FinishedAt, s.SweepAt = Failed, &Failure{Code: "late"}, later, new(
			later.Add(schema.OriginalLife),
		)
	}
	expired := func(s *Scan) { s.State, s.SweepAt = Expired, nil }
	tests := []struct {
		from  State
		event string
		want  func(*Scan)
	}{
		{Processing, "requeue", requeued},
		{Processing, "complete", completed},
		{Processing, "fail", failed},
		{AwaitingUpload, "fail", failed},
		{Queued, "fail", failed},
		{AwaitingUpload, "expire", expired},
	}
	for _, tt := range tests {
		t.Run(tt.event+" from "+string(tt.from), func(t *testing.T) {
			t.Parallel()
			got, want := inState(tt.from), inState(tt.from)
			events[tt.event](&got)
			want.Version++
			want.UpdatedAt, want.Lease, want.Stage = later, work.Lease{}, ""
			tt.want(&want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("scan (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTerminal(t *testing.T) {
	t.Parallel()
	want := map[State]bool{
		AwaitingUpload: false, Queued: false, Processing: false, Completed: true, Failed: true, Expired: true,
	}
	for state, terminal := range want {
		if state.Terminal() != terminal {
			t.Errorf("%s: Terminal = %v", state, !terminal)
		}
	}
}

// Whatever comes in whatever order, a scan has one photo and one end.
func TestAnyHistoryHasOneEnd(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		now := begin
		s := New("aaaaaaaaaaaaaaaaaaaaaaaaaa", "u", 1, "image/jpeg", now)
		tokens, ends := []string{"nobody"}, 0
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			before := s
			switch rapid.SampledFrom(
				[]string{"claim", "claim", "claim", "clock", "complete", "fail", "requeue", "expire"},
			).Draw(t, "event") {
			case "claim":
				token := rapid.StringMatching(`[a-z]{8}`).Draw(t, "token")
				err := s.Claim(rapid.Int64Range(1, 3).Draw(t, "generation"), token, work.LeaseTime, now)
				if err == nil || errors.Is(err, ErrExhausted) {
					tokens = append(tokens, token)
				} else if diff := cmp.Diff(before, s); diff != "" {
					t.Fatalf("a refused claim (%v) changed the scan:\n%s", err, diff)
				}
			case "clock":
				now = now.Add(time.Duration(rapid.IntRange(0, 200).Draw(t, "seconds")) * time.Second)
			case "complete":
				if s.Holds(rapid.SampledFrom(tokens).Draw(t, "holder")) == nil {
					s.Complete(map[string]any{}, now)
					ends++
				}
			case "fail":
				if s.Holds(rapid.SampledFrom(tokens).Draw(t, "holder")) == nil {
					s.Fail(PhotoMissing, now)
					ends++
				}
			case "requeue":
				if s.Holds(rapid.SampledFrom(tokens).Draw(t, "holder")) == nil {
					s.Requeue(now)
				}
			case "expire":
				if s.State == AwaitingUpload { // as the sweep
					s.Expire(now)
				}
			}
			checkStep(t, before, s)
			if ends > 1 {
				t.Fatal("a second end")
			}
		}
	})
}

func checkStep(t *rapid.T, before, after Scan) {
	changed := cmp.Diff(before, after) != ""
	if changed != (after.Version == before.Version+1) {
		t.Fatalf("version %d -> %d, changed: %v", before.Version, after.Version, changed)
	}
	if before.Generation != 0 && after.Generation != before.Generation {
		t.Fatalf("generation %d -> %d", before.Generation, after.Generation)
	}
	if (before.State == Completed || before.State == Failed) && changed {
		t.Fatalf("a finished scan changed: %s -> %s", before.State, after.State)
	}
	if before.State == Expired && after.State != Expired && after.State != Processing {
		t.Fatalf("expired -> %s", after.State)
	}
	if after.Claims < 0 || (after.Lease.Token != "") != (after.State == Processing) {
		t.Fatalf("%s with lease %+v after %d claims", after.State, after.Lease, after.Claims)
	}
	if (after.Result != nil) != (after.State == Completed) || (after.Failure != nil) != (after.State == Failed) {
		t.Fatalf("%s with result %v and failure %v", after.State, after.Result, after.Failure)
	}
}

func TestObjectNames(t *testing.T) {
	t.Parallel()
	t.Run("what is made is read again", func(t *testing.T) {
		uid, id, ok := ParsePhotoName(PhotoName("u1", "aaaaaaaaaaaaaaaaaaaaaaaaa7"))
		if uid != "u1" || id != "aaaaaaaaaaaaaaaaaaaaaaaaa7" || !ok {
			t.Errorf("got %q, %q, %v", uid, id, ok)
		}
	})
	for _, name := range []string{
		"", "uploads", "uploads/u1", "uploads//aaaaaaaaaaaaaaaaaaaaaaaaaa", "other/u1/aaaaaaaaaaaaaaaaaaaaaaaaaa",
		"uploads/u1/aaaaaaaaaaaaaaaaaaaaaaaaa", "uploads/u1/AAAAAAAAAAAAAAAAAAAAAAAAAA",
		"uploads/u1/aaaaaaaaaaaaaaaaaaaaaaaaa1",
		"uploads/u1/aaaaaaaaaaaaaaaaaaaaaaaaaa/x", "/uploads/u1/aaaaaaaaaaaaaaaaaaaaaaaaaa",
		"uploads/u1/aaaaaaaaaaaaaaaaaaaaaaaaaa\n",
	} {
		if uid, id, ok := ParsePhotoName(name); ok {
			t.Errorf("%q is read as %q of %q", name, id, uid)
		}
	}
}
