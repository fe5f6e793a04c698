package deliver

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/notify"
)

// mailedTo are the recipients of all mails.
func (b *bench) mailedTo() []string {
	var to []string
	for _, m := range b.smtp.Messages() {
		to = append(to, m.To...)
	}
	return to
}

// The address of the registration may be another user's by now.
func TestHandle_mailsToTheAddressThatFirebaseHas(t *testing.T) {
	tests := map[string]struct {
		// gone means that Firebase has no such user any more, else it has this address.
		gone     bool
		address  string
		verified bool
		to       []string
		reason   string
	}{
		"as it was at registering": {false, "ann@example.com", true, []string{"ann@example.com"}, ""},
		"changed and verified":     {false, "ann@new.example", true, []string{"ann@new.example"}, ""},
		"changed, not verified":    {false, "ann@new.example", false, nil, "no_verified_email"},
		"not verified any more":    {false, "ann@example.com", false, nil, "no_verified_email"},
		"given up":                 {false, "", false, nil, "no_verified_email"},
		"the user was deleted":     {true, "", false, nil, "user_gone"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.save(ann())
			b.saveAddress(uid, tt.address, tt.verified)
			if tt.gone {
				if err := b.users.DeleteUser(t.Context(), string(uid)); err != nil {
					t.Fatal(err)
				}
			}
			b.handle(scanDone("s"), "s")
			b.handle(scanDone("s"), "s")
			if diff := cmp.Diff(tt.to, b.mailedTo()); diff != "" {
				t.Errorf("mails to (-want +got):\n%s", diff)
			}
			if d := b.leg(idOf(scanDone("s"), "s"), notify.Email); !d.done() || d.Reason != tt.reason {
				t.Errorf("delivery = %+v, want the reason %q", d, tt.reason)
			}
		})
	}
}

// A change of the address has to hold for the very next mail.
func TestHandle_remembersNoAddress(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(ann())
	b.handle(event.AccountRegisteredV1{UID: string(uid)}, "")
	b.saveAddress(uid, "ann@new.example", true)
	b.handle(scanDone("s"), "s")
	if diff := cmp.Diff([]string{"ann@example.com", "ann@new.example"}, b.mailedTo()); diff != "" {
		t.Errorf("mails to (-want +got):\n%s", diff)
	}
}

// Where Firebase cannot be asked the mail waits, and never goes to the address of the registration.
func TestHandle_waitsForFirebase(t *testing.T) {
	tests := map[string]struct {
		status int
		body   string
	}{
		"it is unavailable":    {http.StatusServiceUnavailable, `{"error":{"code":503,"message":"UNAVAILABLE"}}`},
		"it refuses":           {http.StatusForbidden, `{"error":{"code":403,"message":"PERMISSION_DENIED"}}`},
		"the quota is used up": {http.StatusTooManyRequests, `{"error":{"code":429,"message":"QUOTA_EXCEEDED"}}`},
		"a proxy answers":      {http.StatusOK, "<html>maintenance</html>"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.save(ann())
			b.saveDevice("phone", "token-1")
			b.auth.Answer(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", "3600") // later than the client waits
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, tt.body)
			})
			for range 2 {
				err := b.consumer.Handle(t.Context(), messageOf(t, scanDone("s"), "s"))
				if err == nil || !fault.Retryable(err) || strings.Contains(err.Error(), "ann@") {
					t.Fatalf("error = %v, want a retryable one without the address", err)
				}
			}
			b.want(1, 1, 0)
			if d := b.leg(idOf(scanDone("s"), "s"), notify.Email); d.State != failed {
				t.Errorf("delivery = %+v, want it failed", d)
			}
			b.auth.Answer(nil)
			b.handle(scanDone("s"), "s")
			b.want(1, 1, 1)
		})
	}
}

// What follows from a consent says so, by which its withdrawal finds it; what does not, does not.
func TestHandle_keepsTheConsentsEpoch(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	u := ann()
	u.ConsentEpoch = 3
	b.save(u)
	done := scanDone("s")
	done.ConsentEpoch = 3
	best := event.PersonalBestReachedV1{UID: string(uid), ScanID: "s", Board: "b", ConsentEpoch: 3, Score: 71.24}
	b.handle(event.AccountRegisteredV1{UID: string(uid)}, "")
	b.handle(done, "s")
	b.handle(best, "s")
	for _, name := range []string{"inbox", "deliveries"} {
		snaps, err := b.fs.Collection("users").Doc(string(uid)).Collection(name).Documents(t.Context()).GetAll()
		if err != nil {
			t.Fatal(err)
		}
		epochs := map[any]int{}
		for _, snap := range snaps {
			epochs[snap.Data()["consentEpoch"]]++
		}
		want := map[any]int{nil: 1, int64(3): 2}
		if diff := cmp.Diff(want, epochs); diff != "" {
			t.Errorf("%s by epoch (-want +got):\n%s", name, diff)
		}
	}
}

func TestEmail_toWhatIsNoAddress(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(ann())
	b.auth.Answer(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"users":[{"localId":"u","email":"ann at home","emailVerified":true}]}`)
	})
	b.handle(scanDone("s"), "s")
	if d := b.leg(idOf(scanDone("s"), "s"), notify.Email); d.State != skipped || d.Reason != "address_unusable" {
		t.Errorf("delivery = %+v, want it skipped", d)
	}
}
