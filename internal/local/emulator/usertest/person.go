package usertest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"firebase.google.com/go/v4/auth"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/account/terms"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/upload"
)

// Answer is what the API answered.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Decode reads the body as JSON.
func Decode[T any](w *World, a Answer) T {
	w.tb.Helper()
	var v T
	if err := json.Unmarshal(a.Body, &v); err != nil {
		w.tb.Fatalf("%v in %s", err, a.Body)
	}
	return v
}

// Ask sends the user's request, with a body of JSON unless that is "". A uid of "" is no caller.
func (w *World) Ask(uid, method, path, body string) Answer {
	return w.AskAs(uid, method, path, "application/json", body)
}

// AskAs is like [World.Ask] with a body of another type.
func (w *World) AskAs(uid, method, path, kind, body string) Answer {
	r := httptest.NewRequestWithContext(w.tb.Context(), method, path, strings.NewReader(body))
	if uid != "" {
		r.Header.Set("Authorization", "Bearer "+uid)
	}
	if body != "" {
		r.Header.Set("Content-Type", kind)
	}
	rec := httptest.NewRecorder()
	w.API.ServeHTTP(rec, r)
	return Answer{rec.Code, rec.Header(), rec.Body.Bytes()}
}

// Do is like [World.Ask] for what must succeed.
func (w *World) Do(uid, method, path, body string) Answer {
	w.tb.Helper()
	a := w.Ask(uid, method, path, body)
	if a.Status >= http.StatusBadRequest {
		w.tb.Fatalf("%s %s: %d %s", method, path, a.Status, a.Body)
	}
	return a
}

// Email returns the address that Firebase has of the user.
func Email(uid string) string { return uid + "@example.com" }

// Register makes a Firebase user with a verified address and registers them, with a device of the
// token.
func (w *World) Register(uid, token string) {
	w.tb.Helper()
	_, err := w.Users.CreateUser(w.tb.Context(), (&auth.UserToCreate{}).UID(uid).Email(Email(uid)).EmailVerified(true))
	w.must(err)
	body := fmt.Sprintf(`{"device":{"id":"phone","token":%q,"platform":"android"}}`, token)
	w.Do(uid, http.MethodPost, "/v1/auth/register", body)
}

// MoveIn registers a user to whom everything can happen: with a birth year, a consent, a username
// and a place on the boards. The device's token tells the FCM sink how to answer. Nothing is
// delivered.
func (w *World) MoveIn(uid string, wants account.Notifications, token string) {
	w.tb.Helper()
	w.Register(uid, token)
	w.Do(uid, http.MethodPatch, "/v1/me", `{"birthYear":1990,"leaderboard":{"optIn":true}}`)
	w.Do(uid, http.MethodPut, "/v1/me/username", fmt.Sprintf(`{"username":%q}`, Username(uid)))
	w.Do(uid, http.MethodPut, "/v1/preferences", fmt.Sprintf(`{"push":%v,"email":%v}`, wants.Push, wants.Email))
	w.Grant(uid)
}

// Username returns the name that [World.MoveIn] takes for the user.
func Username(uid string) string { return strings.ReplaceAll(uid, "-", "_") }

// Grant gives the user's consent, Withdraw ends it.
func (w *World) Grant(uid string) {
	w.tb.Helper()
	w.Do(uid, http.MethodPost, "/v1/me/consent", fmt.Sprintf(`{"version":%q}`, terms.Current.Version))
}

// Withdraw ends the user's consent.
func (w *World) Withdraw(uid string) {
	w.tb.Helper()
	w.Do(uid, http.MethodDelete, "/v1/me/consent", "")
}

// Opened is a scan that awaits its photo.
type Opened struct {
	Scan   struct{ ID scan.ID }
	Upload upload.Ticket
}

// Open opens a scan.
func (w *World) Open(uid string) Opened {
	w.tb.Helper()
	return w.open(uid, `{"contentType":"image/jpeg"}`)
}

func (w *World) open(uid, request string) Opened {
	w.tb.Helper()
	return Decode[Opened](w, w.Do(uid, http.MethodPost, "/v1/uploads", request))
}

