package inbox

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/notify"
)

// ring returns a ring of the secrets.
func ring(of ...string) keys.Ring {
	var secrets [][]byte
	for _, one := range of {
		secrets = append(secrets, []byte(one))
	}
	return keys.NewRing(keys.ForUnsubscribing, secrets...)
}

const (
	urlForm = "application/x-www-form-urlencoded"
	click   = "List-Unsubscribe=One-Click"
	// parts is a form of multipart/form-data, but for its end.
	parts = "--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click"
)

// link returns the path of a link that a key of the text made.
func (b *bench) link(key string, uid account.UID, kinds ...notify.Kind) string {
	b.t.Helper()
	maker, err := notify.NewUnsubscriber("https://api.test", ring(key))
	if err != nil {
		b.t.Fatal(err)
	}
	link, err := maker.URL(uid, kinds, notify.English)
	if err != nil {
		b.t.Fatal(err)
	}
	return strings.TrimPrefix(link, "https://api.test")
}

// browse asks without a login, as a browser or a mail provider does.
func (b *bench) browse(method, path, media, body string, header ...string) *httptest.ResponseRecorder {
	b.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if media != "" {
		r.Header.Set("Content-Type", media)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	b.api.ServeHTTP(w, r)
	return w
}

func TestUnsubscribe(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ key, media, body string }{
		"as a form":          {"new", urlForm, click},
		"as a form in UTF-8": {"new", urlForm + "; charset=UTF-8", click},
		"with something more": {
			"new", urlForm, "a=b&" + click,
		},
		"in parts":       {"new", "multipart/form-data; boundary=x", parts + "\r\n--x--\r\n"},
		"of the old key": {"old", urlForm, click},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			u := ann()
			u.Notifications = &account.Notifications{Push: true, Email: true, Cells: cell("scan_completed", "push", true)}
			b.save(u)
			link := b.link(tt.key, uid, notify.ScanCompleted, notify.ScanFailed)
			for range 2 {
				w := b.browse(http.MethodPost, link, tt.media, tt.body)
				if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "You get no more mails of this kind.") {
					t.Fatalf("%d %s", w.Code, w.Body)
				}
				want := &account.Notifications{Push: true, Email: true, Cells: map[string]map[string]bool{
					"scan_completed": {"push": true, "email": false}, "scan_failed": {"email": false},
				}}
				if diff := cmp.Diff(want, b.stored()); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestUnsubscribe_ofAUserWhoSetNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(ann())
	b.browse(http.MethodPost, b.link("new", uid, notify.Welcome), urlForm, click)
	want := &account.Notifications{Push: true, Email: true, Cells: cell("welcome", "email", false)}
	if diff := cmp.Diff(want, b.stored()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Programs that look at the links in mails turn nothing off.
func TestUnsubscribe_lookingChangesNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(ann())
	link := b.link("new", uid, notify.ScanCompleted)
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		if w := b.browse(method, link, "", ""); w.Code != http.StatusOK {
			t.Errorf("%s: %d %s", method, w.Code, w.Body)
		}
	}
	if got := b.stored(); got != nil {
		t.Errorf("stored %+v", got)
	}
	if w := b.browse(http.MethodOptions, link, "", ""); w.Code != http.StatusNoContent {
		t.Errorf("OPTIONS: %d", w.Code)
	}
}

// tokens are links that turn something off and links that do not, by what they are.
func (b *bench) tokens() map[string]string {
	b.t.Helper()
	going := annAs("going")
	going.State = account.Erasing
	b.save(going)
	good := b.link("new", uid, notify.ScanCompleted)
	path, _, _ := strings.Cut(good, "?")
	return map[string]string{
		"good": good, "good in parts": b.link("new", uid, notify.ScanCompleted, notify.Welcome),
		"of a user being erased": b.link("new", "going", notify.ScanCompleted),
		"of a user who is gone":  b.link("new", "gone", notify.ScanCompleted),
		"of another key":         b.link("foreign", uid, notify.ScanCompleted),
		"forged":                 notify.UnsubscribePath + strings.Repeat("A", 90),
		"truncated":              path[:len(path)-5],
		"short":                  notify.UnsubscribePath + "x",
		"huge":                   notify.UnsubscribePath + strings.Repeat("x", 5000),
		"hostile":                notify.UnsubscribePath + "%3Cscript%3E%00..%2F",
	}
}

// The answer does not tell who exists or which token is good.
func TestUnsubscribe_isNoOracle(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(ann())
	for _, ask := range []struct{ name, method, media, body string }{
		{"the page", http.MethodGet, "", ""}, {"the click", http.MethodPost, urlForm, click},
		{"another form", http.MethodPost, urlForm, "List-Unsubscribe=Two-Click"},
		{"another body", http.MethodPost, "application/json", `{}`},
		{"no body", http.MethodPost, "", ""},
	} {
		t.Run(ask.name, func(t *testing.T) {
			var first *httptest.ResponseRecorder
			for name, link := range b.tokens() {
				w := b.browse(ask.method, link, ask.media, ask.body)
				if ask.body == click && w.Code != http.StatusOK || ask.body != click && ask.method == http.MethodPost &&
					(w.Code < 400 || w.Code >= 500) {
					t.Errorf("%s: %d %s", name, w.Code, w.Body)
				}
				id := w.Header().Get("X-Request-Id")
				w.Header().Del("X-Request-Id")
				got := strings.ReplaceAll(w.Body.String(), id, "ID")
				w.Body = bytes.NewBufferString(got)
				if first == nil {
					first = w
				}
				if diff := cmp.Diff(first.Body.String(), got); w.Code != first.Code || diff != "" {
					t.Errorf("%s: %d, not %d (-another +this):\n%s", name, w.Code, first.Code, diff)
				}
				if diff := cmp.Diff(first.Header(), w.Header()); diff != "" {
					t.Errorf("%s: header (-another +this):\n%s", name, diff)
				}
			}
		})
	}
	snaps, err := b.fs.Collection("users").Documents(t.Context()).GetAll()
	if err != nil || len(snaps) != 2 {
		t.Errorf("%d users, %v: a token made one", len(snaps), err)
	}
	if snap, err := account.Ref(b.fs, "going").Get(t.Context()); err != nil || snap.Data()["notifications"] != nil {
		t.Errorf("a user being erased has changed: %v, %v", snap.Data(), err)
	}
}

// Each token costs one read, so that the time does not tell either.
func TestUnsubscribe_costsTheSame(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(ann())
	links := b.tokens()
	b.browse(http.MethodPost, links["good"], urlForm, click) // the first click writes, too
	b.browse(http.MethodPost, links["good in parts"], urlForm, click)
	calls := map[string]int{}
	count := func(
		ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, next grpc.Streamer,
		opts ...grpc.CallOption,
	) (grpc.ClientStream, error) {
		calls[method]++
		return next(ctx, desc, cc, method, opts...)
	}
	unary := func(
		ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, next grpc.UnaryInvoker,
		opts ...grpc.CallOption,
	) error {
		calls[method]++
		return next(ctx, method, req, reply, cc, opts...)
	}
	counted := *b
	counted.fs = emulatortest.Firestore(
		t, b.project, grpc.WithStreamInterceptor(count), grpc.WithUnaryInterceptor(unary),
	)
	counted.serve()
	want := map[string]int{"/google.firestore.v1.Firestore/BatchGetDocuments": 1}
	for name, link := range links {
		clear(calls)
		counted.browse(http.MethodPost, link, urlForm, click)
		if diff := cmp.Diff(want, calls); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// It changes what the log goes to, and so is not parallel.
func TestUnsubscribe_logsNoToken(t *testing.T) {
	b := newBench(t)
	b.save(ann())
	down := *b
	down.fs = emulatortest.Firestore(t, b.project, grpc.WithStreamInterceptor(func(
		context.Context, *grpc.StreamDesc, *grpc.ClientConn, string, grpc.Streamer, ...grpc.CallOption,
	) (grpc.ClientStream, error) {
		return nil, status.Error(codes.PermissionDenied, "refused by the test")
	}))
	down.serve()
	var logged bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug})))
	t.Cleanup(func() { slog.SetDefault(before) })
	for name, link := range b.tokens() {
		parsed, err := url.Parse(link)
		if err != nil {
			t.Fatal(err)
		}
		token := strings.TrimPrefix(parsed.Path, notify.UnsubscribePath)
		for _, from := range []*bench{&down, b} {
			logged.Reset()
			from.browse(http.MethodGet, link, "", "")
			code := from.browse(http.MethodPost, link, urlForm, click).Code
			from.browse(http.MethodPost, link, urlForm, "x=y")
			if from == &down && code < http.StatusInternalServerError {
				t.Errorf("%s: %d while the database is down", name, code)
			}
			if logged.Len() == 0 || len(token) > 1 && strings.Contains(logged.String(), token) {
				t.Errorf("%s: logged %s", name, &logged)
			}
		}
	}
}

