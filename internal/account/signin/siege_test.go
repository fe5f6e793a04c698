package signin_test

import (
	"fmt"
	"net/http"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/facescan/facescan/internal/account/signin"
)

// mostGuesses is how many guesses of strangers at one mailbox reach Identity Toolkit in any hour.
const mostGuesses = 100

// TestSiege has strangers guess at one owner's password for more than an hour that begins anywhere.
// In each minute the owner's right password works from a client that signed in before.
func TestSiege(t *testing.T) {
	if 5*(signin.LoginsToMailbox.Max+signin.AppLoginsToMailbox.Max) > mostGuesses {
		t.Error("an hour touches five quarters of an hour")
	}
	for _, tt := range []struct {
		addresses, perMinute int
		// Every so many-th address has an App Check token.
		apps int
	}{
		{addresses: 1, perMinute: 20, apps: 2},
		{addresses: 100, perMinute: 50, apps: 10},
		{addresses: 10_000, perMinute: 150, apps: 10},
	} {
		t.Run(fmt.Sprintf("by %d addresses", tt.addresses), func(t *testing.T) {
			it := newToolkit(t, "ada@example.com")
			d := it.door(t)
			d.clock.set(noon.Add(7*time.Minute + 13*time.Second))
			token := d.signedIn(t)
			var reached []time.Time
			it.mu.Lock()
			it.guessed = func() { reached = append(reached, d.clock.now()) }
			it.mu.Unlock()
			guesses := 0
			for minute := range 70 {
				// The owner mistypes the password now and then.
				if minute%10 == 0 {
					d.wrong(t, 1, attempt{from: "203.0.113.1", token: token})
					it.mu.Lock()
					reached = reached[:len(reached)-1] // no stranger's guess
					it.mu.Unlock()
				}
				d.swarm(t, tt.perMinute, func(i int) attempt {
					from := (guesses + i) % tt.addresses
					return attempt{from: network(from), password: strconv.Itoa(guesses + i), app: from%tt.apps == 1}
				}, func() { token = d.entered(t, attempt{from: "203.0.113.1", password: "correct horse", token: token}) })
				guesses += tt.perMinute
				d.clock.advance(time.Minute)
			}
			if guesses < tt.addresses {
				t.Fatalf("%d guesses by %d addresses", guesses, tt.addresses)
			}
			worst := mostIn(time.Hour, reached)
			t.Logf("%d guesses, %d reached Identity Toolkit, %d in the worst hour", guesses, len(reached), worst)
			if worst > mostGuesses || worst == 0 {
				t.Errorf("%d guesses reached Identity Toolkit in an hour, want at most %d", worst, mostGuesses)
			}
		})
	}
}

// mostIn is how many of the times, which ascend, lie within one stretch of the length.
func mostIn(length time.Duration, times []time.Time) (most int) {
	first := 0
	for i, at := range times {
		for at.Sub(times[first]) >= length {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

// swarm makes n wrong guesses at once, as many as there are workers, and does the rest in between.
// A guess is answered 401 or 429. It returns how many were answered 401.
func (d *door) swarm(t *testing.T, n int, guess func(i int) attempt, between func()) (failures int) {
	t.Helper()
	var all sync.WaitGroup
	var mu sync.Mutex
	next := 0
	for range 4 * runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for {
				mu.Lock()
				i := next
				next++
				mu.Unlock()
				if i >= n {
					return
				}
				rec := d.login(t, guess(i))
				switch rec.Code {
				case http.StatusUnauthorized:
					mu.Lock()
					failures++
					mu.Unlock()
				case http.StatusTooManyRequests:
				default:
					t.Errorf("guess %d: status %d: %s", i, rec.Code, rec.Body)
				}
			}
		})
	}
	between()
	all.Wait()
	return failures
}

// TestStuffing has 1,000 addresses make 10,000 logins in one minute, at 20 mailboxes: none is an
// error, a refused one reads three documents, and only one that counts writes.
func TestStuffing(t *testing.T) {
	const logins, addresses, mailboxes = 10_000, 1000, 20
	it := newToolkit(t, "ada@example.com")
	d := it.door(t)
	token := d.signedIn(t)
	d.meter.Take()
	started := time.Now()
	failures := d.swarm(t, logins, func(i int) attempt {
		return attempt{
			from: network(i % addresses), mailbox: fmt.Sprintf("user%d@example.com", i%mailboxes), password: strconv.Itoa(i),
		}
	}, func() { d.entered(t, attempt{from: network(0), password: "correct horse", token: token}) })
	cost := d.meter.Take()
	t.Logf("%d logins in %v, %d failures, cost %+v", logins, time.Since(started).Round(time.Millisecond), failures, cost)
	if want := mailboxes * signin.LoginsToMailbox.Max; failures != want || it.reached() != want {
		t.Errorf("%d failures, %d reached Identity Toolkit, want %d", failures, it.reached(), want)
	}
	// The known client reads 4 and writes 4. A failure reads 3 more than a refusal, and those that
	// are overtaken after the check read and give back some.
	const overtaken = 200
	if most := int64(3*logins + 3*failures + 4 + 4*overtaken); cost.Reads() > most {
		t.Errorf("%d documents read, want at most %d", cost.Reads(), most)
	}
	if most := int64(3*failures + 4 + 2*overtaken); cost.Writes > most || cost.Deletes > 0 {
		t.Errorf("%d documents written, want at most %d", cost.Writes, most)
	}
}
