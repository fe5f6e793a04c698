package scantest

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"cloud.google.com/go/firestore"
	"google.golang.org/grpc"

	"github.com/facescan/facescan/internal/bucket"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/serve"
)

// ScanHandler answers for scans, watching them by the client.
func (e *Env) ScanHandler(watching *firestore.Client) *serve.Handler {
	return &serve.Handler{
		Firestore: watching, Watcher: serve.NewWatcher(watching), Outbox: e.OutboxOver(watching), Uploads: e.Uploads,
		Results: e.Results,
		Signing: e.signing(), Now: e.Clock.Now,
	}
}

// ScanAPI returns the routes below /v1/scans.
func ScanAPI(reader *serve.Handler) http.Handler {
	api := httpapi.New(httpapi.Options{Verifier: emulatortest.BearerIsUID{}})
	reader.Routes(api)
	return api
}

// ReadScan answers GET /v1/scans/{path} for the user.
func ReadScan(ctx context.Context, api http.Handler, uid, path string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/v1/scans/"+path, nil)
	r.Header.Set("Authorization", "Bearer "+uid)
	w := httptest.NewRecorder()
	api.ServeHTTP(w, r)
	return w
}

// Poll reads in the background and delivers the answer when it arrives.
func Poll(ctx context.Context, api http.Handler, path string) <-chan *httptest.ResponseRecorder {
	answer := make(chan *httptest.ResponseRecorder, 1)
	go func() { answer <- ReadScan(ctx, api, string(Anna), path) }()
	return answer
}

// WantView checks the scan that was answered.
func WantView(t *testing.T, w *httptest.ResponseRecorder, state scan.State, version int64) {
	t.Helper()
	if w.Code != http.StatusOK {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	if got := Decoded[scan.View](t, w); got.State != state || got.Revision != version {
		t.Errorf("scan is %s, version %d, want %s, version %d", got.State, got.Revision, state, version)
	}
}

// Ask answers the request without a body as the user.
func Ask(t *testing.T, api http.Handler, uid, method, path string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, nil)
	r.Header.Set("Authorization", "Bearer "+uid)
	w := httptest.NewRecorder()
	api.ServeHTTP(w, r)
	return w
}

// There reports whether scans/{id} exists, even as a tombstone.
func (e *Env) There(t *testing.T, id scan.ID) bool {
	t.Helper()
	docs, err := e.Firestore.GetAll(t.Context(), []*firestore.DocumentRef{scan.Ref(e.Firestore, id)})
	if err != nil {
		t.Fatal(err)
	}
	return docs[0].Exists()
}

// WantGone checks that nothing is left of the scan.
func WantGone(t *testing.T, e *Env, s scan.Scan) {
	t.Helper()
	if e.There(t, s.ID) || e.PhotoOf(t, s) != 0 {
		t.Errorf("left are the document: %v, the photo: generation %d", e.There(t, s.ID), e.PhotoOf(t, s))
	}
	for o, err := range bucket.List(t.Context(), e.Results, scan.ResultPrefix(s.UID, s.ID)) {
		t.Errorf("left is a result: %v (%v)", o, err)
	}
}

// PathOf returns the scan's path.
func PathOf(s scan.Scan) string { return "/v1/scans/" + string(s.ID) }

// AskAgain posts the action and returns the message that analyze gets for it.
func (e *Env) AskAgain(t *testing.T, s scan.Scan, action string) event.Message {
	t.Helper()
	w := Ask(t, ScanAPI(e.ScanHandler(e.Firestore)), "anna", http.MethodPost, PathOf(s)+"/"+action)
	if w.Code != http.StatusAccepted || Decoded[scan.View](t, w).Verification.State != scan.VerifyPending {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	sent := e.Bus.On(event.Topic(event.ScanVerifyRequestedV1{}.EventType()))
	last := sent[len(sent)-1]
	return event.Message{ID: rand.Text(), Data: last.Data, Attributes: last.Attributes}
}

// CountListens counts the listeners that a client opens.
func CountListens(n *atomic.Int32) grpc.DialOption {
	return grpc.WithStreamInterceptor(func(
		ctx context.Context, desc *grpc.StreamDesc, conn *grpc.ClientConn, method string, open grpc.Streamer,
		opts ...grpc.CallOption,
	) (grpc.ClientStream, error) {
		if strings.HasSuffix(method, "/Listen") {
			n.Add(1)
		}
		return open(ctx, desc, conn, method, opts...)
	})
}
