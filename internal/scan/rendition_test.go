package scan

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/image/webp"

	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/face"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/scan/rendition"
)

const (
	smallGrey = `{"name":"grey","format":"webp","operations":[{"op":"resize","width":64},{"op":"grayscale"}]}`
	small     = `{"name":"small","format":"jpeg","quality":50,"operations":[{"op":"resize","width":32}]}`
)

func asking(renditions ...string) string {
	return `{"contentType":"image/jpeg","renditions":[` + strings.Join(renditions, ",") + `]}`
}

func TestRenditionsAreMade(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	list := `[` + smallGrey + `,` + small + `]`
	photo := string(emulatortest.SamplePhoto(t))
	for name, open := range map[string]func(*testing.T) Scan{
		"of a photo put to the ticket's URL": func(t *testing.T) Scan {
			t.Helper()
			ticket := wantTicket(t, ticketFor(t, e.uploadsAPI(), anna, "", asking(smallGrey, small)), http.StatusCreated)
			if got := putPhoto(t, ticket.Upload, photo, nil); got.status != http.StatusOK {
				t.Fatalf("PUT: %v", got)
			}
			return e.load(t, ticket.Scan.ID)
		},
		"of a photo in a form": func(t *testing.T) Scan {
			t.Helper()
			w := direct(t, e.uploadsAPI(), anna, "", part{name: "renditions", value: list}, photoPart(photo))
			return e.load(t, wantTicket(t, w, http.StatusAccepted).Scan.ID)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			if err := e.analyzer(measure).Handle(t.Context(), finalized(t, s, e.photoOf(t, s))); err != nil {
				t.Fatal(err)
			}
			want := []Rendered{{Name: "grey", Format: rendition.WebP}, {Name: "small", Format: rendition.JPEG}}
			done := e.load(t, s.ID)
			if diff := cmp.Diff(want, show(done).Renditions); diff != "" || done.State != Completed {
				t.Fatalf("%s, renditions (-want +got):\n%s", done.State, diff)
			}
			folder := "results/anna/" + string(s.ID) + "/renditions/"
			sizes := map[string]int{}
			for file, decode := range map[string]func([]byte) (image.Image, error){
				"grey.webp": func(b []byte) (image.Image, error) { return webp.Decode(bytes.NewReader(b)) },
				"small.jpg": func(b []byte) (image.Image, error) { return jpeg.Decode(bytes.NewReader(b)) },
			} {
				img, err := decode([]byte(contentOf(t, e.results.Object(folder+file))))
				if err != nil {
					t.Fatalf("%s: %v", file, err)
				}
				sizes[file] = img.Bounds().Dx()
			}
			if diff := cmp.Diff(map[string]int{"grey.webp": 64, "small.jpg": 32}, sizes); diff != "" {
				t.Errorf("widths (-want +got):\n%s", diff)
			}
			attrs, err := e.results.Object(folder + "grey.webp").Attrs(t.Context())
			if err != nil || attrs.ContentType != "image/webp" || len(attrs.Metadata) > 0 {
				t.Errorf("grey.webp is of type %q with metadata %v (%v)", attrs.ContentType, attrs.Metadata, err)
			}
		})
	}
}

func TestRenditionThatIsNotMadeFailsNothingElse(t *testing.T) {
	t.Parallel()
	grey := rendition.Rendition{Name: "grey", Format: rendition.PNG, Operations: []rendition.Operation{{Op: rendition.Grayscale}}}
	broken := rendition.Rendition{Name: "broken", Format: "bmp"} // no request gets that far
	for name, tt := range map[string]struct {
		photo  []byte
		engine func(e *env) engineFunc
		want   []Rendered
	}{
		"because it cannot be": {
			emulatortest.SamplePhoto(t), func(*env) engineFunc { return measure },
			[]Rendered{{Name: "broken", Format: "bmp", Failure: RenditionFailed}, {Name: "grey", Format: rendition.PNG, Failure: ""}},
		},
		"because the photo cannot be decoded": {
			[]byte("photo"), func(*env) engineFunc { return measure },
			[]Rendered{{Name: "broken", Format: "bmp", Failure: RenditionFailed}, {Name: "grey", Format: rendition.PNG, Failure: RenditionFailed}},
		},
		"because the time is up": {
			emulatortest.SamplePhoto(t), func(e *env) engineFunc {
				return during(func() { e.clock.advance(leaseLong - catalog.Lease/renderReserve) })
			},
			[]Rendered{{Name: "broken", Format: "bmp", Failure: RenditionLate}, {Name: "grey", Format: rendition.PNG, Failure: RenditionLate}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			s := e.newScan(t, func(s *Scan) { s.Renditions = []rendition.Rendition{broken, grey} })
			generation := e.upload(t, s, tt.photo)
			if err := e.analyzer(tt.engine(e)).Handle(t.Context(), finalized(t, s, generation)); err != nil {
				t.Fatal(err)
			}
			done := e.load(t, s.ID)
			if diff := cmp.Diff(tt.want, done.Rendered); diff != "" || done.State != Completed {
				t.Errorf("%s, renditions (-want +got):\n%s", done.State, diff)
			}
			wantOriginal(t, e, done)
		})
	}
}

