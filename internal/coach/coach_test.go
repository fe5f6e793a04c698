package coach

import (
	"bytes"
	"encoding/json"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"cloud.google.com/go/firestore"

	"golang.org/x/sync/semaphore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/advice"
	"github.com/facescan/facescan/internal/face"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/quota"
	"github.com/facescan/facescan/internal/sentence"
	"github.com/facescan/facescan/internal/testkit"
)

func TestMain(m *testing.M) { os.Exit(emulatortest.Main(m, emulator.Firestore)) }

// painted is a picture of w x h in which the sample lies at the places, times as bright.
func painted(t *testing.T, w, h int, brightness float64, at ...image.Point) []byte {
	t.Helper()
	img, err := jpeg.Decode(bytes.NewReader(emulatortest.SamplePhoto(t)))
	if err != nil {
		t.Fatal(err)
	}
	canvas := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(canvas, canvas.Rect, image.NewUniform(color.Gray{Y: 230}), image.Point{}, draw.Src)
	for _, p := range at {
		draw.Draw(canvas, img.Bounds().Add(p), img, image.Point{}, draw.Src)
	}
	for i := range canvas.Pix {
		if i%4 != 3 {
			canvas.Pix[i] = uint8(float64(canvas.Pix[i]) * brightness)
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, canvas); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		preview []byte
		verdict Verdict
		reason  report.Code
		gain    advice.Gain // of the first fix
	}{
		"a good portrait": {emulatortest.SamplePhoto(t), Good, "", ""},
		"a dim one":       {painted(t, 320, 400, 0.35, image.Point{}), Improve, "", advice.Ranked},
		"a dark one":      {painted(t, 320, 400, 0.15, image.Point{}), Retake, report.TooDark, advice.Measured},
		"nobody":          {painted(t, 320, 400, 1), Retake, report.NoFace, advice.Measured},
		"two people": {
			painted(t, 640, 400, 1, image.Point{}, image.Pt(320, 0)), Retake, report.SeveralFaces, advice.Measured,
		},
		"somebody far off": {painted(t, 1200, 1200, 1, image.Pt(400, 400)), Good, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, refusal := face.Analyze(bytes.NewReader(tt.preview), report.Options{})
			a, err := answer(sentence.German, r, refusal)
			if err != nil {
				t.Fatal(err)
			}
			if a.Verdict != tt.verdict || (a.Reason == nil) != (tt.reason == "") ||
				a.Reason != nil && a.Reason.Code != tt.reason {
				t.Errorf("%s because of %+v, want %s because of %q", a.Verdict, a.Reason, tt.verdict, tt.reason)
			}
			if len(a.Fixes) > 3 || (len(a.Fixes) == 0) != (tt.verdict == Good) {
				t.Fatalf("fixes %+v", a.Fixes)
			}
			if len(a.Fixes) > 0 && (a.Fixes[0].Gain != tt.gain || a.Fixes[0].Detail == "") {
				t.Errorf("first fix %+v, want it to gain %q", a.Fixes[0], tt.gain)
			}
			for _, f := range a.Fixes {
				if f.Code == "" || f.Code == sentence.Other {
					t.Errorf("%+v has no code", f)
				}
			}
			if a.Reason != nil && (len(a.Reason.Says) == 0 || a.Reason.Says[0].Code == sentence.Other) {
				t.Errorf("%+v does not say what", a.Reason)
			}
		})
	}
}

const uid = account.UID("anna")

// fixture is the API of a coach over a database with one user.
type fixture struct {
	fs    *firestore.Client
	coach *Handler
	api   *httpapi.API
}

func newFixture(t *testing.T, user account.User) *fixture {
	t.Helper()
	fs := emulatortest.Firestore(t, emulatortest.UniqueProject(t))
	if _, err := account.Ref(fs, uid).Set(t.Context(), user); err != nil {
		t.Fatal(err)
	}
	noon := func() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }
	f := &fixture{fs: fs, api: httpapi.New(httpapi.Options{Verifier: emulatortest.BearerIsUID{}})}
	f.coach = &Handler{
		Firestore: fs, Limits: quota.New(fs, testkit.Ring(keys.ForLimits), noon), Analyze: face.Analyze, MinAge: 18,
		Processors: semaphore.NewWeighted(1), Now: noon,
	}
	f.coach.Routes(f.api)
	return f
}

func (f *fixture) ask(t *testing.T, media string, body io.Reader) (int, []byte) {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/coach", body)
	req.Header.Set("Authorization", "Bearer "+string(uid))
	req.Header.Set("Content-Type", media)
	w := httptest.NewRecorder()
	f.api.ServeHTTP(w, req)
	return w.Code, w.Body.Bytes()
}

func (f *fixture) refused(t *testing.T, code fault.Code, media string, body io.Reader) {
	t.Helper()
	status, answer := f.ask(t, media, body)
	var p httpapi.Problem
	if err := json.Unmarshal(answer, &p); err != nil || p.Code != code || status != code.Kind().Status() {
		t.Errorf("%d %.300s, want %s", status, answer, code)
	}
}

