package systest_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/client"
	"github.com/facescan/facescan/internal/client/api"
	"github.com/facescan/facescan/internal/testphoto"
)

// neighbour is one of a crowd of users, with words that may be in no answer to another.
type neighbour struct {
	caller
	uid, email string
	own        map[string]string // see possessions
	ticket     *api.UploadTicket
	canaries   []string
	seen       sync.Map // has the own canaries that were answered
	scans      sync.Map // has the ids that the one upload was given
}

// crowd makes users, each with what can be asked for by an id.
func (s *system) crowd(ctx context.Context, t *testing.T, n int) []*neighbour {
	t.Helper()
	var all []*neighbour
	for i := range n {
		p, c := s.enrolled(ctx, t, fmt.Sprintf("crowd-%d", i))
		m := &neighbour{caller: c, uid: p.uid, email: p.email, own: c.possessions(ctx, t)}
		name := "canary " + strings.ToLower(rand.Text())
		c.done(ctx, t, http.MethodPatch, "/v1/me", fmt.Sprintf(`{"displayName":%q}`, name))
		c.done(ctx, t, http.MethodPut, "/v1/devices/phone", fmt.Sprintf(`{"token":%q,"platform":"ios"}`, p.email))
		m.canaries = []string{name, p.uid, p.email}
		for _, id := range m.own {
			m.canaries = append(m.canaries, id)
		}
		opened, err := m.opens(ctx)
		if err != nil || opened.Upload == nil {
			t.Fatalf("open a scan: %+v, %v", opened, err)
		}
		// The scan that gets a photo takes the place of the one that has none.
		m.own["/v1/scans/"], m.ticket = opened.Scan.ID, opened.Upload
		m.canaries = append(m.canaries, opened.Scan.ID)
		all = append(all, m)
	}
	return all
}

// asks is call for any goroutine.
func (m *neighbour) asks(
	ctx context.Context, method, target, body string, header ...string,
) (status int, answer []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, method, m.URL+target, strings.NewReader(body))
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
	answer, err = io.ReadAll(resp.Body)
	return resp.StatusCode, answer, err
}

// opens asks for the one upload, and keeps the id of the scan that it is given.
func (m *neighbour) opens(ctx context.Context) (opened api.OpenedScan, err error) {
	status, answer, err := m.asks(ctx, http.MethodPost, "/v1/uploads", `{"contentType":"image/jpeg"}`,
		"Content-Type", "application/json", "Idempotency-Key", "crowd")
	if err != nil {
		return opened, err
	}
	if err := json.Unmarshal(answer, &opened); err != nil || status >= http.StatusBadRequest {
		return opened, fmt.Errorf("the upload again: %d %s, %w", status, answer, err)
	}
	m.scans.Store(opened.Scan.ID, true)
	return opened, nil
}

// reads asks for the operation with the value in its path, as long as it waits. The answer must be
// none of the server's failures, the wanted status unless that is 0, and have no canary of another.
func (m *neighbour) reads(ctx context.Context, o operation, value string, want int, all []*neighbour) error {
	target := o.target(value)
	for _, p := range o.in("query") {
		if p.Name == "wait" {
			target += "?wait=1"
		}
	}
	status, answer, err := m.asks(ctx, o.method, target, "")
	if err != nil {
		return fmt.Errorf("%s: %w", o.OperationID, err)
	}
	var errs []error
	if status >= http.StatusInternalServerError || want != 0 && status != want {
		errs = append(errs, fmt.Errorf("%s of %q: %d %s, want %d", o.OperationID, value, status, answer, want))
	}
	if value != "" && want != 0 {
		// The path that was asked may be repeated. What is behind it may not.
		answer = bytes.ReplaceAll(answer, []byte(value), nil)
	}
	for _, other := range all {
		for _, canary := range other.canaries {
			switch has := bytes.Contains(answer, []byte(canary)); {
			case has && other == m:
				m.seen.Store(canary, true)
			case has:
				errs = append(errs, fmt.Errorf("%s of %q has another's %q: %s", o.OperationID, value, canary, answer))
			}
		}
	}
	return errors.Join(errs...)
}

// round reads all that can be read, once by the own ids and once by another's.
func (m *neighbour) round(ctx context.Context, gets []operation, all []*neighbour, other *neighbour) error {
	var errs []error
	for _, o := range gets {
		own, has := at(m.own, o)
		switch {
		case has:
			theirs, _ := at(other.own, o)
			errs = append(errs, m.reads(ctx, o, own, 0, all), m.reads(ctx, o, theirs, http.StatusNotFound, all))
		case strings.HasPrefix(o.path, "/v1/admin/"):
			errs = append(errs, m.reads(ctx, o, other.uid, http.StatusForbidden, all))
		default:
			errs = append(errs, m.reads(ctx, o, "", 0, all))
		}
	}
	return errors.Join(errs...)
}

// replays delivers all that happened to the member again. What is being delivered at the time is
// refused, and tried until it is taken.
func (m *neighbour) replays(ctx context.Context) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for _, d := range m.repeat.late(m.uid) {
		for status := d.deliver(ctx); status != http.StatusOK; status = d.deliver(ctx) {
			select {
			case <-ctx.Done():
				return fmt.Errorf("a delivery again to %s: %d, %w", d.function, status, ctx.Err())
			case <-tick.C:
			}
		}
	}
	return nil
}

// puts has the photo of the upload arrive.
func (m *neighbour) puts(ctx context.Context, photo []byte) error {
	return (&client.Client{URL: m.URL, Transport: m.exchanges}).Put(ctx, m.ticket, photo)
}

