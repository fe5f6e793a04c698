package systest_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/facescan/facescan/internal/client/api"
	"github.com/facescan/facescan/internal/testphoto"
)

// twice is a write that is sent two times, and what each is answered with. Words in capitals stand
// for what the user has.
type twice struct {
	operation     string
	body          string
	first, second int
}

// repeated is every operation of the contract that writes, in an order in which each has what it
// needs. The second answer is what an app sees that lost the first.
var repeated = []twice{
	{"signUp", `{"email":"EMAIL","password":"correct horse"}`, 201, 409},
	{"resetPassword", `{"email":"EMAIL","clientToken":"CLIENT"}`, 202, 202},
	{"sendVerificationMail", "", 202, 202},
	{"register", `{"displayName":"Twice"}`, 201, 200},
	{"updateProfile", `{"birthYear":1990,"leaderboard":{"optIn":true}}`, 200, 200},
	{"setUsername", `{"username":"systest_twice"}`, 200, 200},
	{"grantConsent", `{"version":"CONSENT"}`, 201, 200},
	{"coachPreview", "PHOTO", 200, 200},
	{"uploadPhoto", "FORM", 202, 200},
	{"openScan", `{"contentType":"image/jpeg"}`, 201, 200},
	{"putDevice", `{"token":"t","platform":"ios"}`, 201, 200},
	{"deleteDevice", "", 204, 204},
	{"setPreferences", `{"push":true,"email":false}`, 200, 200},
	{"updatePreferences", `{"kinds":{"welcome":{"push":false}},"quietHours":{"from":"22:00","to":"07:00"}}`, 200, 200},
	{"unsubscribe", "List-Unsubscribe=One-Click", 200, 200},
	{"askForDeletionLink", `{"email":"EMAIL"}`, 202, 202},
	{"deleteByLink", "sure=yes", 200, 200},
	{"markRead", "", 204, 204},
	{"markAllRead", "", 200, 200},
	{"deleteItem", "", 204, 404},
	{"deleteReadItems", "", 200, 200},
	{"verifyScan", "", 409, 409},  // the scan has no photo; caller.again asks for one that has, and
	{"rescoreScan", "", 409, 409}, // package scan's tests see that a request under way is not made twice
	{"deleteScan", "", 204, 404},
	{"openSeries", `{"contentType":"image/jpeg","photos":2}`, 201, 200},
	{"deleteSeries", "", 204, 404},
	{"makeFriendCode", "", 201, 200},
	{"rotateFriendCode", "", 201, 201},
	{"removeFriend", "", 204, 404},
	{"addFriend", `{"code":"CODE"}`, 201, 200},
	{"blockFriend", "", 204, 204},
	{"unblockFriend", "", 204, 404},
	{"revokeFriendCode", "", 204, 404},
	{"requestExport", "", 202, 202},
	{"forgetRatings", "", 204, 204},
	{"reportName", `{"username":"nobody.has.this","reason":"other"}`, 204, 204},
	{"resolveNameReport", `{"decision":"dismiss"}`, 403, 403}, // the caller is not of the staff
	{"changeStanding", `{"action":"ban","reason":"abuse"}`, 403, 403},
	{"withdrawConsent", "", 200, 200},
	{"signOutEverywhere", "", 204, 401},
	{"logIn", `{"email":"EMAIL","password":"correct horse"}`, 200, 200},
	{"refreshSession", `{"refreshToken":"REFRESH"}`, 200, 200},
	{"eraseAccount", "", 202, 202},
}

func TestEveryWriteTwice(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	s := start(t)
	writes := map[string]operation{}
	for _, o := range operations(s.exchanges.doc) {
		if o.method != http.MethodGet {
			writes[o.OperationID] = o
		}
	}
	photo, err := testphoto.Sample(ctx)
	if err != nil {
		t.Fatal(err)
	}
	c, has := caller{system: s}, map[string]string{"EMAIL": "systest-twice@example.com", "PHOTO": string(photo)}
	own := map[string]string{}
	for _, w := range repeated {
		o, ok := writes[w.operation]
		if !ok {
			t.Errorf("%s is no operation that writes", w.operation)
			continue
		}
		delete(writes, w.operation)
		if w.operation == "removeFriend" {
			_, other := s.registered(ctx, t, "twice-friend")
			has["CODE"] = other.friendCode(ctx, t)
			own[friendPath] = other.befriend(ctx, t, c.friendCode(ctx, t))
			own[unblocking] = own[friendPath] // it is the same before and after a block
		}
		if w.operation == "markRead" || w.operation == "grantConsent" {
			c.collect(ctx, t, has, own)
		}
		body := w.body
		for word, value := range has {
			body = strings.Replace(body, word, value, 1)
		}
		id, _ := at(own, o)
		media, sample := o.sample(t)
		body = strings.Replace(body, "FORM", sample, 1)
		for _, want := range []int{w.first, w.second} {
			status, answer := c.call(ctx, t, o.method, o.target(id), body, "Idempotency-Key", w.operation, "Content-Type", media)
			if status == http.StatusForbidden && w.operation == "eraseAccount" {
				continue // the erasure has locked the user by now
			}
			if status != want {
				t.Errorf("%s: %d %s, want %d", w.operation, status, answer, want)
			}
			c.learn(answer, has, own)
			if token := has["TOKEN"]; token != "" {
				c.token = token
			}
		}
	}
	for id := range writes {
		t.Errorf("%s writes: say in repeated what its second answer is", id)
	}
}

// learn keeps what an answer gives for the next requests.
func (c caller) learn(answer []byte, has, own map[string]string) {
	var session api.SignIn
	if json.Unmarshal(answer, &session) == nil && session.IDToken != "" {
		has["TOKEN"], has["REFRESH"] = session.IDToken, session.RefreshToken
		if session.ClientToken != "" { // a refresh has none
			has["CLIENT"] = session.ClientToken
		}
	}
	var opened api.OpenedScan
	if json.Unmarshal(answer, &opened) == nil && opened.Scan.ID != "" {
		own["/v1/scans/"] = opened.Scan.ID
	}
	var series api.OpenedSeries
	if json.Unmarshal(answer, &series) == nil && series.Series.ID != "" {
		own["/v1/series/"] = series.Series.ID
	}
}

// collect asks for what the user has by now: the consent text, and the welcome in the inbox.
func (c caller) collect(ctx context.Context, t *testing.T, has, own map[string]string) {
	t.Helper()
	has["CONSENT"] = c.consentVersion(ctx, t)
	c.await(ctx, t, "the welcome", func() bool {
		var inbox api.Inbox
		_, answer := c.call(ctx, t, "GET", "/v1/inbox", "")
		if json.Unmarshal(answer, &inbox) != nil || len(inbox.Items) == 0 {
			return false
		}
		own["/v1/inbox/"] = inbox.Items[0].ID
		return true
	})
}