func TestUnsubscribe_refused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(ann())
	link := b.link("new", uid, notify.ScanCompleted)
	for name, tt := range map[string]struct {
		media, body string
		code        fault.Code
	}{
		"no body":              {"", "", fault.CodeUnsupportedMediaType},
		"JSON":                 {"application/json", `{"List-Unsubscribe":"One-Click"}`, fault.CodeUnsupportedMediaType},
		"text":                 {"text/plain", click, fault.CodeUnsupportedMediaType},
		"an empty form":        {urlForm, "", fault.CodeInvalidField},
		"another value":        {urlForm, "List-Unsubscribe=one-click", fault.CodeInvalidField},
		"another name":         {urlForm, "list-unsubscribe=One-Click", fault.CodeInvalidField},
		"a malformed form":     {urlForm, click + "&a=%zz", fault.CodeMalformedBody},
		"a huge form":          {urlForm, click + "&a=" + strings.Repeat("x", httpapi.MaxBody), fault.CodeBodyTooLarge},
		"parts without an end": {"multipart/form-data; boundary=x", parts, fault.CodeMalformedBody},
		"no boundary":          {"multipart/form-data", click, fault.CodeMalformedBody},
	} {
		t.Run(name, func(t *testing.T) {
			w := b.browse(http.MethodPost, link, tt.media, tt.body)
			if p := read[httpapi.Problem](b, w.Body.Bytes()); p.Code != tt.code || w.Code != tt.code.Kind().Status() {
				t.Errorf("%d %s, want %s", w.Code, w.Body, tt.code)
			}
		})
	}
	if got := b.stored(); got != nil {
		t.Errorf("stored %+v", got)
	}
}

