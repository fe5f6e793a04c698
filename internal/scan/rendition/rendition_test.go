package rendition

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	strictjson "github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/fault"
)

// read takes renditions as a request brings them: strictly, then validated.
func read(data []byte) ([]Rendition, error) {
	var list []Rendition
	if err := strictjson.Unmarshal(data, &list, strictjson.RejectUnknownMembers(true)); err != nil {
		return nil, err
	}
	return list, Validate(list)
}

func TestWhatCanBeAskedFor(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"nothing":              `[]`,
		"another format alone": `[{"name":"a","format":"webp"}]`,
		"every operation": `[{"name":"all-of-it-1","format":"jpeg","quality":80,"operations":[
			{"op":"crop","left":0.1,"top":0,"right":0.9,"bottom":1},{"op":"resize","width":640,"height":0,"fit":"inside"},{"op":"grayscale"},
			{"op":"blur","sigma":0.1},{"op":"sharpen","sigma":20},{"op":"watermark","text":"© Ada Łovelace Ωμέγα Я 2026","position":"center"}]}]`,
		"two sizes one after the other": `[{"name":"a","format":"png",` +
			`"operations":[{"op":"resize","width":4096},{"op":"resize","height":1}]}]`,
	} {
		if _, err := read([]byte(text)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFaults_areNamedByPointer(t *testing.T) {
	t.Parallel()
	operation := func(o string) string { return `[{"name":"a","format":"png","operations":[` + o + `]}]` }
	const at = "/renditions/0/operations/0/"
	for name, tt := range map[string]struct {
		text string
		want []string
	}{
		"six of them": {
			`[` + strings.Repeat(`{"name":"a","format":"png"},`, 5) + `{"name":"a","format":"png"}]`, []string{"/renditions"},
		},
		"the same name":  {`[{"name":"a","format":"png"},{"name":"a","format":"png"}]`, []string{"/renditions/1/name"}},
		"a path as name": {`[{"name":"../a","format":"png"}]`, []string{"/renditions/0/name"}},
		"no format":      {`[{"name":"a"}]`, []string{"/renditions/0/format"}},
		"a webp's quality": {
			`[{"name":"a","format":"webp","quality":80}]`, []string{"/renditions/0/quality"},
		},
		"a quality over 100": {`[{"name":"a","format":"jpeg","quality":101}]`, []string{"/renditions/0/quality"}},
		"nine operations": {
			operation(strings.Repeat(`{"op":"resize","width":1},`, 8) + `{"op":"resize","width":1}`),
			[]string{"/renditions/0/operations"},
		},
		"an unknown operation": {operation(`{"op":"rotate"}`), []string{at + "op"}},
		"two blurs": {
			operation(`{"op":"blur","sigma":1},{"op":"blur","sigma":1}`), []string{"/renditions/0/operations/1/op"},
		},
		"a member of another": {
			operation(`{"op":"blur","sigma":1,"width":3,"text":"x"}`), []string{at + "width", at + "text"},
		},
		"no size":           {operation(`{"op":"resize"}`), []string{at + "width"}},
		"too large a size":  {operation(`{"op":"resize","width":4097,"height":-1}`), []string{at + "width", at + "height"}},
		"an unknown fit":    {operation(`{"op":"resize","width":3,"fit":"outside"}`), []string{at + "fit"}},
		"a crop inside out": {operation(`{"op":"crop","left":0.6,"right":0.5,"bottom":1}`), []string{at + "right"}},
		"a crop outside": {
			operation(`{"op":"crop","left":-0.1,"right":1.1,"bottom":1}`), []string{at + "left", at + "right"},
		},
		"a crop of nothing": {
			operation(`{"op":"crop"}`), []string{at + "right", at + "right", at + "bottom", at + "bottom"},
		},
		"no sigma":           {operation(`{"op":"sharpen"}`), []string{at + "sigma"}},
		"too large a sigma":  {operation(`{"op":"blur","sigma":20.5}`), []string{at + "sigma"}},
		"no text":            {operation(`{"op":"watermark","text":" "}`), []string{at + "text"}},
		"two lines":          {operation(`{"op":"watermark","text":"a\nb"}`), []string{at + "text"}},
		"turned direction":   {operation(`{"op":"watermark","text":"a\u202eb"}`), []string{at + "text"}},
		"nothing to be seen": {operation(`{"op":"watermark","text":"\u200b"}`), []string{at + "text"}},
		"a tower of marks": {
			operation(`{"op":"watermark","text":"z\u0300\u0301\u0302\u0303\u0304"}`), []string{at + "text"},
		},
		"no such letters": {operation(`{"op":"watermark","text":"漢字"}`), []string{at + "text"}},
		"a long text": {
			operation(`{"op":"watermark","text":"` + strings.Repeat("x", 41) + `"}`), []string{at + "text"},
		},
		"an unknown position": {operation(`{"op":"watermark","text":"x","position":"middle"}`), []string{at + "position"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := read([]byte(tt.text))
			var f *fault.Error
			if !errors.As(err, &f) || f.Code != fault.CodeInvalidField {
				t.Fatalf("%v, want invalid_field", err)
			}
			var got []string
			for _, field := range f.Fields {
				got = append(got, field.String())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("pointers (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNotANumber_isOutOfEveryRange(t *testing.T) {
	t.Parallel()
	nan := math.NaN()
	for _, o := range []Operation{
		{Op: Blur, Sigma: nan}, {Op: Crop, Left: nan, Right: 1, Bottom: 1}, {Op: Crop, Right: 1, Bottom: nan},
		{Op: Grayscale, Sigma: nan},
	} {
		if err := Validate([]Rendition{{Name: "a", Format: PNG, Operations: []Operation{o}}}); err == nil {
			t.Errorf("%+v is valid", o)
		}
	}
}

// What a request brings is refused or can be rendered, whatever it is.
func FuzzRenditions(f *testing.F) {
	f.Add(
		[]byte(
			`[{"name":"s","format":"jpeg","quality":1,` +
				`"operations":[{"op":"resize","width":9,"height":2,"fit":"cover"},{"op":"grayscale"}]}]`,
		),
	)
	f.Add(
		[]byte(
			`[{"name":"s","format":"webp",` +
				`"operations":[{"op":"crop","left":0.999,"right":1,"bottom":0.001},{"op":"blur","sigma":20}]}]`,
		),
	)
	f.Add(
		[]byte(
			`[{"name":"s","format":"tiff",` +
				`"operations":[{"op":"watermark","text":"©","position":"top-left"},{"op":"sharpen","sigma":3}]}]`,
		),
	)
	f.Add([]byte(`[{"name":"s","format":"png","operations":[{"op":"resize","height":1,"fit":"fill"}],"x":1}]`))
	picture := colours(7, 5)
	f.Fuzz(func(t *testing.T, data []byte) {
		list, err := read(data)
		if err != nil {
			return
		}
		for _, r := range list {
			file, err := Render(picture, r)
			if err != nil {
				t.Fatalf("%+v: %v", r, err)
			}
			img := decode(t, r.Format, file)
			if size := img.Bounds().Size(); size.X < 1 || size.Y < 1 || size.X > 7 || size.Y > 5 {
				t.Fatalf("%+v: %v", r, size)
			}
		}
		text, err := json.Marshal(list)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := read(text); err != nil || !cmp.Equal(list, again) {
			t.Fatalf("%+v came back as %+v, %v", list, again, err)
		}
	})
}
