package analyze_test

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

	"github.com/facescan/facescan/internal/face"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/local/emulator/scantest"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/analyze"
	"github.com/facescan/facescan/internal/scan/rendition"
	"github.com/facescan/facescan/internal/work"
)

const (
	smallGrey = `{"name":"grey","format":"webp","operations":[{"op":"resize","width":64},{"op":"grayscale"}]}`
	small     = `{"name":"small","format":"jpeg","quality":50,"operations":[{"op":"resize","width":32}]}`
)

func asking(renditions ...string) string {
	return `{"contentType":"image/jpeg","renditions":[` + strings.Join(renditions, ",") + `]}`
}

func TestRenditions_areMade(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	list := `[` + smallGrey + `,` + small + `]`
	photo := string(emulatortest.SamplePhoto(t))
	for name, open := range map[string]func(*testing.T) scan.Scan{
		"of a photo put to the ticket's URL": func(t *testing.T) scan.Scan {
			t.Helper()
			ticket := scantest.WantTicket(
				t, scantest.TicketFor(t, e.UploadAPI(), scantest.Anna, "", asking(smallGrey, small)), http.StatusCreated,
			)
			if got := scantest.PutPhoto(t, ticket.Upload, photo, nil); got.Status != http.StatusOK {
				t.Fatalf("PUT: %v", got)
			}
			return e.Load(t, ticket.Scan.ID)
		},
		"of a photo in a form": func(t *testing.T) scan.Scan {
			t.Helper()
			w := scantest.Direct(
				t, e.UploadAPI(), scantest.Anna, "", scantest.Part{Name: "renditions", Value: list}, scantest.PhotoPart(photo),
			)
			return e.Load(t, scantest.WantTicket(t, w, http.StatusAccepted).Scan.ID)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			if err := e.Analyzer(scantest.Measure).Handle(t.Context(), scantest.Finalized(t, s, e.PhotoOf(t, s))); err != nil {
				t.Fatal(err)
			}
			want := []scan.Rendered{{Name: "grey", Format: rendition.WebP}, {Name: "small", Format: rendition.JPEG}}
			done := e.Load(t, s.ID)
			if diff := cmp.Diff(want, done.Rendered); diff != "" || done.State != scan.Completed {
				t.Fatalf("%s, renditions (-want +got):\n%s", done.State, diff)
			}
			folder := "results/anna/" + string(s.ID) + "/renditions/"
			sizes := map[string]int{}
			for file, decode := range map[string]func([]byte) (image.Image, error){
				"grey.webp": func(b []byte) (image.Image, error) { return webp.Decode(bytes.NewReader(b)) },
				"small.jpg": func(b []byte) (image.Image, error) { return jpeg.Decode(bytes.NewReader(b)) },
			} {
				img, err := decode([]byte(scantest.ContentOf(t, e.Results.Object(folder+file))))
				if err != nil {
					t.Fatalf("%s: %v", file, err)
				}
				sizes[file] = img.Bounds().Dx()
			}
			if diff := cmp.Diff(map[string]int{"grey.webp": 64, "small.jpg": 32}, sizes); diff != "" {
				t.Errorf("widths (-want +got):\n%s", diff)
			}
			attrs, err := e.Results.Object(folder + "grey.webp").Attrs(t.Context())
			if err != nil || attrs.ContentType != "image/webp" || len(attrs.Metadata) > 0 {
				t.Errorf("grey.webp is of type %q with metadata %v (%v)", attrs.ContentType, attrs.Metadata, err)
			}
		})
	}
}

func TestRenditionThatIsNotMadeFailsNothingElse(t *testing.T) {
	t.Parallel()
	grey := rendition.Rendition{
		Name: "grey", Format: rendition.PNG, Operations: []rendition.Operation{{Op: rendition.Grayscale}},
	}
	broken := rendition.Rendition{Name: "broken", Format: "bmp"} // no request gets that far
	for name, tt := range map[string]struct {
		photo  []byte
		engine func(e *scantest.Env) scantest.Engine
		want   []scan.Rendered
	}{
		"because it cannot be": {
			emulatortest.SamplePhoto(t), func(*scantest.Env) scantest.Engine { return scantest.Measure },
			[]scan.Rendered{
				{Name: "broken", Format: "bmp", Failure: scan.RenditionFailed}, {Name: "grey", Format: rendition.PNG, Failure: ""},
			},
		},
		"because the photo cannot be decoded": {
			[]byte("photo"), func(*scantest.Env) scantest.Engine { return scantest.Measure },
			[]scan.Rendered{
				{Name: "broken", Format: "bmp", Failure: scan.RenditionFailed},
				{Name: "grey", Format: rendition.PNG, Failure: scan.RenditionFailed},
			},
		},
		"because the time is up": {
			emulatortest.SamplePhoto(t), func(e *scantest.Env) scantest.Engine {
				return scantest.During(func() { e.Clock.Advance(scantest.LeaseLong - work.LeaseTime/analyze.RenderReserve) })
			},
			[]scan.Rendered{
				{Name: "broken", Format: "bmp", Failure: scan.RenditionLate},
				{Name: "grey", Format: rendition.PNG, Failure: scan.RenditionLate},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := scantest.New(t)
			s := e.NewScan(t, func(s *scan.Scan) { s.Renditions = []rendition.Rendition{broken, grey} })
			generation := e.Upload(t, s, tt.photo)
			if err := e.Analyzer(tt.engine(e)).Handle(t.Context(), scantest.Finalized(t, s, generation)); err != nil {
				t.Fatal(err)
			}
			done := e.Load(t, s.ID)
			if diff := cmp.Diff(tt.want, done.Rendered); diff != "" || done.State != scan.Completed {
				t.Errorf("%s, renditions (-want +got):\n%s", done.State, diff)
			}
			scantest.WantOriginal(t, e, done)
		})
	}
}

