package account_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/account/terms"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/testkit"
)

const grantBody = `{"version":"2026-11-29","appVersion":"1.2.3"}`

func (w *world) user(t *testing.T, uid string) account.User {
	t.Helper()
	snap, err := account.Ref(w.fs, account.UID(uid)).Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var u account.User
	if err := snap.DataTo(&u); err != nil {
		t.Fatal(err)
	}
	return u
}

func TestConsent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	uid, token := w.registered(t, "ada@example.com")
	w.told(t, "account.registered.v1 "+uid)
	updated := "account.updated.v1 " + uid
	consent := func(method, body string) answer { return w.call(t, method, "/v1/me/consent", token, body) }

	body := consent("GET", "").want(t, http.StatusOK)
	equal(t, body, terms.Current.Version, "current", "version")
	equal(t, body, terms.Current.Purpose, "current", "purpose")
	equal(t, body, terms.Current.Retention, "current", "retention")
	equal(t, body, "never", "consent", "state")
	if at := testkit.Member(body, "consent", "changedAt"); at != nil {
		t.Errorf("consent.at = %v before any consent", at)
	}

	// Withdrawing what was never given changes nothing.
	equal(t, consent("DELETE", "").want(t, http.StatusOK), "never", "consent", "state")
	if u := w.user(t, uid); u.ConsentEpoch != 0 || u.Admits(0) {
		t.Errorf("user = %+v", u)
	}
	w.told(t)

	granted := consent("POST", grantBody).want(t, http.StatusCreated)
	equal(t, granted, "granted", "consent", "state")
	equal(t, granted, "2026-11-29", "consent", "version")
	if u := w.user(t, uid); u.ConsentEpoch != 1 || !u.Admits(1) || u.Admits(0) {
		t.Errorf("user = %+v", u)
	}
	w.told(t, updated)

	again := consent("POST", grantBody).want(t, http.StatusOK)
	if diff := cmp.Diff(granted, again); diff != "" {
		t.Errorf("the second grant differs:\n%s", diff)
	}
	w.told(t)

	withdrawn := consent("DELETE", "").want(t, http.StatusOK)
	equal(t, withdrawn, "withdrawn", "consent", "state")
	if u := w.user(t, uid); u.ConsentEpoch != 2 || u.Admits(1) || u.Admits(2) {
		t.Errorf("user = %+v", u)
	}
	w.told(t, "consent.withdrawn.v1 "+uid, updated)
	if diff := cmp.Diff(withdrawn, consent("DELETE", "").want(t, http.StatusOK)); diff != "" {
		t.Errorf("the second withdrawal differs:\n%s", diff)
	}
	w.told(t)

	consent("POST", grantBody).want(t, http.StatusCreated)
	if u := w.user(t, uid); u.ConsentEpoch != 3 || !u.Admits(3) || u.Admits(1) {
		t.Errorf("user = %+v", u)
	}
	w.told(t, updated)
	w.wantHistory(t, uid,
		account.ConsentRecord{Schema: 1, Epoch: 1, Action: account.Granted, Terms: terms.Current, AppVersion: "1.2.3"},
		account.ConsentRecord{Schema: 1, Epoch: 2, Action: account.Withdrawn, Terms: terms.Text{Version: "2026-11-29"}},
		account.ConsentRecord{Schema: 1, Epoch: 3, Action: account.Granted, Terms: terms.Current, AppVersion: "1.2.3"},
	)
}

// wantHistory compares the consent records in the order of their ids, but for their times, which
// must grow.
func (w *world) wantHistory(t *testing.T, uid string, want ...account.ConsentRecord) {
	t.Helper()
	snaps, err := account.Ref(w.fs, account.UID(uid)).Collection("consents").Documents(t.Context()).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	var got []account.ConsentRecord
	for i, snap := range snaps {
		var r account.ConsentRecord
		if err := snap.DataTo(&r); err != nil {
			t.Fatal(err)
		}
		if i < len(want) {
			if i > 0 && !r.At.After(want[i-1].At) {
				t.Errorf("record %s is of %v, the one before of %v", snap.Ref.ID, r.At, want[i-1].At)
			}
			want[i].At = r.At
		}
		got = append(got, r)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
	if len(snaps) > 0 && snaps[0].Ref.ID != "0000000001" {
		t.Errorf("the first record is %s", snaps[0].Ref.ID)
	}
}

func TestConsent_refusesAnotherVersion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	uid, token := w.registered(t, "ada@example.com")
	outdated := w.call(t, "POST", "/v1/me/consent", token, `{"version":"2020-01-01"}`)
	outdated.refused(t, fault.CodeConsentOutdated)
	if !strings.Contains(string(outdated.body), terms.Current.Version) {
		t.Errorf("%s does not name the current version", outdated.body)
	}
	for _, body := range []string{`{}`, `{"version":""}`, `{"version":null}`, `{"appVersion":"2"}`} {
		fields := w.call(t, "POST", "/v1/me/consent", token, body).refused(t, fault.CodeInvalidField)
		if diff := cmp.Diff([]string{"/version"}, fields); diff != "" {
			t.Errorf("%s: fields (-want +got):\n%s", body, diff)
		}
	}
	long := `{"version":"2026-11-29","appVersion":"` + strings.Repeat("1", 65) + `"}`
	w.call(t, "POST", "/v1/me/consent", token, long).refused(t, fault.CodeInvalidField)
	if u := w.user(t, uid); u.ConsentEpoch != 0 || u.Consent.Granted {
		t.Errorf("user = %+v", u)
	}
}

func TestConsent_raceGrantsOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	uid, token := w.registered(t, "ada@example.com")
	w.told(t, "account.registered.v1 "+uid)
	counts := race(4, func(int) answer { return w.call(t, "POST", "/v1/me/consent", token, grantBody) })
	if diff := cmp.Diff(map[int]int{http.StatusCreated: 1, http.StatusOK: 3}, counts); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
	if u := w.user(t, uid); u.ConsentEpoch != 1 {
		t.Errorf("epoch = %d", u.ConsentEpoch)
	}
	w.told(t, "account.updated.v1 "+uid)
}
