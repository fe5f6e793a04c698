package counts_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/facescan/facescan/internal/client"
	"github.com/facescan/facescan/internal/client/api"
	"github.com/facescan/facescan/internal/deploy/cost"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/testkit"
	"github.com/facescan/facescan/internal/testphoto"
)

// step is one operation, asked for as the words say. Words in capitals stand for what the user has.
type step struct {
	operation string
	body      string
	// id is for the parameter in the path, query for what is after the question mark.
	id, query string
	// want is the status, 0 for any success.
	want int
	// bea has Bea ask.
	bea bool
}

// steps is every operation of the contract, in an order in which each has what it needs. Bea is the
// other user. getScan, and openScan with a photo, are counted by [system.scans], too.
var steps = []step{
	{operation: "getHealth"}, {operation: "getReadiness"}, {operation: "getContract"}, {operation: "getContractJSON"},
	{operation: "getAccountDeletionPage"}, {operation: "getReceiptKeys"},
	{operation: "getProblemPage", id: "not_found"}, {operation: "getReference"},
	{operation: "getReferenceFile", id: "page.css"},
	{operation: "signUp", body: `{"email":"EMAIL","password":"correct horse"}`},
	{operation: "register", body: `{"displayName":"Ada"}`},
	{operation: "refreshSession", body: `{"refreshToken":"REFRESH"}`},
	{operation: "logIn", body: `{"email":"EMAIL","password":"correct horse"}`},
	{operation: "sendVerificationMail"},
	{operation: "resetPassword", body: `{"email":"EMAIL","clientToken":"CLIENT"}`},
	{operation: "getProfile"},
	{operation: "updateProfile", body: `{"birthYear":1990,"leaderboard":{"optIn":true}}`},
	{operation: "checkUsername", id: "counts_ada"},
	{operation: "setUsername", body: `{"username":"counts_ada"}`},
	{operation: "getUsername"},
	{operation: "getConsent"},
	{operation: "grantConsent", body: `{"version":"CONSENT"}`},
	{operation: "listConsents"},
	{operation: "getPreferences"},
	{operation: "setPreferences", body: `{"push":true,"email":false}`},
	{operation: "updatePreferences", body: `{"kinds":{"welcome":{"push":false}}}`},
	{operation: "listDevices"},
	{operation: "putDevice", id: "phone", body: `{"token":"counts","platform":"android"}`},
	{operation: "coachPreview", body: "PHOTO"},
	{operation: "uploadPhoto", body: "FORM"},
	{operation: "getScan", id: "SCAN"},
	{operation: "listScans"}, {operation: "listImages", id: "SCAN"}, {operation: "getTimeline"},
	{operation: "getSummary"},
	{operation: "listBoards"}, {operation: "listArchives"},
	{operation: "getTop", id: client.MainBoard}, {operation: "getAround", id: client.MainBoard},
	{operation: "getStanding", id: client.MainBoard}, {operation: "getFriendsBoard", id: client.MainBoard},
	{operation: "verifyScan", id: "SCAN"},
	{operation: "rescoreScan", id: "SCAN", want: 409}, // the engine is the one that scored it
	{operation: "openScan", body: `{"contentType":"image/jpeg"}`},
	{operation: "deleteScan", id: "SCAN"},
	{operation: "openSeries", body: `{"contentType":"image/jpeg","photos":2}`},
	{operation: "listSeries"}, {operation: "getSeries", id: "SERIES"},
	{operation: "listSeriesImages", id: "SERIES"}, // of photos that are still missing
	{operation: "deleteSeries", id: "SERIES"},
	{operation: "makeFriendCode"}, {operation: "getFriendCode"}, {operation: "rotateFriendCode"},
	{operation: "addFriend", body: `{"code":"CODE"}`},
	{operation: "listFriends"},
	{operation: "blockFriend", id: "FRIEND"}, {operation: "listBlocked"}, {operation: "unblockFriend", id: "FRIEND"},
	{operation: "addFriend", body: `{"code":"CODE"}`},
	{operation: "removeFriend", id: "FRIEND"},
	{operation: "revokeFriendCode"},
	{operation: "reportName", body: `{"username":"counts_bea","reason":"other"}`},
	{operation: "listNameReports"}, {operation: "lookAtUser", id: "UID"},
	{operation: "resolveNameReport", id: "REPORT", body: `{"decision":"dismiss"}`},
	{operation: "changeStanding", id: "UID", body: `{"action":"quarantine","reason":"fraud"}`},
	{operation: "changeStanding", id: "UID", body: `{"action":"release","reason":"mistake"}`},
	{operation: "listInbox"}, {operation: "markRead", id: "ITEM"}, {operation: "markAllRead"},
	{operation: "deleteItem", id: "ITEM"}, {operation: "deleteReadItems", query: "read=true"},
	{operation: "deleteDevice", id: "phone"},
	{operation: "getUnsubscribePage", id: "none"},
	{operation: "unsubscribe", id: "none", body: "List-Unsubscribe=One-Click"},
	{operation: "askForDeletionLink", body: `{"email":"counts@example.com"}`},
	{operation: "getDeletionLinkPage", id: "none"}, {operation: "deleteByLink", id: "none", body: "sure=yes"},
	{operation: "requestExport"}, {operation: "getExport"},
	{operation: "forgetRatings"},
	{operation: "withdrawConsent"},
	{operation: "signOutEverywhere", bea: true},
	{operation: "eraseAccount"},
	{operation: "getErasure", id: "ERASURE"},
}