func TestRenditionThatTakesTooMuchMemoryIsNamed(t *testing.T) {
	t.Parallel()
	_, tooLarge := rendition.Render(&image.Uniform{C: color.White}, rendition.Rendition{Format: rendition.PNG})
	_, unknown := rendition.Render(image.NewGray(image.Rect(0, 0, 1, 1)), rendition.Rendition{Format: "bmp"})
	for want, err := range map[string]error{RenditionTooLarge: tooLarge, RenditionFailed: unknown} {
		if got := renditionFailure(err); got != want {
			t.Errorf("%v is %q, want %q", err, got, want)
		}
	}
}

func TestRenditionsGoWithTheScan(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	s := e.newScan(t, func(s *Scan) { s.Renditions = []rendition.Rendition{{Name: "copy", Format: rendition.JPEG}} })
	generation := e.upload(t, s, emulatortest.SamplePhoto(t))
	a := e.analyzer(face.Scan)
	a.Results = e.client(t, first(func(r *http.Request) bool {
		return strings.Contains(r.URL.RawQuery, "renditions")
	}, func() { e.setConsent(t, false, 2) })).Bucket(resultsBucket)
	if err := a.Handle(t.Context(), finalized(t, s, generation)); err != nil {
		t.Fatal(err)
	}
	if got := e.load(t, s.ID); got.Failure == nil || got.Failure.Code != ReasonWithdrawn {
		t.Fatalf("scan is %s with %+v", got.State, got.Failure)
	}
	if attrs, err := e.results.Objects(t.Context(), nil).Next(); err == nil {
		t.Errorf("%s is left", attrs.Name)
	}
}

func TestRenditionsAreChecked(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	api := e.uploadsAPI()
	for name, tt := range map[string]struct{ list, code, pointer string }{
		"an unknown format":    {`{"name":"a","format":"bmp"}`, "invalid_field", "/renditions/0/format"},
		"an unknown operation": {`{"name":"a","format":"png","operations":[{"op":"solarise"}]}`, "invalid_field", "/renditions/0/operations/0/op"},
		"an unknown member":    {`{"name":"a","format":"png","size":1}`, "unknown_field", "/renditions/0/size"},
		"a wrong type":         {`{"name":"a","format":"jpeg","quality":"50"}`, "invalid_field", "/renditions/0/quality"},
		"a name with a path":   {`{"name":"../a","format":"png"}`, "invalid_field", "/renditions/0/name"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			form := []part{{name: "renditions", value: "[" + tt.list + "]"}, photoPart(aJPEG)}
			for _, p := range []struct{ Pointer string }{
				{wantProblem(t, ticketFor(t, api, anna, "", asking(tt.list)), 422, tt.code).Fields[0].Pointer},
				{wantProblem(t, direct(t, api, anna, "", form...), 422, tt.code).Fields[0].Pointer},
			} {
				if p.Pointer != tt.pointer {
					t.Errorf("it points to %s, want %s", p.Pointer, tt.pointer)
				}
			}
		})
	}
	t.Run("a text that is no JSON", func(t *testing.T) {
		t.Parallel()
		wantProblem(t, direct(t, api, anna, "", part{name: "renditions", value: "["}, photoPart(aJPEG)), 400, "malformed_body")
	})
	t.Run("others under the same key", func(t *testing.T) {
		t.Parallel()
		wantTicket(t, ticketFor(t, api, anna, "key", asking(small)), http.StatusCreated)
		wantTicket(t, ticketFor(t, api, anna, "key", strings.ReplaceAll(asking(small), ",", " , ")), http.StatusOK)
		wantProblem(t, ticketFor(t, api, anna, "key", asking(smallGrey)), 422, "idempotency_key_reused")
		wantProblem(t, ticketFor(t, api, anna, "key", jpegRequest), 422, "idempotency_key_reused")
	})
}