// Put uploads the photo by the ticket, as anybody may who has it, and returns the storage's status.
func (w *World) Put(t upload.Ticket, photo []byte) (status int, err error) {
	r, err := http.NewRequestWithContext(w.tb.Context(), t.Method, t.URL, strings.NewReader(string(photo)))
	if err != nil {
		return 0, err
	}
	for name, value := range t.Headers {
		r.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}

// Upload opens a scan and uploads its photo. Nothing is delivered.
func (w *World) Upload(uid string, photo []byte) scan.ID {
	w.tb.Helper()
	return w.upload(w.Open(uid), photo)
}

func (w *World) upload(opened Opened, photo []byte) scan.ID {
	w.tb.Helper()
	status, err := w.Put(opened.Upload, photo)
	if err != nil || status != http.StatusOK {
		w.tb.Fatalf("put a photo: %d, %v", status, err)
	}
	return opened.Scan.ID
}

// Scan uploads a photo and waits until it is measured, ranked and announced.
func (w *World) Scan(uid string, photo []byte) scan.ID {
	w.tb.Helper()
	return w.ScanWith(uid, photo, "[]")
}

// Ranked and RankedAgain are how many scans [World.Rank] must have counted for others to see the
// rating, under a first consent and after a new one.
const (
	Ranked      = 3
	RankedAgain = 20
)

// Rank has n scans of the user's past days counted. The scans themselves do not exist.
func (w *World) Rank(uid string, n int) {
	w.tb.Helper()
	epoch := w.User(uid).ConsentEpoch
	for i := range n {
		at := w.Clock().AddDate(0, 0, -i%7-1).Add(time.Duration(i) * time.Second)
		fact := event.ScanCompletedV1{
			UID: uid, ScanID: fmt.Sprintf("past%02d", i), ConsentEpoch: epoch, Engine: report.Version,
			EngineMajor: report.MajorVersion(), Score: 50, Rankable: true, CompletedAt: at,
		}
		e, err := event.New(event.ID(fact.EventType(), uid, fact.ScanID, at.String()), at, "", fact)
		w.must(err)
		data, err := event.Encode(e)
		w.must(err)
		w.must(w.Handlers["rank"](w.tb.Context(), event.Message{ID: e.ID, Data: data}))
	}
}

// CountAnew has the next request for a board count it, as one some seconds later does.
func (w *World) CountAnew() {
	w.tb.Helper()
	snaps, err := w.Firestore.CollectionGroup("snapshot").Documents(w.tb.Context()).GetAll()
	w.must(err)
	for _, snap := range snaps {
		_, err := snap.Ref.Delete(w.tb.Context())
		w.must(err)
	}
}

// ScanWith is like [World.Scan] with the renditions, in JSON, made of the photo.
func (w *World) ScanWith(uid string, photo []byte, renditions string) scan.ID {
	w.tb.Helper()
	id := w.upload(w.open(uid, fmt.Sprintf(`{"contentType":"image/jpeg","renditions":%s}`, renditions)), photo)
	w.Deliver("analyze", "notify", "rank")
	return id
}

// OpenedSeries is a series that awaits its photos.
type OpenedSeries struct {
	Series  struct{ ID scan.SeriesID }
	Uploads []struct {
		ScanID scan.ID
		Upload upload.Ticket
	}
}

// OpenSeries opens a series of so many photos.
func (w *World) OpenSeries(uid string, photos int) OpenedSeries {
	w.tb.Helper()
	request := fmt.Sprintf(`{"contentType":"image/jpeg","photos":%d}`, photos)
	return Decode[OpenedSeries](w, w.Do(uid, http.MethodPost, "/v1/series", request))
}

// Series uploads the photos as a series and waits until they are measured, ranked and announced.
func (w *World) Series(uid string, photos ...[]byte) scan.SeriesID {
	w.tb.Helper()
	opened := w.OpenSeries(uid, len(photos))
	for i, photo := range photos {
		status, err := w.Put(opened.Uploads[i].Upload, photo)
		if err != nil || status != http.StatusOK {
			w.tb.Fatalf("put a photo of a series: %d, %v", status, err)
		}
	}
	w.Deliver("analyze", "notify", "rank")
	return opened.Series.ID
}

// Befriend has the user send the other's friend code and returns the friendship's id.
func (w *World) Befriend(uid, other string) (id string) {
	w.tb.Helper()
	code := Decode[struct{ Code string }](w, w.Do(other, http.MethodPost, "/v1/friends/code", ""))
	body := fmt.Sprintf(`{"code":%q}`, code.Code)
	return Decode[struct{ ID string }](w, w.Do(uid, http.MethodPost, "/v1/friends", body)).ID
}

// User returns users/{uid}.
func (w *World) User(uid string) account.User {
	w.tb.Helper()
	u, err := account.Get(w.tb.Context(), w.Firestore, account.UID(uid))
	w.must(err)
	return u
}
