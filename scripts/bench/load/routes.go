package main

import (
	"bytes"
	"context"
	"fmt"
	"mime/multipart"
	"net/http"

	"github.com/facescan/facescan/internal/client"
	"github.com/facescan/facescan/internal/client/api"
	"github.com/facescan/facescan/internal/httpapi"
)

// route describes the repeated requests of an operation of the contract.
type route struct {
	// operation is its operationId.
	operation string
	// note describes the request if the operation's name is not enough.
	note string
	// readers means that only users with scans ask.
	readers bool
	// perUser is how often the limits of package quota let one user ask; 0 is any number. most bounds
	// all requests.
	perUser, most int
	// supply makes what one request uses up, before the clock runs.
	supply func(ctx context.Context, w *world, t turn) (string, error)
	// call makes the request; nil is one without a body and without anything in the path.
	call func(w *world, t turn) call
}

// turn is one request of a route.
type turn struct {
	// n counts the route's requests from 0.
	n int
	*person
	// supply is what the route's supply made for it.
	supply string
	// address is the client's, "" for one of its own.
	address string
}

// call is what a request adds to the operation's method and path.
type call struct {
	id, query string // the parameter in the path; what is after the question mark
	body      string
	media     string // of the body; "" is JSON
	token     string // "" is the person's
}

