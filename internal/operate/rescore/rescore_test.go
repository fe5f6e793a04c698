package rescore_test

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/audit"
	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/local/emulator/scantest"
	"github.com/facescan/facescan/internal/operate/rescore"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/testkit"
)

func TestMain(m *testing.M) { os.Exit(emulatortest.Main(m, emulator.Firestore)) }

// present is the engine in use, which gives another score.
func present(io.Reader, report.Options) (report.Report, []report.Picture, error) {
	measured := scantest.Measured
	measured.Version, measured.Score.Value = report.Version, 80
	return measured, scantest.Drawn(), nil
}

// analyzing delivers what it publishes to analyze at once.
type analyzing struct {
	e      *scantest.Env
	engine scantest.Engine
}

func (a analyzing) Publish(ctx context.Context, topic string, data []byte, attributes map[string]string) error {
	if topic != "scan-verify-requested-v1" {
		return errors.New("nobody takes " + topic)
	}
	return a.e.Analyzer(a.engine).Handle(ctx, event.Message{Data: data, Attributes: attributes})
}

func rescorer(e *scantest.Env, engine scantest.Engine) *rescore.Rescorer {
	return &rescore.Rescorer{
		Firestore: e.Firestore, Uploads: e.Uploads, By: audit.Operator, Now: e.Clock.Now, Window: 2,
		Outbox: outbox.New(e.Firestore, analyzing{e, engine}, testkit.Writer(catalog.Operator), e.Clock.Now),
		Acts:   audit.New(e.Firestore, testkit.Ring(keys.ForAudit), e.Clock.Now),
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	begin := e.Clock.Now()
	for _, photo := range []string{"a", "b", "c"} {
		e.Analyzed(t, photo, scantest.Measure)
	}
	gone := e.Analyzed(t, "d", scantest.Measure)
	if err := scan.DeletePhoto(t.Context(), e.Uploads, scan.PhotoName(gone.UID, gone.ID), gone.Generation); err != nil {
		t.Fatal(err)
	}
	e.Analyzed(t, "e", present)
	e.Analyzed(t, "f", scantest.Failing(scantest.NoFace))
	e.Clock.Advance(time.Minute)
	end := e.Clock.Now()
	e.Analyzed(t, "late", scantest.Measure)

	r := rescorer(e, present)
	told := 0
	r.Progress = func(rescore.Result) { told++ }
	dry := *r
	dry.DryRun = true
	for _, step := range []struct {
		name  string
		run   *rescore.Rescorer
		asked int
		want  map[string]int
	}{
		{"dry", &dry, 0, map[string]int{
			rescore.Possible: 3, rescore.Current: 1, rescore.Unmeasured: 1, scan.VerifyGone: 1,
		}},
		{"for real", r, 3, map[string]int{
			scan.VerifyRescored: 3, rescore.Current: 1, rescore.Unmeasured: 1, scan.VerifyGone: 1,
		}},
		{"again", r, 0, map[string]int{rescore.Current: 4, rescore.Unmeasured: 1, scan.VerifyGone: 1}},
	} {
		got, err := step.run.Run(t.Context(), begin, end)
		if err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if diff := cmp.Diff(step.want, got.Outcomes); diff != "" || got.Asked != step.asked || got.Seen != 6 {
			t.Errorf("%s: %d seen, %d asked, outcomes (-want +got):\n%s", step.name, got.Seen, got.Asked, diff)
		}
		if c := got.Change(); c.Scans != step.asked || c.Quantiles != nil || c.Mean != 0 || c.Largest != 0 {
			t.Errorf("%s: %+v tells of single scans", step.name, c)
		}
		for i := range step.asked {
			if d := got.After[i] - got.Before[i]; d != 8.5 {
				t.Errorf("%s: scan %d changes by %v", step.name, i, d)
			}
		}
	}
	if told == 0 {
		t.Error("nothing was told of the progress")
	}
	acts, err := e.Firestore.Collection("audit").Documents(t.Context()).GetAll()
	if err != nil || len(acts) != 3 || acts[0].Data()["kind"] != string(audit.RescoreAsked) {
		t.Errorf("%d acts, %v", len(acts), err)
	}
}

// A run that ends in between is gone on with by another one.
func TestRun_ended(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	begin := e.Clock.Now()
	e.Analyzed(t, "a", scantest.Measure)
	e.Analyzed(t, "b", scantest.Measure)
	e.Clock.Advance(time.Minute)
	ctx, cancel := context.WithCancel(t.Context())
	r := rescorer(e, present)
	r.Progress = func(rescore.Result) { cancel() }
	if got, err := r.Run(ctx, begin, e.Clock.Now()); !errors.Is(err, context.Canceled) || got.Asked != 1 {
		t.Errorf("%d asked, %v", got.Asked, err)
	}
	r.Progress = nil
	got, err := r.Run(t.Context(), begin, e.Clock.Now())
	if err != nil || got.Asked != 1 || got.Outcomes[rescore.Current] != 1 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestRun_outcomes(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		engine  scantest.Engine
		prepare func(*testing.T, *scantest.Env, scan.Scan)
		want    string
	}{
		"a photo that is now refused": {scantest.Failing(scantest.NoFace), nil, scan.VerifyRefused},
		"a consent that was withdrawn": {present, func(t *testing.T, e *scantest.Env, _ scan.Scan) {
			t.Helper()
			e.SetConsent(t, false, 2)
		}, rescore.NotAdmitted},
		"one that its user has asked for": {present, func(t *testing.T, e *scantest.Env, s scan.Scan) {
			t.Helper()
			e.AskAgain(t, s, "rescore")
		}, rescore.UnderWay},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := scantest.New(t)
			begin := e.Clock.Now()
			s := e.Analyzed(t, "a", scantest.Measure)
			if tt.prepare != nil {
				tt.prepare(t, e, s)
			}
			e.Clock.Advance(time.Minute)
			got, err := rescorer(e, tt.engine).Run(t.Context(), begin, e.Clock.Now())
			if diff := cmp.Diff(map[string]int{tt.want: 1}, got.Outcomes); diff != "" || err != nil {
				t.Errorf("%v, outcomes (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestChange(t *testing.T) {
	t.Parallel()
	var r rescore.Result
	if diff := cmp.Diff(rescore.Change{}, r.Change()); diff != "" {
		t.Errorf("of none (-want +got):\n%s", diff)
	}
	for i := range 100 {
		if c := r.Change(); i < 5 && (c.Scans != i || c.Quantiles != nil || c.Largest != 0) {
			t.Errorf("of %d (they are single scans): %+v", i, c)
		}
		r.Before, r.After = append(r.Before, float64(i)), append(r.After, float64(i)+float64(i%2)*2-1)
	}
	c := r.Change()
	half := slices.IndexFunc(c.Quantiles, func(q rescore.Quantile) bool { return q.Part == 0.5 })
	want := rescore.Quantile{Part: 0.5, Before: 49, After: 49, Change: -1}
	if diff := cmp.Diff(want, c.Quantiles[half]); diff != "" || c.Largest != 1 || c.Scans != 100 {
		t.Errorf("%+v (-want +got):\n%s", c, diff)
	}
}
