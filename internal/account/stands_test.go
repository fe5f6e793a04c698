package account

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// history is what came of the consent: the epoch of each change, and whether it was a grant.
type history []bool

// standing are the epochs of the grants without a withdrawal since, as anybody would read them off
// the history.
func (h history) standing() map[int64]bool {
	all := map[int64]bool{}
	for i := len(h) - 1; i >= 0 && h[i]; i-- {
		all[int64(i+1)] = true
	}
	return all
}

// after is the user after the history, whose document says since when the consent is in force from
// the change on.
func (h history) after(t *rapid.T, from int) User {
	u := User{State: Active}
	for i, granted := range h {
		action := Withdrawn
		if granted {
			action = Granted
		}
		u.decide(action, "v", time.Time{})
		if i < from {
			u.Consent.Since = 0
		}
	}
	if u.ConsentEpoch != int64(len(h)) {
		t.Fatalf("epoch %d after %v", u.ConsentEpoch, h)
	}
	return u
}

// What was made under a grant stands until a withdrawal; and where the document does not say since
// when, nothing stands that was withdrawn.
func TestStands(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		h := history(rapid.SliceOfN(rapid.Bool(), 0, 8).Draw(t, "grants"))
		from := rapid.IntRange(0, len(h)).Draw(t, "first change that says since when")
		u, want := h.after(t, from), h.standing()
		for i, granted := range h {
			epoch := int64(i + 1)
			if !granted {
				continue // nothing is made under a withdrawal
			}
			got := u.Stands(epoch)
			if from == 0 && got != want[epoch] || got && !want[epoch] {
				t.Fatalf("after %v, since %d: epoch %d stands: %v, want %v", h, u.Consent.Since, epoch, got, want[epoch])
			}
			if u.Admits(epoch) && !got {
				t.Fatalf("after %v, epoch %d is admitted and does not stand", h, epoch)
			}
		}
		if again := len(h) > 0 && h[len(h)-1] && slices.Contains(h, false); from == 0 && u.Renewed() != again {
			t.Fatalf("after %v, given again: %v, want %v", h, u.Renewed(), again)
		}
		if u.Stands(int64(len(h)) + 1) {
			t.Fatalf("after %v, an epoch to come stands", h)
		}
		if u.State = Erasing; u.Stands(u.ConsentEpoch) {
			t.Fatal("something stands of an account that is being erased")
		}
	})
}
