package scantest

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/series"
	"github.com/facescan/facescan/internal/scan/serve"
	"github.com/facescan/facescan/internal/scan/upload"
)

// SeriesAPI returns the routes below /v1/series and /v1/scans.
func (e *Env) SeriesAPI(change ...func(*serve.SeriesHandler)) http.Handler {
	api := httpapi.New(httpapi.Options{Verifier: emulatortest.BearerIsUID{}})
	e.UploadHandler().Routes(api)
	series := &serve.SeriesHandler{Handler: e.ScanHandler(e.Firestore), Watcher: serve.NewSeriesWatcher(e.Firestore)}
	for _, c := range change {
		c(series)
	}
	series.Routes(api)
	e.ScanHandler(e.Firestore).Routes(api)
	return api
}

// ThreePhotos asks for a series.
const ThreePhotos = `{"contentType":"image/jpeg"}`

// PostSeries asks for a series; key "" is no Idempotency-Key.
func PostSeries(t *testing.T, api http.Handler, key, body string) *httptest.ResponseRecorder {
	t.Helper()
	return posted(t, api, Anna, "/v1/series", key, body)
}

// SeriesAnswer is the answer to a request for a series.
type SeriesAnswer struct {
	Series  series.View
	Uploads []struct {
		ScanID scan.ID
		Upload *upload.Ticket
	}
}

// OpenSeriesOf opens a series and returns the answer.
func OpenSeriesOf(t *testing.T, api http.Handler, key, body string) SeriesAnswer {
	t.Helper()
	w := PostSeries(t, api, key, body)
	if w.Code != http.StatusCreated {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	return Decoded[SeriesAnswer](t, w)
}

// Scoring measures a photo whose bytes are a number, which is the score, and refuses every other.
func Scoring(r io.Reader, _ report.Options) (report.Report, []report.Picture, error) {
	photo, err := io.ReadAll(r)
	if err != nil {
		return report.Report{}, nil, err
	}
	var value float64
	if _, err := fmt.Sscan(string(photo), &value); err != nil {
		return report.Report{}, nil, NoFace
	}
	found := Measured
	found.Score = report.Score{Value: value, Lo: value - 10, Hi: value + 10}
	return found, Drawn(), nil
}

// Take uploads the photo of the look and has it analysed.
func (e *Env) Take(t *testing.T, s SeriesAnswer, look int, photo string) {
	t.Helper()
	one := e.Load(t, s.Series.Scans[look].ID)
	generation := e.Upload(t, one, []byte(photo))
	if err := e.Analyzer(Scoring).Handle(t.Context(), Finalized(t, one, generation)); err != nil {
		t.Fatal(err)
	}
}

// LoadSeries reads anna's series, which has to be there.
func (e *Env) LoadSeries(t *testing.T, id scan.SeriesID) series.Series {
	t.Helper()
	s, err := series.Get(t.Context(), e.Firestore, Anna, id)
	if err != nil {
		t.Fatalf("series %s: %v", id, err)
	}
	return s
}

// ReadSeries reads the series as anna does.
func ReadSeries(t *testing.T, api http.Handler, id scan.SeriesID, query string) series.View {
	t.Helper()
	w := Ask(t, api, "anna", http.MethodGet, "/v1/series/"+string(id)+query)
	if w.Code != http.StatusOK {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	return Decoded[series.View](t, w)
}