// routes are the operations that are measured, in this order: those that read come first, before
// there is more to read, and those that set off events come last, before others would meet the
// functions that deal with them.
var routes = []route{
	{operation: "getHealth"},
	{operation: "getReadiness", note: "reads one document"},
	{operation: "getContract"},
	{operation: "getContractJSON"},
	{operation: "getAccountDeletionPage"},
	{operation: "getProblemPage", call: func(*world, turn) call { return call{id: "not_found"} }},
	{operation: "getReference"},
	{operation: "getReferenceFile", call: func(*world, turn) call { return call{id: "swagger-ui.css"} }},
	{operation: "getReceiptKeys"},
	{
		operation: "getErasure", note: "one that has been asked for",
		call: func(w *world, _ turn) call { return call{id: w.erasure} },
	},

	{operation: "getProfile"},
	{operation: "getSummary", readers: true},
	{operation: "getUsername", readers: true},
	{
		operation: "checkUsername", note: "one that is free",
		call: func(*world, turn) call { return call{id: "bench_nobody"} },
	},
	{operation: "getConsent"},
	{operation: "listDevices"},
	{operation: "listConsents"},

	{operation: "getScan", note: "completed", readers: true, call: ofScan},
	{operation: "listScans", note: "20 of 20", readers: true},
	{operation: "listImages", note: "signs a URL for each picture", readers: true, call: ofScan},
	{operation: "getTimeline", note: "of 20 scans", readers: true},

	{operation: "listSeries", note: "of a user who has none", readers: true},

	{operation: "listBoards", note: "reads nothing"},
	{operation: "listArchives", note: "reads nothing"},
	{operation: "getTop", note: "a board of at most 8", call: ofBoard},
	{operation: "getAround", readers: true, call: ofBoard},
	{operation: "getStanding", readers: true, call: ofBoard},
	{operation: "getFriendsBoard", readers: true, note: "of a user without friends", call: ofBoard},

	{operation: "makeFriendCode", note: "the one that there is"},
	{operation: "listFriends", note: "of a user who has none", readers: true},
	{operation: "listBlocked", note: "of a user who has none", readers: true},

	{operation: "listInbox", readers: true},
	{operation: "getPreferences"},

	{operation: "logIn", note: "on a new client", call: func(_ *world, t turn) call {
		return call{body: fmt.Sprintf(`{"email":%q,"password":%q}`, t.app.Email, password)}
	}},
	{operation: "refreshSession", call: func(_ *world, t turn) call {
		return call{body: fmt.Sprintf(`{"refreshToken":%q}`, t.session.RefreshToken)}
	}},
	{operation: "resetPassword", note: "held to 1.5 s on purpose; nobody has the mailbox",
		call: func(w *world, t turn) call {
			return call{body: fmt.Sprintf(`{"email":"bench-nobody-%s-%d@example.com"}`, w.run, t.n)}
		}},
	{operation: "sendVerificationMail", perUser: 5},
	{operation: "signUp", note: "a new user each", call: func(w *world, t turn) call {
		return call{body: fmt.Sprintf(`{"email":"bench-new-%s-%d@example.com","password":%q}`, w.run, t.n, password)}
	}},
	{operation: "register", note: "a new user each; owes an event", most: 300, supply: newcomer,
		call: func(_ *world, t turn) call {
			return call{body: `{"displayName":"Bench"}`, token: t.supply}
		}},

	{operation: "updateProfile", note: "another name each", call: func(_ *world, t turn) call {
		return call{body: fmt.Sprintf(`{"displayName":"Bench %d"}`, t.n)}
	}},
	{operation: "setUsername", note: "the same again: changes nothing", readers: true, call: func(_ *world, t turn) call {
		return call{body: fmt.Sprintf(`{"username":%q}`, t.username)}
	}},
	{operation: "grantConsent", note: "the same again: changes nothing", call: func(w *world, _ turn) call {
		return call{body: fmt.Sprintf(`{"version":%q}`, w.consent)}
	}},

	{operation: "markRead", note: "one that is read already", call: func(_ *world, t turn) call {
		return call{id: t.item}
	}},
	{operation: "markAllRead", note: "none is left after the first"},
	{
		operation: "deleteReadItems", note: "none from before the bench",
		call: func(*world, turn) call { return call{query: "read=true&before=2026-01-01T00:00:00Z"} },
	},
	{operation: "setPreferences", call: func(_ *world, t turn) call {
		return call{body: fmt.Sprintf(`{"push":true,"email":%v}`, t.n%2 == 0)}
	}},
	{operation: "updatePreferences", call: func(_ *world, t turn) call {
		return call{body: fmt.Sprintf(`{"kinds":{"scan_failed":{"email":%v}}}`, t.n%2 == 0)}
	}},
	{operation: "getUnsubscribePage", call: func(*world, turn) call { return call{id: "bench"} }},
	{operation: "askForDeletionLink", note: "of an address that has no account", call: func(_ *world, t turn) call {
		return call{body: fmt.Sprintf(`{"email":"bench-%d@example.com"}`, t.n)}
	}},
	{operation: "getDeletionLinkPage", call: func(*world, turn) call { return call{id: "bench"} }},
	{operation: "deleteByLink", note: "a token that is none", call: func(*world, turn) call {
		return call{id: "bench", body: "sure=yes", media: "application/x-www-form-urlencoded"}
	}},
	{operation: "unsubscribe", note: "a token that is none, which costs a read", call: func(*world, turn) call {
		return call{id: "bench", body: "List-Unsubscribe=One-Click", media: "application/x-www-form-urlencoded"}
	}},
	{
		operation: "deleteDevice", note: "one that is gone already",
		call: func(*world, turn) call { return call{id: "bench-gone"} },
	},
	{operation: "putDevice", note: "another token each", call: func(_ *world, t turn) call {
		return call{id: "bench", body: fmt.Sprintf(`{"token":"bench-%d","platform":"android"}`, t.n)}
	}},

	{operation: "openScan", note: "a new scan each; signs its URL", perUser: 60, call: func(*world, turn) call {
		return call{body: `{"contentType":"image/jpeg"}`}
	}},
	{operation: "deleteScan", note: "one that awaits its photo", perUser: 60, most: 400, supply: openedScan,
		call: func(_ *world, t turn) call {
			return call{id: t.supply}
		}},
	{
		operation: "uploadPhoto", note: "340 kB that the engine refuses at once", perUser: 60, most: 400,
		call: func(w *world, _ turn) call { return call{body: w.form, media: w.formMedia} },
	},
	{operation: "coachPreview", note: "91 kB, the engine looks through them", readers: true, perUser: 600,
		call: func(w *world, _ turn) call {
			return call{body: string(w.photo), media: "image/jpeg"}
		}},
}

