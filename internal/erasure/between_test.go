package erasure_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"firebase.google.com/go/v4/auth"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/account/standing"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/local/emulator/usertest"
)

// between is what comes between two steps of an event about the sign-ins of ada, who has an account
// until then. Each is one step of the event's handling: a request to Firebase.
type between struct {
	// banned has ada banned before, as Firebase knows.
	banned bool
	// fact is the event, about what begin does.
	fact  event.SignInsEndedV1
	begin func(t *testing.T, w *world)
	// meanwhile comes between, with its events, and after when the event is handled at last.
	meanwhile, after func(t *testing.T, w *world)
	// want is whether Firebase has ada, and has ada disabled, in the end.
	want ended
}

type ended struct{ there, disabled bool }

func (w *world) banned(t *testing.T) { t.Helper(); w.stand(t, ada, standing.Ban, "abuse") }
func (w *world) lifted(t *testing.T) { t.Helper(); w.stand(t, ada, standing.Lift, "mistake") }

func (w *world) signedOut(t *testing.T) {
	t.Helper()
	at := w.User(ada).TokensValidAfter.Add(time.Second)
	accounts := account.New(w.Firestore, w.Outbox, w.Acts, w.Clock)
	if err := accounts.EndSignIns(t.Context(), ada, at); err != nil {
		t.Fatal(err)
	}
}

func (w *world) leaves(t *testing.T) {
	t.Helper()
	w.request(t, ada)
}

func (w *world) leavesByLink(t *testing.T) {
	t.Helper()
	w.confirm(t, w.link(t, ada))
}

// betweens are the orders of a ban, its end, the end of sign-ins and an erasure.
func betweens() map[string]between {
	ban, lift := event.SignInsEndedV1{Banned: true}, event.SignInsEndedV1{Lifted: true}
	begin := func(do func(*world, *testing.T)) func(*testing.T, *world) {
		return func(t *testing.T, w *world) { t.Helper(); do(w, t) }
	}
	told := func(do func(*world, *testing.T)) func(*testing.T, *world) {
		return func(t *testing.T, w *world) { t.Helper(); do(w, t); w.erase(t) }
	}
	leaves := told((*world).leaves)
	gone := func(t *testing.T, w *world) { t.Helper(); leaves(t, w); w.finish(t) }
	finish := func(t *testing.T, w *world) { t.Helper(); w.finish(t) }
	nothing := func(*testing.T, *world) {}
	return map[string]between{
		"a ban is lifted": {
			fact: ban, begin: begin((*world).banned), meanwhile: told((*world).lifted), after: nothing,
			want: ended{there: true},
		},
		"a lifted ban is followed by another": {
			banned: true, fact: lift, begin: begin((*world).lifted), meanwhile: told((*world).banned), after: nothing,
			want: ended{there: true, disabled: true},
		},
		"the sign-ins of who is banned meanwhile": {
			begin: begin((*world).signedOut), meanwhile: told((*world).banned), after: nothing,
			want: ended{there: true, disabled: true},
		},
		"an erasure begins after a lifted ban": {
			banned: true, fact: lift, begin: begin((*world).lifted), meanwhile: leaves, after: nothing,
			want: ended{there: true, disabled: true},
		},
		"an erasure is over before a lifted ban is": {
			banned: true, fact: lift, begin: begin((*world).lifted), meanwhile: gone, after: nothing,
		},
		"a banned user leaves by a link": {
			fact: ban, begin: begin((*world).banned), meanwhile: told((*world).leavesByLink), after: finish,
		},
	}
}

// What falls between two steps of an event about sign-ins is neither undone by it nor lost, be it
// that the process is killed there and the event comes again.
func TestSignIns_betweenAnyTwoSteps(t *testing.T) {
	t.Parallel()
	for name, order := range betweens() {
		for _, killed := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/killed %v", name, killed), func(t *testing.T) {
				t.Parallel()
				for step, inTime := 0, true; inTime && !t.Failed(); step++ {
					t.Run(fmt.Sprint("before request ", step), func(t *testing.T) { inTime = order.at(t, step, killed) })
				}
			})
		}
	}
}

// at tests the order at the step, and reports whether there is that step.
func (b between) at(t *testing.T, step int, killed bool) (inTime bool) {
	t.Helper()
	front := emulatortest.NewAuthFront(t)
	w := newWorldOf(t, usertest.Options{Auth: front})
	w.Register(ada, "token-of-ada")
	if b.banned {
		w.banned(t)
	}
	w.erase(t)
	b.begin(t, w)
	b.fact.UID, b.fact.At = ada, w.User(ada).TokensValidAfter
	mails, ends := len(w.Mail.Messages()), message(t, b.fact)

	inTime, err := w.hold(t, front, ends, step, killed, func() { b.meanwhile(t, w) })
	if !inTime {
		if err != nil || step == 0 {
			t.Errorf("it was handled without request %d: %v", step, err)
		}
		return false
	}
	if err != nil {
		err = w.eraser.Handle(t.Context(), ends)
	}
	if err != nil {
		t.Errorf("the event, again: %v", err)
	}
	w.erase(t) // what of the beginning has not come
	b.after(t, w)
	b.check(t, w, mails)
	return true
}

// hold has the event handled, and meanwhile be called before the request of the number, from 0, to
// Firebase. A process that is killed makes none after that one.
func (w *world) hold(
	t *testing.T, front *emulatortest.AuthFront, m event.Message, number int, killed bool, meanwhile func(),
) (inTime bool, err error) {
	t.Helper()
	reached, goOn := make(chan struct{}), make(chan struct{})
	front.Asked.Store(0)
	front.Answer(func(rw http.ResponseWriter, r *http.Request) {
		if front.Asked.Load() == int64(number)+1 {
			reached <- struct{}{}
			<-goOn
		}
		front.Pass(rw, r)
	})
	defer front.Answer(nil)
	done := make(chan error, 1)
	go func() { done <- w.eraser.Handle(t.Context(), m) }()
	select {
	case err := <-done:
		return false, err
	case <-reached:
	}
	front.Answer(nil)
	func() {
		defer close(goOn)
		meanwhile()
		if killed {
			front.Answer(func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusForbidden) })
		}
	}()
	return true, <-done
}

func (b between) check(t *testing.T, w *world, mails int) {
	t.Helper()
	user, err := w.Users.GetUser(t.Context(), ada)
	if err != nil && !auth.IsUserNotFound(err) {
		t.Fatal(err)
	}
	if got := (ended{there: err == nil, disabled: err == nil && user.Disabled}); got != b.want {
		t.Fatalf("Firebase: %+v, want %+v", got, b.want)
	}
	if !b.want.there {
		if left := w.Mentions(ada); len(left) > 0 {
			t.Errorf("left %q", left)
		}
		told := map[string]int{}
		for _, m := range w.Mail.Messages()[mails:] {
			told[m.Subject]++
		}
		if last := told["Your FaceScan account is being erased"]; last != 1 || len(told) > 2 { // the other has a link
			t.Errorf("mails: %v", told)
		}
		return
	}
	ends := w.User(ada).TokensValidAfter
	if at := time.UnixMilli(user.TokensValidAfterMillis); !ends.IsZero() && at.Before(ends) {
		t.Errorf("sign-ins end at %v at Firebase, and at %v here", at, ends)
	}
}
