package systest_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

// neighbour is one of a crowd of users, with words that stand in no answer to another.
type neighbour struct {
	caller
	uid      string
	own      map[string]string // see possessions
	canaries []string
	seen     atomic.Int64 // of the own canaries
}

// asks sends the operation with the value for its path. Unlike call it is for any goroutine.
func (m *neighbour) asks(ctx context.Context, o operation, value, body string, header ...string) (int, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, o.method, m.URL+o.target(value), strings.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Authorization", "Bearer "+m.token)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := m.exchanges.RoundTrip(req)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	return resp.StatusCode, answer, err
}

// crowd makes users, each with what can be asked for by an id.
func (s *system) crowd(ctx context.Context, t *testing.T, n int) []*neighbour {
	t.Helper()
	var all []*neighbour
	for i := range n {
		p, c := s.enrolled(ctx, t, fmt.Sprintf("crowd-%d", i))
		m := &neighbour{caller: c, uid: p.uid, own: c.possessions(ctx, t)}
		name := "kanarie " + strings.ToLower(rand.Text())[:10]
		c.done(ctx, t, http.MethodPatch, "/v1/me", fmt.Sprintf(`{"displayName":%q}`, name))
		m.canaries = []string{name, p.uid, p.email}
		for _, id := range m.own {
			m.canaries = append(m.canaries, id)
		}
		all = append(all, m)
	}
	return all
}

// round asks for all that may be read, once by the own ids and once by another member's.
func (m *neighbour) round(ctx context.Context, reads []operation, all []*neighbour, other *neighbour) error {
	var errs []error
	check := func(o operation, answer []byte) {
		for _, m2 := range all {
			for _, canary := range m2.canaries {
				switch has := bytes.Contains(answer, []byte(canary)); {
				case has && m2 == m:
					m.seen.Add(1)
				case has:
					errs = append(errs, fmt.Errorf("%s answers with %q, which is another's", o.OperationID, canary))
				}
			}
		}
	}
	for _, o := range reads {
		id, mine := at(m.own, o)
		status, answer, err := m.asks(ctx, o, id, "")
		if err != nil || status >= http.StatusInternalServerError {
			errs = append(errs, fmt.Errorf("%s: %d %s, %w", o.OperationID, status, answer, err))
		}
		check(o, answer)
		if !mine {
			continue
		}
		theirs, _ := at(other.own, o)
		status, answer, err = m.asks(ctx, o, theirs, "")
		if err != nil || status != http.StatusNotFound {
			errs = append(errs, fmt.Errorf("%s by another's id: %d, %w", o.OperationID, status, err))
		}
		// The path that was asked may be repeated; what is behind it may not.
		check(o, bytes.ReplaceAll(answer, []byte(theirs), nil))
	}
	return errors.Join(errs...)
}

// opens asks for the same upload twice at a time, and returns the ids of the scans that it got.
func (m *neighbour) opens(ctx context.Context, o operation, ids *sync.Map) error {
	status, answer, err := m.asks(ctx, o, "", `{"contentType":"image/jpeg"}`,
		"Content-Type", "application/json", "Idempotency-Key", "crowd")
	if err != nil || status >= http.StatusBadRequest {
		return fmt.Errorf("open a scan: %d %s, %w", status, answer, err)
	}
	_, after, _ := bytes.Cut(answer, []byte(`"id":"`))
	id, _, _ := bytes.Cut(after, []byte(`"`))
	ids.Store(m.uid+" "+string(id), true)
	return nil
}

// state is what the member sees of what events and uploads change.
func (m *neighbour) state(ctx context.Context, t *testing.T) map[string]string {
	t.Helper()
	seen := map[string]string{}
	for _, path := range []string{"/v1/me", "/v1/scans", "/v1/series", "/v1/inbox", "/v1/friends"} {
		status, answer := m.call(ctx, t, http.MethodGet, path, "")
		if status != http.StatusOK {
			t.Fatalf("GET %s: %d %s", path, status, answer)
		}
		seen[path] = string(answer)
	}
	return seen
}

// TestCrowd has users read all that is theirs and ask for all that is another's, at the same time,
// while they repeat an upload and all that happened to them is delivered again. No answer has
// anything of another user, and nothing changes.
func TestCrowd(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	const members, rounds = 5, 3
	s := start(t)
	all := s.crowd(ctx, t, members)
	var reads []operation
	var open operation
	for _, o := range operations(s.exchanges.doc) {
		switch {
		case o.OperationID == "openScan":
			open = o
		case o.method == http.MethodGet && asksForUser(o.access) && !strings.HasPrefix(o.path, "/v1/admin"):
			reads = append(reads, o)
		}
	}
	var ids sync.Map
	for _, m := range all {
		if err := m.opens(ctx, open, &ids); err != nil {
			t.Fatal(err)
		}
		s.await(ctx, t, "all events of the user", func() bool {
			return len(s.documents(ctx, t, s.fs.Collection("outbox").Where("uid", "==", m.uid))) == 0
		})
	}
	var before []map[string]string
	for _, m := range all {
		before = append(before, m.state(ctx, t))
	}
	var load sync.WaitGroup
	for i, m := range all {
		for round := range rounds {
			load.Go(func() {
				if err := m.round(ctx, reads, all, all[(i+1+round)%members]); err != nil {
					t.Error(err)
				}
			})
			load.Go(func() {
				if err := m.opens(ctx, open, &ids); err != nil {
					t.Error(err)
				}
			})
			load.Go(func() {
				for _, d := range s.repeat.late(m.uid) {
					if status := d.deliver(ctx); status != http.StatusOK {
						t.Errorf("a delivery again to %s: %d", d.function, status)
					}
				}
			})
		}
	}
	load.Wait()
	opened := 0
	ids.Range(func(any, any) bool { opened++; return true })
	if opened != members {
		t.Errorf("%d scans were opened under %d keys", opened, members)
	}
	for i, m := range all {
		if diff := gocmp.Diff(before[i], m.state(ctx, t)); diff != "" {
			t.Errorf("what member %d sees (-before +after):\n%s", i, diff)
		}
		if m.seen.Load() == 0 || len(s.repeat.late(m.uid)) == 0 {
			t.Errorf("member %d: %d canaries, %d deliveries", i, m.seen.Load(), len(s.repeat.late(m.uid)))
		}
	}
}