// staffed are the operations of the staff, who need no account.
var staffed = []string{"listNameReports", "lookAtUser", "resolveNameReport", "changeStanding"}

// person is a user and what they have.
type person struct {
	*system
	operations map[string]operation
	has        map[string]string
}

type operation struct {
	method, path string
	*openapi3.Operation
}

func contract(t *testing.T) map[string]operation {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(httpapi.Contract())
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]operation{}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			all[op.OperationID] = operation{method, path, op}
		}
	}
	return all
}

func (s *system) person(t *testing.T, name string) *person {
	t.Helper()
	photo, err := testphoto.Sample(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	form := "--x\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"f\"\r\nContent-Type: image/jpeg\r\n\r\n" +
		string(photo) + "\r\n--x--\r\n"
	return &person{s, contract(t), map[string]string{
		"EMAIL": "counts-" + name + "@example.com", "PHOTO": string(photo), "FORM": form, "UID": "none",
	}}
}

// operations counts all of the contract.
func (s *system) operations(t *testing.T) {
	t.Helper()
	bea := s.person(t, "bea")
	for _, st := range []step{
		{operation: "signUp", body: `{"email":"EMAIL","password":"correct horse"}`},
		{operation: "register", body: `{"displayName":"Bea"}`},
		{operation: "setUsername", body: `{"username":"counts_bea"}`},
		{operation: "makeFriendCode"},
	} {
		bea.ask(t.Context(), t, st)
	}
	s.settle(t.Context(), t)
	s.rows = nil
	ada := s.person(t, "ada")
	left := ada.operations
	ada.operations = maps.Clone(left)
	for _, st := range steps {
		if st.operation == "addFriend" {
			ada.has["CODE"] = bea.has["CODE"]
		}
		who := ada
		if st.bea {
			who = bea
		}
		s.count(t.Context(), t, st.operation, strings.Count(st.body, "FORM"), func() { who.ask(t.Context(), t, st) })
		delete(left, st.operation)
	}
	for name := range left {
		t.Errorf("%s is not counted: enter it into steps", name)
	}
}

// ask asks for the operation, and keeps what the answer gives for the next.
func (p *person) ask(ctx context.Context, t *testing.T, st step) []byte {
	t.Helper()
	op, ok := p.operations[st.operation]
	if !ok {
		t.Fatalf("the contract has no %s", st.operation)
	}
	target := op.path
	if from := strings.Index(target, "{"); from >= 0 {
		to := strings.Index(target, "}")
		target = target[:from] + p.word(st.id) + target[to+1:]
	}
	if st.query != "" {
		target += "?" + st.query
	}
	return p.call(ctx, t, st, op, target)
}

// word is what the user has by the word, or the word.
func (p *person) word(text string) string {
	for _, word := range slices.Sorted(maps.Keys(p.has)) {
		text = strings.ReplaceAll(text, word, p.has[word])
	}
	return text
}

func (p *person) call(ctx context.Context, t *testing.T, st step, op operation, target string) []byte {
	t.Helper()
	body := st.body
	if body != "PHOTO" && body != "FORM" {
		body = p.word(body)
	} else {
		body = p.has[body]
	}
	req, err := http.NewRequestWithContext(ctx, op.method, p.URL+target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	token := p.has["TOKEN"]
	if slices.Contains(staffed, st.operation) {
		token = asAdmin(t, token)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	switch {
	case st.body == "FORM":
		req.Header.Set("Content-Type", "multipart/form-data; boundary=x")
	case st.body == "PHOTO":
		req.Header.Set("Content-Type", "image/jpeg")
	case strings.HasPrefix(st.body, "{"):
		req.Header.Set("Content-Type", "application/json")
	case st.body != "":
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if st.want != 0 && resp.StatusCode != st.want || st.want == 0 && resp.StatusCode >= http.StatusBadRequest {
		t.Fatalf("%s: %d %s", st.operation, resp.StatusCode, answer)
	}
	p.learn(answer)
	return answer
}

// asAdmin is the token with the claim of the staff. The Auth emulator's tokens have no signature.
func asAdmin(t *testing.T, token string) string {
	t.Helper()
	claims := claimsOf(token)
	claims["role"] = "admin"
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(token, ".")
	return parts[0] + "." + base64.RawURLEncoding.EncodeToString(payload) + "." + parts[2]
}

func claimsOf(token string) map[string]any {
	claims := map[string]any{}
	_, rest, _ := strings.Cut(token, ".")
	payload, _, _ := strings.Cut(rest, ".")
	text, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil || json.Unmarshal(text, &claims) != nil {
		return map[string]any{} // it names no one, and is refused
	}
	return claims
}

// learn keeps what an answer gives.
func (p *person) learn(answer []byte) {
	var in struct {
		IDToken, RefreshToken, ClientToken, ID, Code, ReceiptURL string
		CreatedAt, UpdatedAt                                     string
		Current                                                  struct{ Version string }
		Scan                                                     struct{ ID string }
		Series                                                   struct{ ID string }
		Upload                                                   *api.UploadTicket
		Items                                                    []struct {
			ID, UID, Title string
			Reasons        map[string]int
		}
	}
	if json.Unmarshal(answer, &in) != nil {
		return // a page
	}
	for word, value := range map[string]string{
		"TOKEN": in.IDToken, "REFRESH": in.RefreshToken, "CLIENT": in.ClientToken, "CONSENT": in.Current.Version,
		"SCAN": in.Scan.ID, "SERIES": in.Series.ID, "CODE": in.Code,
		"ERASURE": in.ReceiptURL[strings.LastIndex(in.ReceiptURL, "/")+1:],
	} {
		if value != "" {
			p.has[word] = value
		}
	}
	if uid, _ := claimsOf(in.IDToken)["sub"].(string); uid != "" {
		p.has["UID"] = uid
	}
	if in.ID != "" && in.CreatedAt != "" && in.UpdatedAt == "" { // of all with an id, friends alone never change
		p.has["FRIEND"] = in.ID
	}
	for _, item := range in.Items {
		switch {
		case item.Title != "":
			p.has["ITEM"] = item.ID
		case item.Reasons != nil:
			p.has["REPORT"] = item.ID
		}
	}
}

// scans counts the scans of users without boards, push or mail: one part by part, the other as a
// whole.
func (s *system) scans(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	photo, err := testphoto.Sample(ctx)
	if err != nil {
		t.Fatal(err)
	}
	eve, dan := s.quiet(ctx, t, "eve"), s.quiet(ctx, t, "dan")
	var opened api.OpenedScan
	s.count(ctx, t, "scan: ticket", 0, func() {
		if opened, err = eve.Open(ctx, "one", api.UploadRequestContentTypeImageJpeg); err != nil {
			t.Fatal(err)
		}
	})
	s.count(ctx, t, "scan: photo", 1, func() {
		if err := eve.Put(ctx, opened.Upload, photo); err != nil {
			t.Fatal(err)
		}
	})
	s.count(ctx, t, "scan: poll", 0, func() {
		if got, err := eve.Scan(ctx, opened.Scan.ID); err != nil || got.State != api.ScanStateCompleted {
			t.Fatalf("%+v, %v", got, err)
		}
	})
	s.whole(ctx, t, dan, photo)
}

// quiet is a user who wants no messages but in the inbox.
func (s *system) quiet(ctx context.Context, t *testing.T, name string) *client.Client {
	t.Helper()
	c := &client.Client{
		URL: s.URL, AuthHost: s.AuthHost, Email: "counts-" + name + "@example.com", Password: "correct horse",
	}
	kept := len(s.rows)
	_, signUp := c.SignUp(ctx)
	_, register := c.API().RegisterWithResponse(ctx, api.Registration{})
	off := false
	none := api.PreferencesChange{Push: &off, Email: &off}
	_, preferences := c.API().UpdatePreferencesWithResponse(ctx, none)
	if err := errors.Join(signUp, register, preferences, c.Declare(ctx, 1990), c.Consent(ctx)); err != nil {
		t.Fatal(err)
	}
	s.settle(ctx, t)
	s.rows = s.rows[:kept]
	return c
}

// whole counts a scan from the ticket to the result, with the polls of an app that waits, and what
// follows the result. The time stands still, as a poll that waits for a second reads the account
// once more, and how long this machine takes for an analysis is not to count.
func (s *system) whole(ctx context.Context, t *testing.T, dan *client.Client, photo []byte) {
	t.Helper()
	kept := len(s.rows)
	if err := s.StopClock(); err != nil {
		t.Fatal(err)
	}
	before := s.traffic(ctx)
	opened, err := dan.Open(ctx, "one", api.UploadRequestContentTypeImageJpeg)
	if err != nil {
		t.Fatal(err)
	}
	s.turn.Lock() // the analysis begins when the app waits
	s.owe(event.TopicUploadFinalized)
	if err := dan.Put(ctx, opened.Upload, photo); err != nil {
		t.Fatal(err)
	}
	type end struct {
		api.Scan
		error
	}
	ended := make(chan end, 1)
	go func() {
		got, err := dan.AwaitScan(ctx, opened.Scan.ID)
		ended <- end{got, err}
	}()
	testkit.Eventually(t, "the app waits", func() bool { return s.traffic(ctx).Listened > before.Listened })
	s.turn.Unlock()
	if got := <-ended; got.error != nil || got.State != api.ScanStateCompleted {
		t.Fatalf("%+v", got)
	}
	s.settle(ctx, t)
	s.rows = s.rows[:kept] // what its events were counted as has the polls in it
	s.record(cost.WholeScan, s.traffic(ctx).Minus(before))
	if err := s.MoveClock(0); err != nil {
		t.Error(err)
	}
}
