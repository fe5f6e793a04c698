package photos

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/facescan/facescan/internal/face"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/cheat"
)

func find(t *testing.T, code string) Photo {
	t.Helper()
	i := slices.IndexFunc(All(), func(p Photo) bool { return p.Code == code })
	if i < 0 {
		t.Fatalf("no photo %s", code)
	}
	return All()[i]
}

func fileOf(t *testing.T, p Photo) []byte {
	t.Helper()
	file, err := p.File()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// measured is what the engine and the guard say of a photo after those that the guard remembers.
func measured(t *testing.T, memory *cheat.State, p Photo) (Outcome, report.Report) {
	t.Helper()
	r, pictures, err := face.Scan(bytes.NewReader(fileOf(t, p)), report.Options{MaxBytes: scan.MaxBytes})
	var refusal *report.Refusal
	if errors.As(err, &refusal) {
		return fails(refusal.Code), r
	}
	if err != nil {
		t.Fatal(err)
	}
	got := Outcome{State: scan.Completed, Rankable: r.Rankable}
	for _, c := range r.Quality {
		if c.Verdict == report.VerdictWarn {
			got.Warnings = append(got.Warnings, c.Check)
		}
	}
	i := slices.IndexFunc(pictures, func(p report.Picture) bool { return p.Name == report.PictureCrop })
	seen, err := cheat.Observe(r, pictures[i].Image)
	if err != nil {
		t.Fatal(err)
	}
	var reasons []cheat.Reason
	reasons, *memory = cheat.Judge(*memory, p.Code, 1, seen)
	for _, reason := range reasons {
		got.Rankable = false
		got.Reasons = append(got.Reasons, reason.Code)
	}
	return got, r
}

// ofPipeline has the photos whose outcome is not the engine's, with what the engine and the guard
// say of them. Systest has the rest of the pipeline measure them.
var ofPipeline = map[string]Outcome{
	scan.ReasonMismatch: ranked(), scan.ReasonType: ranked(), scan.ReasonEncoded: ranked(),
	"duplicate": {State: scan.Completed, Reasons: []cheat.Code{cheat.Copy}},
}

func TestAll_outcomes(t *testing.T) {
	t.Parallel()
	for _, p := range All() {
		t.Run(p.Code, func(t *testing.T) {
			t.Parallel()
			var memory cheat.State
			for _, before := range p.After {
				measured(t, &memory, find(t, before))
			}
			want, other := ofPipeline[p.Code]
			if !other {
				want = p.Outcome
			}
			got, _ := measured(t, &memory, p)
			if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Every failure of the contract, every check and every reason of the guard has a photo, or a
// sentence that says why not.
func TestAll_complete(t *testing.T) {
	t.Parallel()
	contract, err := openapi3.NewLoader().LoadFromData(httpapi.Contract())
	if err != nil {
		t.Fatal(err)
	}
	var known []string
	code := contract.Components.Schemas["Failure"].Value.Properties["code"].Value
	for _, of := range code.AnyOf { // the codes, and any text, since there may be more
		for _, c := range of.Value.Enum {
			known = append(known, fmt.Sprint(c))
		}
	}
	if len(known) < 18 {
		t.Fatalf("the contract has the codes %q", known)
	}
	for _, q := range checks(t) {
		known = append(known, "warning "+q)
	}
	for _, c := range []cheat.Code{cheat.Copy, cheat.HalfFace, cheat.Jump} {
		known = append(known, "guard "+string(c))
	}
	shown := map[string]bool{}
	for _, p := range All() {
		shown[p.Outcome.FailureCode] = true
		for _, c := range p.Outcome.Warnings {
			shown["warning "+c] = true
		}
		for _, c := range p.Outcome.Reasons {
			shown["guard "+string(c)] = true
		}
	}
	for _, a := range WithoutPhoto() {
		if shown[a.Code] || a.Instead == "" {
			t.Errorf("%s has a photo, or no sentence", a.Code)
		}
		shown[a.Code] = true
	}
	for _, c := range known {
		if !shown[c] {
			t.Errorf("no photo for %s", c)
		}
	}
}

// checks are the names of the engine's checks.
func checks(t *testing.T) []string {
	t.Helper()
	_, r := measured(t, new(cheat.State), find(t, "completed"))
	var names []string
	for _, c := range r.Quality {
		names = append(names, c.Check)
	}
	return names
}

func TestAll_wellFormed(t *testing.T) {
	t.Parallel()
	before := map[string]bool{}
	for _, p := range All() {
		if before[p.Code] || !regexp.MustCompile(`^[a-z0-9_]+$`).MatchString(p.Code) {
			t.Errorf("the code %q is not a name, or not the only one", p.Code)
		}
		if p.Shows == "" || !slices.Contains(scan.ContentTypes, p.ContentType) {
			t.Errorf("%s: %q, %s", p.Code, p.Shows, p.ContentType)
		}
		for _, a := range p.After {
			if !before[a] {
				t.Errorf("%s comes before %s", p.Code, a)
			}
		}
		before[p.Code] = true
	}
}

// A photo drawn again has the same bytes, in every format.
func TestFile_deterministic(t *testing.T) {
	t.Parallel()
	again := slices.Concat(formats(), guarded()[1:2], unread())
	for _, p := range again {
		data, err := p.file()
		if err != nil || !bytes.Equal(data, fileOf(t, find(t, p.Code))) {
			t.Errorf("%s: %d other bytes, %v", p.Code, len(data), err)
		}
	}
}