func adult() account.User {
	return account.User{
		UID: uid, State: account.Active, ConsentEpoch: 1, Consent: account.Consent{Granted: true}, BirthYear: 1990,
	}
}

func TestPreview_isLookedAtAndForgotten(t *testing.T) {
	t.Parallel()
	f := newFixture(t, adult())
	status, body := f.ask(t, "image/jpeg", bytes.NewReader(emulatortest.SamplePhoto(t)))
	var a map[string]any
	if err := json.Unmarshal(body, &a); err != nil || status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	delete(a, "verdict")
	delete(a, "checks")
	delete(a, "fixes")
	if len(a) > 0 {
		t.Errorf("the answer has %v too", a)
	}
	collections, err := f.fs.Collections(t.Context()).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range collections {
		if c.ID != "users" && c.ID != "limits" {
			t.Errorf("%s was written", c.ID)
		}
	}
}

func TestWhatIsNoPreview(t *testing.T) {
	t.Parallel()
	f := newFixture(t, adult())
	photo := emulatortest.SamplePhoto(t)
	for name, tt := range map[string]struct {
		code  fault.Code
		media string
		body  []byte
	}{
		"another media type":     {fault.CodeUnsupportedMediaType, "image/heic", photo},
		"no media type":          {fault.CodeUnsupportedMediaType, "", photo},
		"another kind of file":   {fault.CodeUnsupportedMediaType, "image/jpeg", []byte("GIF89a, or so it says")},
		"nothing":                {fault.CodeUnreadablePhoto, "image/jpeg", nil},
		"half of it":             {fault.CodeUnreadablePhoto, "image/jpeg", photo[:len(photo)/2]},
		"too many bytes":         {fault.CodeBodyTooLarge, "image/jpeg", make([]byte, MaxBytes+1)},
		"1,501,000 pixels":       {fault.CodeBodyTooLarge, "image/png", painted(t, 1501, 1000, 1)},
		"a bomb of 10,000 lines": {fault.CodeBodyTooLarge, "image/png", painted(t, 151, 10_000, 1)},
	} {
		t.Run(name, func(t *testing.T) { f.refused(t, tt.code, tt.media, bytes.NewReader(tt.body)) })
	}
	t.Run("a body that breaks off", func(t *testing.T) {
		broken := io.MultiReader(bytes.NewReader(photo), brokenReader{})
		f.refused(t, fault.CodeMalformedBody, "image/jpeg", broken)
	})
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("gone") }

func TestWhoIsNotCoached(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		code fault.Code
		user account.User
	}{
		"without consent": {
			fault.CodeConsentRequired, func() account.User { u := adult(); u.Consent.Granted = false; return u }(),
		},
		"without a birth year": {
			fault.CodeBirthYearRequired, func() account.User { u := adult(); u.BirthYear = 0; return u }(),
		},
		"under age": {fault.CodeUnderAge, func() account.User { u := adult(); u.BirthYear = 2010; return u }()},
		"while the account goes": {
			fault.CodeAccountErasing, func() account.User { u := adult(); u.State = account.Erasing; return u }(),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, tt.user)
			f.coach.Analyze = func(io.Reader, report.Options) (report.Report, error) {
				t.Error("the preview was looked at")
				return report.Report{}, nil
			}
			f.refused(t, tt.code, "image/jpeg", bytes.NewReader(emulatortest.SamplePhoto(t)))
		})
	}
}

func TestTooManyPreviews(t *testing.T) {
	t.Parallel()
	f := newFixture(t, adult())
	now := f.coach.Now
	id := quota.New(f.fs, testkit.Ring(keys.ForLimits), now)
	for range 2 {
		if err := id.Take(t.Context(), PreviewsOfUser, quota.User(string(uid))); err != nil {
			t.Fatal(err)
		}
	}
	docs, err := f.fs.Collection("limits").Documents(t.Context()).GetAll()
	if err != nil || len(docs) != 1 {
		t.Fatalf("%d counts, %v", len(docs), err)
	}
	if _, err := docs[0].Ref.Update(
		t.Context(), []firestore.Update{{Path: "count", Value: PreviewsOfUser.Max}},
	); err != nil {
		t.Fatal(err)
	}
	f.refused(t, fault.CodeRateLimited, "image/jpeg", bytes.NewReader(emulatortest.SamplePhoto(t)))
}

// The time that one preview of a typical size takes, without the network.
func BenchmarkCoach(b *testing.B) {
	data := emulatortest.SamplePhoto(b)
	c := &Handler{Analyze: face.Analyze, Processors: semaphore.NewWeighted(1)}
	for b.Loop() {
		if _, err := c.look(b.Context(), sentence.English, data); err != nil {
			b.Fatal(err)
		}
	}
}