func TestRenditionThatTakesTooMuchMemoryIsNamed(t *testing.T) {
	t.Parallel()
	_, tooLarge := rendition.Render(&image.Uniform{C: color.White}, rendition.Rendition{Format: rendition.PNG})
	_, unknown := rendition.Render(image.NewGray(image.Rect(0, 0, 1, 1)), rendition.Rendition{Format: "bmp"})
	for want, err := range map[string]error{scan.RenditionTooLarge: tooLarge, scan.RenditionFailed: unknown} {
		if got := analyze.RenditionFailure(err); got != want {
			t.Errorf("%v is %q, want %q", err, got, want)
		}
	}
}

func TestRenditions_goWithTheScan(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	s := e.NewScan(t, func(s *scan.Scan) { s.Renditions = []rendition.Rendition{{Name: "copy", Format: rendition.JPEG}} })
	generation := e.Upload(t, s, emulatortest.SamplePhoto(t))
	a := e.Analyzer(face.Scan)
	a.Results = e.Client(t, scantest.First(func(r *http.Request) bool {
		return strings.Contains(r.URL.RawQuery, "renditions")
	}, func() { e.SetConsent(t, false, 2) })).Bucket(scantest.ResultsBucket)
	if err := a.Handle(t.Context(), scantest.Finalized(t, s, generation)); err != nil {
		t.Fatal(err)
	}
	if got := e.Load(t, s.ID); got.Failure == nil || got.Failure.Code != scan.ReasonWithdrawn {
		t.Fatalf("scan is %s with %+v", got.State, got.Failure)
	}
	if attrs, err := e.Results.Objects(t.Context(), nil).Next(); err == nil {
		t.Errorf("%s is left", attrs.Name)
	}
}

func TestRenditions_areChecked(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	api := e.UploadAPI()
	for name, tt := range map[string]struct{ list, code, pointer string }{
		"an unknown format": {`{"name":"a","format":"bmp"}`, "invalid_field", "/renditions/0/format"},
		"an unknown operation": {
			`{"name":"a","format":"png","operations":[{"op":"solarise"}]}`, "invalid_field", "/renditions/0/operations/0/op",
		},
		"an unknown member":  {`{"name":"a","format":"png","size":1}`, "unknown_field", "/renditions/0/size"},
		"a wrong type":       {`{"name":"a","format":"jpeg","quality":"50"}`, "invalid_field", "/renditions/0/quality"},
		"a name with a path": {`{"name":"../a","format":"png"}`, "invalid_field", "/renditions/0/name"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			form := []scantest.Part{{Name: "renditions", Value: "[" + tt.list + "]"}, scantest.PhotoPart(scantest.JPEG)}
			for _, p := range []struct{ Pointer string }{
				{
					scantest.WantProblem(
						t, scantest.TicketFor(t, api, scantest.Anna, "", asking(tt.list)), 422, tt.code,
					).Fields[0].String(),
				},
				{scantest.WantProblem(t, scantest.Direct(t, api, scantest.Anna, "", form...), 422, tt.code).Fields[0].String()},
			} {
				if p.Pointer != tt.pointer {
					t.Errorf("it points to %s, want %s", p.Pointer, tt.pointer)
				}
			}
		})
	}
	t.Run("a text that is no JSON", func(t *testing.T) {
		t.Parallel()
		scantest.WantProblem(
			t,
			scantest.Direct(
				t, api, scantest.Anna, "", scantest.Part{Name: "renditions", Value: "["}, scantest.PhotoPart(scantest.JPEG),
			),
			400, "malformed_body",
		)
	})
	t.Run("others under the same key", func(t *testing.T) {
		t.Parallel()
		scantest.WantTicket(t, scantest.TicketFor(t, api, scantest.Anna, "key", asking(small)), http.StatusCreated)
		scantest.WantTicket(
			t, scantest.TicketFor(t, api, scantest.Anna, "key", strings.ReplaceAll(asking(small), ",", " , ")), http.StatusOK,
		)
		scantest.WantProblem(
			t, scantest.TicketFor(t, api, scantest.Anna, "key", asking(smallGrey)), 422, "idempotency_key_reused",
		)
		scantest.WantProblem(
			t, scantest.TicketFor(t, api, scantest.Anna, "key", scantest.JPEGRequest), 422, "idempotency_key_reused",
		)
	})
}
