package identity

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"firebase.google.com/go/v4/auth"

	"github.com/facescan/facescan/internal/httpapi"
)

// cloud is Firebase's client of production, which asks about a user only when it is told to: that
// of the Auth emulator asks each time.
type cloud struct {
	mu    sync.Mutex
	token auth.Token
	user  auth.UserRecord
	err   error
	asked int
	// hold, if set, holds back the answer until it is closed.
	hold chan struct{}
}

func (f *cloud) VerifyIDToken(context.Context, string) (*auth.Token, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return new(f.token), nil
}

func (f *cloud) VerifyIDTokenAndCheckRevoked(ctx context.Context, raw string) (*auth.Token, error) {
	return f.VerifyIDToken(ctx, raw)
}

func (f *cloud) GetUser(context.Context, string) (*auth.UserRecord, error) {
	if f.hold != nil {
		<-f.hold
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked++
	return new(f.user), f.err
}

var signedIn = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)

// newRecent returns a verifier of a user who has signed in, and moves its clock.
func newRecent(t *testing.T) (v *Recent, f *cloud, advance func(time.Duration)) {
	t.Helper()
	now := signedIn
	var mu sync.Mutex
	v, err := NewRecent(nil, func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return now
	})
	if err != nil {
		t.Fatal(err)
	}
	f = &cloud{token: auth.Token{UID: "ada", AuthTime: signedIn.Unix(), IssuedAt: signedIn.Unix()}}
	f.user.TokensValidAfterMillis = signedIn.Add(-time.Hour).UnixMilli()
	v.client = f
	return v, f, func(d time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(d)
	}
}

func TestRecent(t *testing.T) {
	t.Parallel()
	errDown := errors.New("Firebase does not answer")
	for name, tt := range map[string]struct {
		change func(*cloud)
		want   error
	}{
		"nothing happens": {func(*cloud) {}, nil},
		"the sign-ins are ended": {
			func(f *cloud) { f.user.TokensValidAfterMillis = signedIn.Add(time.Minute).UnixMilli() }, httpapi.ErrSignInEnded,
		},
		"the sign-ins are ended, and the app had refreshed the token before": {func(f *cloud) {
			f.user.TokensValidAfterMillis = signedIn.Add(time.Minute).UnixMilli()
			f.token.IssuedAt = signedIn.Add(2 * time.Minute).Unix()
		}, httpapi.ErrSignInEnded},
		"the sign-ins before this one are ended in its second": {
			func(f *cloud) { f.user.TokensValidAfterMillis = signedIn.UnixMilli() + 999 }, nil,
		},
		"the user is disabled": {func(f *cloud) { f.user.Disabled = true }, httpapi.ErrSignInEnded},
		"Firebase is down":     {func(f *cloud) { f.err = errDown }, errDown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, f, advance := newRecent(t)
			check := func() error { _, err := v.VerifyIDToken(t.Context(), "token"); return err }
			if err := check(); err != nil {
				t.Fatal(err)
			}
			f.mu.Lock()
			tt.change(f)
			f.mu.Unlock()
			advance(RecheckAfter - 1)
			if err := check(); err != nil || f.asked != 1 {
				t.Errorf("a moment before the next look: %v, asked %d times", err, f.asked)
			}
			advance(1)
			if err := check(); !errors.Is(err, tt.want) {
				t.Errorf("at the next look: %v, want %v", err, tt.want)
			}
			f.mu.Lock()
			f.err = nil
			f.mu.Unlock()
			if err := check(); errors.Is(tt.want, errDown) && err != nil {
				t.Errorf("once Firebase answers again: %v", err)
			}
		})
	}
}

// Many requests of one user ask once, also while the first question is under way.
func TestRecent_asksOnce(t *testing.T) {
	t.Parallel()
	v, f, _ := newRecent(t)
	f.hold = make(chan struct{})
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if _, err := v.VerifyIDToken(t.Context(), "token"); err != nil {
				t.Error(err)
			}
		})
	}
	close(f.hold)
	all.Wait()
	if f.asked > 2 { // a request may begin just when the first question has ended
		t.Errorf("asked %d times", f.asked)
	}
}