// press has all read what is theirs and ask for what is another's, while they repeat their upload
// and all that happened to them is delivered again. It does more of the member's beside that.
func press(
	ctx context.Context, t *testing.T, all []*neighbour, gets []operation, more func(*neighbour) error,
) {
	t.Helper()
	const rounds = 2
	var load sync.WaitGroup
	each := func(work func() error) {
		load.Go(func() {
			if err := work(); err != nil {
				t.Error(err)
			}
		})
	}
	for i, m := range all {
		for r := range rounds {
			each(func() error { return m.round(ctx, gets, all, all[(i+1+r)%len(all)]) })
			each(func() error { _, err := m.opens(ctx); return err })
			each(func() error { return m.replays(ctx) })
		}
		each(func() error { return more(m) })
	}
	load.Wait()
}

// told are the titles of all pushes and mails to the member, in the order of their sending.
func (m *neighbour) told() (pushes, mails []string) {
	for _, p := range m.Push.Messages() {
		if p.Token == m.email {
			pushes = append(pushes, p.Title)
		}
	}
	for _, one := range m.Mail.Messages() {
		for _, to := range one.To {
			if to == m.email {
				mails = append(mails, one.Subject)
			}
		}
	}
	return pushes, mails
}

// traces are what events and uploads leave: what the member sees, what is sent and what is stored.
func (m *neighbour) traces(ctx context.Context, t *testing.T) map[string]string {
	t.Helper()
	pushes, mails := m.told()
	found := map[string]string{
		"pushes": fmt.Sprintf("%q", pushes), "mails": fmt.Sprintf("%q", mails),
		"reports":       fmt.Sprint(m.reports(ctx, t, m.uid)),
		"contributions": fmt.Sprint(m.contributions(ctx, t, m.uid)),
		"owed":          fmt.Sprint(m.owed(ctx, t)),
	}
	for _, path := range []string{
		"/v1/me", "/v1/me/summary", "/v1/scans", "/v1/timeline", "/v1/series", "/v1/inbox", "/v1/friends", "/v1/devices",
	} {
		status, answer := m.call(ctx, t, http.MethodGet, path, "")
		if status != http.StatusOK {
			t.Fatalf("GET %s: %d %s", path, status, answer)
		}
		found[path] = countedAt.ReplaceAllString(string(answer), "")
	}
	return found
}

// countedAt is when a board was counted, which is not when the member did anything.
var countedAt = regexp.MustCompile(`"countedAt":"[^"]*"`)

// owed is the number of the member's events that are not published yet.
func (m *neighbour) owed(ctx context.Context, t *testing.T) int {
	t.Helper()
	return len(m.documents(ctx, t, m.fs.Collection("outbox").Where("uid", "==", m.uid)))
}

// counted reports whether the photo has come to all that it brings about.
func (m *neighbour) counted(ctx context.Context, t *testing.T) bool {
	t.Helper()
	count := func(titles []string) (n int) {
		for _, title := range titles {
			if title == "Your scan is ready" {
				n++
			}
		}
		return n
	}
	pushes, mails := m.told()
	if count(pushes) > 1 || count(mails) > 1 {
		t.Fatalf("one scan was told by the pushes %q and the mails %q", pushes, mails)
	}
	return count(pushes) == 1 && count(mails) == 1 && m.contributions(ctx, t, m.uid) == 1 && m.owed(ctx, t) == 0
}

// TestCrowd is the matrix under load: users read all that is theirs and ask for all that is
// another's, at the same time, first while their photos are measured and then when all is done. No
// answer has anything of another user, and what is delivered again changes nothing.
func TestCrowd(t *testing.T) {
	t.Parallel()
	s := start(t)
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	photo, err := testphoto.Sample(ctx)
	if err != nil {
		t.Fatal(err)
	}
	all := s.crowd(ctx, t, 3)
	var gets []operation
	for _, o := range operations(s.exchanges.doc) {
		if o.method == http.MethodGet {
			gets = append(gets, o)
		}
	}
	press(ctx, t, all, gets, func(m *neighbour) error { return m.puts(ctx, photo) })
	var before []map[string]string
	for _, m := range all {
		s.await(ctx, t, "all that the photo brings about", func() bool { return m.counted(ctx, t) })
		before = append(before, m.traces(ctx, t))
	}
	press(ctx, t, all, gets, func(m *neighbour) error { return m.replays(ctx) })
	for i, m := range all {
		s.await(ctx, t, "what the repetitions owe", func() bool { return m.owed(ctx, t) == 0 })
		if diff := gocmp.Diff(before[i], m.traces(ctx, t)); diff != "" {
			t.Errorf("member %d, by what was delivered again (-before +after):\n%s", i, diff)
		}
		m.check(t)
	}
}

// check checks that the load could have shown a fault.
func (m *neighbour) check(t *testing.T) {
	t.Helper()
	opened := 0
	m.scans.Range(func(any, any) bool { opened++; return true })
	if opened != 1 {
		t.Errorf("%d scans were opened under one key", opened)
	}
	for _, canary := range m.canaries {
		if _, ok := m.seen.Load(canary); !ok {
			t.Errorf("%q is in no answer to its own user, so it shows nothing", canary)
		}
	}
	if n := len(m.repeat.late(m.uid)); n < 3 {
		t.Errorf("%d deliveries were repeated: want the registration's, the photo's and the scan's", n)
	}
}
