package analyze_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/local/emulator/scantest"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/telemetry"
)

// freshnessMetric is what terraform's metric scan_freshness counts, and the field that it reads.
func freshnessMetric(t *testing.T) (message, field string) {
	t.Helper()
	source, err := os.ReadFile("../../../terraform/modules/monitoring/main.tf")
	if err != nil {
		t.Fatal(err)
	}
	found := freshnessPattern.FindSubmatch(source)
	if found == nil {
		t.Fatalf("terraform has no metric like %s", freshnessPattern)
	}
	return string(found[1]), string(found[2])
}

var freshnessPattern = regexp.MustCompile(
	`scan_freshness = \{[^}]*filter += "\$\{local\.ours\}` +
		`jsonPayload\.message=\\"([^"\\]+)\\""\s+value += "EXTRACT\(jsonPayload\.(\w+)\)"`)

// The default logger is the process's, so this test is not parallel.
func TestEndOfAScan_isLoggedForTheFreshnessMetric(t *testing.T) {
	message, field := freshnessMetric(t)
	type line struct {
		State   scan.State
		Seconds float64
	}
	// analysed is a scan that the engine is done with so long after its upload.
	analysed := func(
		t *testing.T, e *scantest.Env, engine scantest.Engine, after time.Duration, photo event.ObjectFinalized,
	) {
		t.Helper()
		s := e.NewScan(t)
		photo.Bucket, photo.Name = scantest.UploadsBucket, scan.PhotoName(s.UID, s.ID)
		photo.Generation = e.Upload(t, s, []byte("photo"))
		data, attributes, err := event.FinalizedMessage(photo)
		if err != nil {
			t.Fatal(err)
		}
		e.Clock.Advance(after)
		if err := e.Analyzer(engine).Handle(
			t.Context(), event.Message{ID: "1", Data: data, Attributes: attributes},
		); err != nil {
			t.Fatal(err)
		}
	}
	tests := map[string]struct {
		end  func(*testing.T, *scantest.Env)
		want []line
	}{
		"measured": {func(t *testing.T, e *scantest.Env) {
			t.Helper()
			analysed(t, e, scantest.Measure, 2500*time.Millisecond, event.ObjectFinalized{Created: e.Clock.Now()})
		}, []line{{scan.Completed, 2.5}}},
		"refused by the engine": {func(t *testing.T, e *scantest.Env) {
			t.Helper()
			analysed(t, e, scantest.Failing(scantest.NoFace), 40*time.Second, event.ObjectFinalized{Created: e.Clock.Now()})
		}, []line{{scan.Failed, 40}}},
		"ended before it was uploaded, by clocks that disagree": {func(t *testing.T, e *scantest.Env) {
			t.Helper()
			analysed(t, e, scantest.Measure, 0, event.ObjectFinalized{Created: e.Clock.Now().Add(time.Second)})
		}, []line{{scan.Completed, 0}}},
		"uploaded nobody knows when": {func(t *testing.T, e *scantest.Env) {
			t.Helper()
			analysed(t, e, scantest.Measure, time.Second, event.ObjectFinalized{})
		}, nil},
		"stopped, as its user withdrew the consent": {func(t *testing.T, e *scantest.Env) {
			t.Helper()
			photo := event.ObjectFinalized{Created: e.Clock.Now()}
			analysed(t, e, scantest.During(func() { e.SetConsent(t, false, 2) }), time.Second, photo)
		}, nil},
		"claimed, but never ended by anything but the sweep": {func(t *testing.T, e *scantest.Env) {
			t.Helper()
			s, generation := e.BegunScan(t, scan.Processing)
			s.UploadedAt = e.Clock.Now()
			e.Put(t, s)
			if err := scan.DeletePhoto(t.Context(), e.Uploads, scan.PhotoName(s.UID, s.ID), generation); err != nil {
				t.Fatal(err)
			}
			e.Clock.Advance(time.Hour)
			e.Sweep(t, 1)
		}, []line{{scan.Failed, 3600}}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e := scantest.New(t)
			var log bytes.Buffer
			before := slog.Default()
			slog.SetDefault(telemetry.NewLogger(&log, telemetry.Traces{Project: "p"}, slog.LevelInfo))
			defer slog.SetDefault(before)
			tt.end(t, e)

			var got []line
			for text := range strings.Lines(log.String()) {
				var fields map[string]any
				if err := json.Unmarshal([]byte(text), &fields); err != nil {
					t.Fatal(err)
				}
				if fields["message"] != message {
					continue
				}
				seconds, ok := fields[field].(float64)
				if !ok {
					t.Errorf("the line has no number %s: %s", field, text)
				}
				state, _ := fields["state"].(string)
				got = append(got, line{scan.State(state), seconds})
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("lines (-want +got):\n%s", diff)
			}
			if strings.Contains(log.String(), string(scantest.Anna)) {
				t.Errorf("the log names the user: %s", log.String())
			}
		})
	}
}