// excused are the operations that are not measured, and why.
var excused = map[string]string{
	"addFriend":         "can be done once for two users",
	"reportName":        "may be done 20 times a day; it counts a quota and writes two documents",
	"listNameReports":   "is for staff, who ask seldom",
	"resolveNameReport": "is for staff, who ask seldom",
	"changeStanding":    "is for staff, who ask seldom",
	"lookAtUser":        "is for staff, who ask seldom",
	"blockFriend":       "needs a friend, as removeFriend does",
	"getFriendCode":     "reads one document, as makeFriendCode does first",
	"removeFriend":      "needs a friend, whom addFriend makes once",
	"revokeFriendCode":  "needs a code, which makeFriendCode makes",
	"rotateFriendCode":  "makes a code, as the first makeFriendCode does",
	"signOutEverywhere": "ends its own sign-in, and waits for the next second",
	"unblockFriend":     "needs a blocked user, as blockFriend leaves one",
	"forgetRatings":     "can be measured once for each rating, which a scan makes",
	"deleteItem":        "can be done once for each item, which an event makes, and costs what markRead does",
	"deleteSeries":      "needs a series, which takes from the quota that openScan is measured with",
	"eraseAccount":      "can be done once for each account, and costs the saga that events go through after it",
	"getSeries":         "needs a series, as deleteSeries does; it reads one document, as getScan",
	"getExport":         "answers 404 until an export was asked for, which may be done five times a day",
	"listSeriesImages":  "needs a series, as deleteSeries does; it signs as listImages, for each of the photos",
	"openSeries": "takes from the quota that openScan is measured with, which is what it costs for each of its " +
		"photos",
	"requestExport":   "may be asked for five times a day, and what it costs is the archive that events write after it",
	"rescoreScan":     "is refused while the engine is the one that scored the scan, which here it always is",
	"verifyScan":      "costs an analysis, which events do after it, and one scan takes one request at a time",
	"withdrawConsent": "can be done once for each consent, and what it costs is the deletion that events do after it",
}

func ofScan(_ *world, t turn) call { return call{id: t.scan} }

func ofBoard(*world, turn) call { return call{id: client.MainBoard} }

// newcomer signs up a user who is not registered, and returns their ID token.
func newcomer(ctx context.Context, w *world, t turn) (string, error) {
	session, err := w.newApp(fmt.Sprintf("bench-newcomer-%s-%d", w.run, t.n)).SignUp(ctx)
	return session.IDToken, err
}

// openedScan returns the id of a scan that is opened for the request.
func openedScan(ctx context.Context, w *world, t turn) (string, error) {
	opened, err := t.app.Open(ctx, fmt.Sprintf("%s-%d", w.run, t.n), api.UploadRequestContentTypeImageJpeg)
	return opened.Scan.ID, err
}

// request returns the turn's request, as from a client of its own: an address is good for 60
// sign-ups in an hour, and one machine would soon measure the refusals. The header is as
// Google's load balancer sends it.
func (w *world) request(ctx context.Context, r route, t turn) (*http.Request, error) {
	var c call
	if r.call != nil {
		c = r.call(w, t)
	}
	op := w.operations[r.operation]
	req, err := http.NewRequestWithContext(ctx, op.method, w.URL+op.target(c.id, c.query), bytes.NewBufferString(c.body))
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	if c.body != "" {
		media := c.media
		if media == "" {
			media = "application/json"
		}
		req.Header.Set("Content-Type", media)
	}
	token := c.token
	if token == "" {
		token = t.session.IDToken
	}
	req.Header.Set("Authorization", "Bearer "+token)
	address := t.address
	if address == "" {
		address = w.address()
	}
	req.Header.Set(httpapi.HeaderClient, address)
	return req, nil
}

// photoForm returns the body of a direct upload.
func photoForm(photo []byte) (body, media string, err error) {
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	file, err := form.CreateFormFile("photo", "photo.jpg")
	if err != nil {
		return "", "", fmt.Errorf("make the form: %w", err)
	}
	_, _ = file.Write(photo) // a buffer takes everything
	if err := form.Close(); err != nil {
		return "", "", fmt.Errorf("make the form: %w", err)
	}
	return b.String(), form.FormDataContentType(), nil
}

var _ http.RoundTripper = (*forwarder)(nil)

// forwarder stands for the load balancer while people are prepared: see [world.request].
type forwarder struct{ w *world }

// RoundTrip sends the request as from a client of its own.
func (f *forwarder) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Set(httpapi.HeaderClient, f.w.address())
	return http.DefaultTransport.RoundTrip(req)
}

func (w *world) newApp(name string) *client.Client {
	return &client.Client{
		URL: w.URL, AuthHost: w.AuthHost, Email: name + "@example.com", Password: password, Transport: &forwarder{w},
	}
}
