package notify

import (
	"fmt"
	"io/fs"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"pgregory.net/rapid"

	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/scan"
)

var start = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// forbidden are words that judge how a person looks. FaceScan measures; it never says them.
var forbidden = regexp.MustCompile(
	`(?i)\b(beaut\w*|attractive\w*|unattractive\w*|perfect\w*|flaw\w*|ugly|ugliness|hot|pretty|gorgeous|` +
		`handsome|ideal\w*|defect\w*|imperfect\w*|normal|abnormal\w*|` +
		`better[- ]looking|good[- ]looking|improve\w*|worse|deform\w*)\b`,
)

func TestTemplates_judgeNobody(t *testing.T) {
	n := 0
	err := fs.WalkDir(files, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		n++
		text, err := fs.ReadFile(files, path)
		if err != nil {
			return err
		}
		if word := forbidden.Find(text); word != nil {
			t.Errorf("%s says %q", path, word)
		}
		return nil
	})
	if err != nil || n == 0 {
		t.Fatalf("%d templates, %v", n, err)
	}
}

func TestReason(t *testing.T) {
	other := reason("a code of next year")
	if other == "" || strings.Contains(other, "code") {
		t.Errorf("fallback = %q", other)
	}
	doc, err := openapi3.NewLoader().LoadFromData(httpapi.Contract())
	if err != nil {
		t.Fatal(err)
	}
	code := doc.Components.Schemas["Failure"].Value.Properties["code"].Value
	codes, _ := code.Extensions["x-extensible-enum"].([]any)
	// Of these no advice would help, or no user to say it to.
	general := []string{scan.ReasonCrashed, scan.ReasonWithdrawn}
	for _, code := range codes {
		if got := reason(code.(string)); (got == other) != slices.Contains(general, code.(string)) {
			t.Errorf("the reason of %s is %q", code, got)
		}
	}
	if len(codes) < 17 {
		t.Errorf("the contract lists %d codes", len(codes))
	}
}

// A large face in a small file is face_too_small, too, and does not get more pixels by coming
// closer.
func TestReason_faceTooSmall(t *testing.T) {
	got := reason(string(report.FaceTooSmall))
	if strings.Contains(got, "closer") || !strings.Contains(got, "arm's length") ||
		!strings.Contains(got, "original size") {
		t.Errorf("reason = %q", got)
	}
}

// Photos that are measured may all be left out of a series, such as copies of earlier ones.
func TestSeriesTitle_ofNoneThatCounts(t *testing.T) {
	title, err := render("series.settled.v1/title", facts{})
	if err != nil || strings.Contains(title, "measured") || !strings.Contains(title, "no score") {
		t.Errorf("title = %q, %v", title, err)
	}
}

// scoreInText is the one way in which a text may show a score.
var (
	scoreInText = regexp.MustCompile(`\b[0-9]{1,3} \(between [0-9]{1,3} and [0-9]{1,3}\)`)
	digit       = regexp.MustCompile(`[0-9]`)
)

// scoresOf has, of each event whose score is told, one with a given interval.
func scoresOf(interval *event.Interval) []event.Payload {
	const score = 71.24
	return []event.Payload{
		event.ScanCompletedV1{
			UID: "u", ScanID: "s", ConsentEpoch: 1, Engine: "facescan-1.0.0", EngineMajor: 1, Score: score, Interval: interval,
			CompletedAt: start,
		},
		event.PersonalBestReachedV1{
			UID: "u", ScanID: "s", Board: "b", ConsentEpoch: 1, Score: score, Interval: interval, Previous: 68.3,
		},
	}
}

func TestMessages_haveNoScoreWithoutItsInterval(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		interval *event.Interval
		told     bool
	}{
		"an interval":                          {event.Around(41.8, 93.1), true},
		"all there is":                         {event.Around(0, 100), true},
		"none, as of events before 2026-11-29": {nil, false},
		"one beside the score":                 {event.Around(80, 90), false},
		"one that is upside down":              {event.Around(90, 40), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, p := range scoresOf(tt.interval) {
				e, err := event.New(event.ID(p.EventType()), start, "", p)
				if err != nil {
					t.Fatal(err)
				}
				m, err := NewMessage(e)
				if err != nil {
					t.Fatal(err)
				}
				text := m.Title + "\n" + m.Body
				if told := scoreInText.MatchString(text); told != tt.told {
					t.Errorf("%q: the score is told = %v, want %v", text, told, tt.told)
				}
				if rest := scoreInText.ReplaceAllString(text, ""); digit.MatchString(rest) {
					t.Errorf("%q has a number without its interval", text)
				}
			}
		})
	}
}

// A phone that is locked shows about 50 characters of a push in one line.
func TestMessages_beginWithScoreAndInterval(t *testing.T) {
	t.Parallel()
	for _, p := range scoresOf(event.Around(0, 100)) {
		e, err := event.New(event.ID(p.EventType()), start, "", p)
		if err != nil {
			t.Fatal(err)
		}
		m, err := NewMessage(e)
		if err != nil {
			t.Fatal(err)
		}
		if at := scoreInText.FindStringIndex(m.Body); at == nil || at[1] > 50 {
			t.Errorf("%q: score and interval are at %v, want them in the first 50 characters", m.Body, at)
		}
	}
}

func TestScoreInWords(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		tenth := func(name string) float64 { return float64(rapid.IntRange(0, 1000).Draw(t, name)) / 10 }
		score, lo, hi := tenth("score"), tenth("lo"), tenth("hi")
		got := scoreInWords(score, event.Around(lo, hi))
		if lo > score || score > hi {
			if got != "" {
				t.Fatalf("%q of %v in %v to %v", got, score, lo, hi)
			}
			return
		}
		var value, low, high float64
		if _, err := fmt.Sscanf(got, "%g (between %g and %g)", &value, &low, &high); err != nil {
			t.Fatalf("%q: %v", got, err)
		}
		if low > lo || high < hi || value < low || value > high || math.Abs(value-score) > 0.5 {
			t.Fatalf("%q of %v in %v to %v", got, score, lo, hi)
		}
	})
}

func TestLetter_escapes(t *testing.T) {
	got, err := Message{Title: "<b>", Body: "<script>"}.Letter()
	if err != nil || strings.Contains(got.HTML, "<script>") {
		t.Errorf("%v: %s", err, got.HTML)
	}
}

// With the account goes what the other mails say of it.
func TestLastLetter(t *testing.T) {
	t.Parallel()
	const url = "https://api.example/v1/erasures/abc"
	got, err := LastLetter(url)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{got.Text, got.HTML} {
		if !strings.Contains(text, url) || strings.Contains(text, "Settings") || strings.Contains(
			text, "Open the FaceScan app",
		) {
			t.Errorf("last mail = %q", text)
		}
	}
}