func TestUnsubscribe_language(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	const path = notify.UnsubscribePath + "x"
	for name, tt := range map[string]struct {
		query, accept, want string
	}{
		"of the link":                   {"?lang=de", "en", "de"},
		"of the link, English":          {"?lang=en", "de", "en"},
		"of the link, with more":        {"?utm_source=mail&lang=de&x", "", "de"},
		"of the browser":                {"", "fr;q=0.9, de-AT;q=0.8, en;q=0.1", "de"},
		"of the browser, unknown":       {"", "fr", "en"},
		"of the browser, for a bad one": {"?lang=xx", "de", "de"},
		"of nobody":                     {"", "", "en"},
		"malformed":                     {"?lang=%zz", ";;;" + strings.Repeat("-", 5000), "en"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, w := range []*httptest.ResponseRecorder{
				b.browse(http.MethodGet, path+tt.query, "", "", "Accept-Language", tt.accept),
				b.browse(http.MethodPost, path+tt.query, urlForm, click, "Accept-Language", tt.accept),
			} {
				title := map[string]string{"de": "Mails von FaceScan", "en": "Mails from FaceScan"}[tt.want]
				if page := w.Body.String(); w.Code != http.StatusOK || !strings.Contains(page, `<html lang="`+tt.want+`">`) ||
					!strings.Contains(page, "<h1>"+title+"</h1>") {
					t.Errorf("%d %s", w.Code, page)
				}
			}
		})
	}
}

// The page's one form sends what the operation takes, and the policy allows what the page has.
func TestUnsubscribe_page(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	asked := b.browse(http.MethodGet, b.link("new", uid, notify.Welcome), "", "")
	for name, want := range map[string]string{
		"Content-Type": "text/html; charset=utf-8", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
		"X-Content-Type-Options": "nosniff", "X-Robots-Tag": "noindex", "Content-Language": "en",
	} {
		if got := asked.Header().Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	doc, err := html.Parse(strings.NewReader(asked.Body.String()))
	if err != nil {
		t.Fatal(err)
	}
	form, fields, style := map[string]string{}, url.Values{}, ""
	for n := range doc.Descendants() {
		attributes := map[string]string{}
		for _, a := range n.Attr {
			attributes[a.Key] = a.Val
			if strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "src" || a.Key == "href" {
				t.Errorf("the page has %s=%q", a.Key, a.Val)
			}
		}
		switch n.Data {
		case "script":
			t.Error("the page has a script")
		case "form":
			form = attributes
		case "input":
			fields.Add(attributes["name"], attributes["value"])
		case "style":
			style = n.FirstChild.Data
		}
	}
	if diff := cmp.Diff(map[string]string{"method": "post"}, form); diff != "" || fields.Encode() != click {
		t.Errorf("the form sends %s (-want +got):\n%s", fields.Encode(), diff)
	}
	sum := sha256.Sum256([]byte(style))
	policy := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
	if got := asked.Header().Get("Content-Security-Policy"); got != policy {
		t.Errorf("policy %s, want %s", got, policy)
	}
	done := b.browse(http.MethodPost, notify.UnsubscribePath+"x", urlForm, click)
	got := done.Header().Get("Content-Security-Policy")
	if got != policy || strings.Contains(done.Body.String(), "<form") {
		t.Errorf("policy %s of %s", got, done.Body)
	}
}
