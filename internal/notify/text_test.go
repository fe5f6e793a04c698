package notify

import (
	"bytes"
	"fmt"
	"log/slog"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/template"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/scan"
)

var start = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// forbidden are words that judge how a person looks. FaceScan measures; it never says them. German
// builds words of words, so there they are found inside of others, too.
var forbidden = map[Lang]*regexp.Regexp{
	English: regexp.MustCompile(
		`(?i)\b(beaut\w*|attractive\w*|unattractive\w*|perfect\w*|flaw\w*|ugly|ugliness|hot|pretty|gorgeous|` +
			`handsome|ideal\w*|defect\w*|imperfect\w*|normal|abnormal\w*|` +
			`better[- ]looking|good[- ]looking|improve\w*|worse|deform\w*)\b`,
	),
	German: regexp.MustCompile(
		`(?i)(schön|hässlich|attraktiv|perfekt|makel|hübsch|ideal|defekt|unvollkommen|normal|abnorm|anomal|` +
			`gut ?aussehend|besser ?aussehend|unansehnlich|verbesser|verschlechter|schlechter|entstell|missgebild|` +
			`missgestalt|deformier|unrein|traumhaft|sexy)`,
	),
}

func TestTemplates_judgeNobody(t *testing.T) {
	t.Parallel()
	said := map[Lang][]string{}
	for _, l := range Langs {
		for _, file := range []string{"messages." + string(l) + ".tmpl", "mail.txt.tmpl", "mail.html.tmpl"} {
			text, err := files.ReadFile("templates/" + file)
			if err != nil {
				t.Fatal(err)
			}
			said[l] = append(said[l], string(text))
		}
		if word := forbidden[l].FindString(strings.Join(said[l], "\n")); word != "" {
			t.Errorf("in %s it says %q", l, word)
		}
	}
}

func TestForbidden(t *testing.T) {
	t.Parallel()
	for text, bad := range map[string]bool{
		"Your face is beautiful.":                    true,
		"A normal face.":                             true,
		"Your photo is measured, hotels and all.":    false,
		"Dein Gesicht ist schön.":                    true,
		"Deine SCHÖNHEIT":                            true,
		"Hautunreinheiten und Schönheitsfehler":      true,
		"Du hast dich verbessert.":                   true,
		"Ein neuer persönlicher Höchstwert":          false,
		"Kleine Unterschiede können am Foto liegen.": false,
	} {
		if got := forbidden[English].MatchString(text) || forbidden[German].MatchString(text); got != bad {
			t.Errorf("%q is forbidden = %v", text, got)
		}
	}
}

func TestLangOf(t *testing.T) {
	t.Parallel()
	for locale, want := range map[string]Lang{
		"de": German, "de-AT": German, "DE_ch": German, "de-Latn-LI-1996": German,
		"fr": English, "": English, "en": English, "en-GB": English, "zh-Hant-TW": English,
		"not a locale": English, "de-": English, "\x00": English, "und": English, strings.Repeat("de-", 100): English,
	} {
		if got := LangOf(locale); got != want {
			t.Errorf("LangOf(%q) = %s, want %s", locale, got, want)
		}
	}
}

// namesOf returns the sorted names of what is defined in the language.
func namesOf(l Lang) (names []string) {
	for _, one := range texts[l].Templates() {
		if !strings.HasSuffix(one.Name(), ".tmpl") {
			names = append(names, one.Name())
		}
	}
	slices.Sort(names)
	return names
}

func TestLanguages_haveTheSameTexts(t *testing.T) {
	t.Parallel()
	want := namesOf(English)
	for _, l := range Langs {
		if diff := cmp.Diff(want, namesOf(l)); diff != "" {
			t.Errorf("%s (-%s +%s):\n%s", l, English, l, diff)
		}
	}
	for _, r := range Rules {
		for _, e := range r.Events {
			for _, part := range []string{"/title", "/body"} {
				if !slices.Contains(want, e+part) {
					t.Errorf("there is no text %s%s of %s", e, part, r.Kind)
				}
			}
		}
	}
}

func TestReason(t *testing.T) {
	t.Parallel()
	doc, err := openapi3.NewLoader().LoadFromData(httpapi.Contract())
	if err != nil {
		t.Fatal(err)
	}
	listed := doc.Components.Schemas["Failure"].Value.Properties["code"].Value.AnyOf[0].Value.Enum
	if len(listed) < 17 {
		t.Fatalf("the contract lists %d codes", len(listed))
	}
	var codes []string
	for _, code := range listed {
		codes = append(codes, code.(string))
	}
	for _, code := range []string{
		scan.ReasonCrashed, scan.ReasonMissing, scan.ReasonExpired, scan.ReasonWithdrawn, scan.ReasonMismatch,
		scan.ReasonType, scan.ReasonEncoded, scan.ReasonHeld,
	} {
		if !slices.Contains(codes, code) {
			t.Errorf("the contract does not list %s", code)
		}
	}
	// Of these no advice would help, or no user to say it to.
	general := []string{scan.ReasonCrashed, scan.ReasonWithdrawn, scan.ReasonHeld}
	for _, l := range Langs {
		other := reason(l, "a code of next year")
		if other == "" || strings.Contains(other, "code") {
			t.Errorf("fallback in %s = %q", l, other)
		}
		said := map[string]string{}
		for _, code := range codes {
			got := reason(l, code)
			if (got == other) != slices.Contains(general, code) {
				t.Errorf("the reason of %s in %s is %q", code, l, got)
			}
			if twin := said[got]; twin != "" && got != other {
				t.Errorf("in %s, %s and %s have one reason", l, code, twin)
			}
			said[got] = code
		}
	}
	if got := reason(English, ""); got != "" {
		t.Errorf("without a code the reason is %q", got)
	}
}

// A large face in a small file is face_too_small, too, and does not get more pixels by coming
// closer.
func TestReason_faceTooSmall(t *testing.T) {
	t.Parallel()
	for l, want := range map[Lang][]string{
		English: {"arm's length", "original size"}, German: {"eine Armlänge", "ursprünglichen Größe"},
	} {
		got := reason(l, string(report.FaceTooSmall))
		if !strings.Contains(got, want[0]) || !strings.Contains(got, want[1]) ||
			strings.Contains(got, "closer") || strings.Contains(got, "näher") {
			t.Errorf("in %s the reason is %q", l, got)
		}
	}
}

// messageOf returns the message of an event.
func messageOf(t rapid.TB, data event.Payload) Message {
	t.Helper()
	e, err := event.New(event.ID(data.EventType()), start, "", data)
	if err != nil {
		t.Fatal(err)
	}
	m, err := NewMessage(e)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// user returns one with a locale, who may not want to see scores.
func user(l Lang, hideScore bool) account.User {
	return account.User{
		State: account.Active, Locale: string(l),
		Notifications: &account.Notifications{Push: true, Email: true, HideScore: hideScore},
	}
}

// textOf returns what a message says to a user.
func textOf(t rapid.TB, m Message, u account.User) Text {
	t.Helper()
	text, err := m.Text(u)
	if err != nil {
		t.Fatal(err)
	}
	if text.Title == "" || text.Body == "" || text.Lang != LangOf(u.Locale) {
		t.Fatalf("%s has the text %+v", m.Type, text)
	}
	return text
}

// Photos that are measured may all be left out of a series, such as copies of earlier ones.
func TestSeriesTitle_ofNoneThatCounts(t *testing.T) {
	t.Parallel()
	m := messageOf(t, event.SeriesSettledV1{UID: "u", SeriesID: "r", SettledAt: start, Revision: 1})
	for l, want := range map[Lang]string{English: "Your series has no score", German: "Deine Serie hat kein Ergebnis"} {
		if got := textOf(t, m, user(l, false)); got.Title != want {
			t.Errorf("in %s the title is %q", l, got.Title)
		}
	}
}

// scoreInText is the one way in which a text of the language may show a score.
var (
	scoreInText = map[Lang]*regexp.Regexp{
		English: regexp.MustCompile(
			`About ([0-9]{1,3}); (?:this photo|these photos) can tell it to between ([0-9]{1,3}) and ([0-9]{1,3})\b`),
		German: regexp.MustCompile(
			`Etwa ([0-9]{1,3}); (?:dieses Foto grenzt|diese Fotos grenzen) es auf ([0-9]{1,3}) bis ([0-9]{1,3}) ein\b`),
	}
	photosInText = regexp.MustCompile(`\b[2-5] (photos|Fotos)`)
	digit        = regexp.MustCompile(`[0-9]`)
)

// scoresOf has, of each event whose score is told, one with the score and interval.
func scoresOf(score float64, interval *event.Interval) []event.Payload {
	return []event.Payload{
		event.ScanCompletedV1{
			UID: "u", ScanID: "s", ConsentEpoch: 1, Engine: "facescan-1.0.0", EngineMajor: 1, Score: score, Interval: interval,
			CompletedAt: start,
		},
		event.SeriesSettledV1{
			UID: "u", SeriesID: "r", ConsentEpoch: 1, Engine: "facescan-1.0.0", EngineMajor: 1, Score: score, Interval: interval,
			Photos: 3, SettledAt: start, Revision: 1,
		},
		event.SeriesSettledV1{
			UID: "u", SeriesID: "r", ConsentEpoch: 1, Engine: "facescan-1.0.0", EngineMajor: 1, Score: score, Interval: interval,
			Photos: 1, SettledAt: start, Revision: 1,
		},
		event.PersonalBestReachedV1{
			UID: "u", ScanID: "s", Board: "b", ConsentEpoch: 1, Score: score, Interval: interval, Previous: score / 2,
		},
		event.PersonalBestReachedV1{
			UID: "u", SeriesID: "r", Revision: 1, Board: "b", ConsentEpoch: 1, Score: score, Interval: interval,
			Previous: score / 2,
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
		"one that is no number":                {event.Around(math.NaN(), math.NaN()), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for i, p := range scoresOf(71.24, nil) {
				m := messageOf(t, p)
				m.facts.Score = scoreOf(71.24, tt.interval, i > 0) // JSON has no NaN
				for _, l := range Langs {
					said := textOf(t, m, user(l, false))
					text := said.Title + "\n" + said.Body
					if told := scoreInText[l].MatchString(text); told != tt.told {
						t.Errorf("%q: the score is told = %v, want %v", text, told, tt.told)
					}
					rest := photosInText.ReplaceAllString(scoreInText[l].ReplaceAllString(text, ""), "")
					if digit.MatchString(rest) {
						t.Errorf("%q has a number without its interval", text)
					}
				}
			}
		})
	}
}

// A phone that is locked shows about 60 characters of a push in one line.
func TestMessages_beginWithScoreAndInterval(t *testing.T) {
	t.Parallel()
	for _, p := range scoresOf(100, event.Around(100, 100)) {
		for _, l := range Langs {
			body := textOf(t, messageOf(t, p), user(l, false)).Body
			if at := scoreInText[l].FindStringIndex(body); at == nil || at[0] != 0 || at[1] > 60 {
				t.Errorf("%q: score and interval are at %v, want them in the first 60 characters", body, at)
			}
		}
	}
}

func TestMessages_callTheScoreAPercentile(t *testing.T) {
	t.Parallel()
	for _, p := range scoresOf(61.2, event.Around(48.3, 72.9)) {
		for l, want := range map[Lang]string{English: "percentile", German: "Perzentil"} {
			if body := textOf(t, messageOf(t, p), user(l, false)).Body; !strings.Contains(body, want) {
				t.Errorf("%q does not say %q", body, want)
			}
		}
	}
}

func TestScore_inWholeNumbers(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		tenth := func(name string) float64 { return float64(rapid.IntRange(0, 1000).Draw(t, name)) / 10 }
		score, lo, hi := tenth("score"), tenth("lo"), tenth("hi")
		for _, l := range Langs {
			got := textOf(t, messageOf(t, scoresOf(score, event.Around(lo, hi))[0]), user(l, false)).Body
			found := scoreInText[l].FindStringSubmatch(got)
			if lo > score || score > hi {
				if found != nil {
					t.Fatalf("%q of %v in %v to %v", got, score, lo, hi)
				}
				continue
			}
			var value, low, high float64
			if _, err := fmt.Sscan(strings.Join(found[1:], " "), &value, &low, &high); err != nil {
				t.Fatalf("%q: %v", got, err)
			}
			if low > lo || high < hi || value < low || value > high || math.Abs(value-score) > 0.5 {
				t.Fatalf("%q of %v in %v to %v", got, score, lo, hi)
			}
		}
	})
}

// shown returns all that a user sees of messages, on every channel.
func shown(t rapid.TB, u account.User, payloads []event.Payload) []any {
	t.Helper()
	var all []any
	var digest Digest
	for _, p := range payloads {
		m := messageOf(t, p)
		digest = append(digest, m)
		text := textOf(t, m, u)
		letter, err := NewLetter(text, "https://api.example/stop")
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, text, m.Data, m.Item(text, start), letter)
	}
	text, err := digest.Text(u)
	if err != nil {
		t.Fatal(err)
	}
	letter, err := digest.Letter(u, "https://api.example/stop")
	if err != nil {
		t.Fatal(err)
	}
	return append(all, text, letter)
}

// What a user who hides scores sees is the same whatever they are, and so no digit of them.
func TestHideScore(t *testing.T) {
	t.Parallel()
	without := map[Lang][]any{}
	for _, l := range Langs {
		without[l] = shown(t, user(l, false), scoresOf(50, nil))
	}
	rapid.Check(t, func(t *rapid.T) {
		score := rapid.Float64Range(0, 100).Draw(t, "score")
		lo, hi := rapid.Float64Range(0, score).Draw(t, "lo"), rapid.Float64Range(score, 100).Draw(t, "hi")
		for _, l := range Langs {
			payloads := scoresOf(score, event.Around(lo, hi))
			if diff := cmp.Diff(without[l], shown(t, user(l, true), payloads)); diff != "" {
				t.Fatalf("in %s it shows (-without a score +with %v in %v to %v):\n%s", l, score, lo, hi, diff)
			}
			if cmp.Equal(without[l], shown(t, user(l, false), payloads)) {
				t.Fatalf("in %s nobody sees a score", l)
			}
		}
	})
}

// failing has a template of the language fail until the test ends. It changes what other tests
// read, so those that call it are not parallel.
func failing(t *testing.T, l Lang, name string) *bytes.Buffer {
	t.Helper()
	whole := texts[l]
	texts[l] = template.Must(template.Must(whole.Clone()).New(name).Parse(`{{index . "x"}}`))
	var logged bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(&logged, nil)))
	t.Cleanup(func() {
		texts[l] = whole
		slog.SetDefault(before)
	})
	return &logged
}

func TestText_thatFailsInOneLanguage(t *testing.T) {
	for _, part := range []string{"title", "body"} {
		t.Run(part, func(t *testing.T) {
			m := messageOf(t, event.AccountRegisteredV1{UID: "u"})
			want, err := m.Text(user(English, false))
			if err != nil {
				t.Fatal(err)
			}
			logged := failing(t, German, "account.registered.v1/"+part)
			got, err := m.Text(user(German, false))
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
			if n := strings.Count(logged.String(), `"level":"ERROR"`); n != 1 || !strings.Contains(logged.String(), `"de"`) {
				t.Errorf("%d error lines: %s", n, logged)
			}
		})
	}
	t.Run("a phrase of the mail", func(t *testing.T) {
		logged := failing(t, German, "mail/open")
		text, err := messageOf(t, event.AccountRegisteredV1{UID: "u"}).Text(user(German, false))
		if err != nil {
			t.Fatal(err)
		}
		got, err := NewLetter(text, "")
		if err != nil || !strings.Contains(got.Text, "Open the FaceScan app to see more.") ||
			!strings.Contains(got.HTML, "Willkommen") || !strings.Contains(logged.String(), `"level":"ERROR"`) {
			t.Errorf("%v, %+v, logged %s", err, got, logged)
		}
	})
	t.Run("a reason", func(t *testing.T) {
		logged := failing(t, German, "reason/too_dark")
		got, err := messageOf(t, event.ScanFailedV1{UID: "u", ScanID: "s", Code: "too_dark"}).Text(user(German, false))
		if err != nil || !strings.Contains(got.Body, "too dark") || !strings.Contains(logged.String(), `"level":"ERROR"`) {
			t.Errorf("%v, %+v, logged %s", err, got, logged)
		}
	})
	t.Run("English is all there is", func(t *testing.T) {
		failing(t, English, "account.registered.v1/title")
		if got, err := messageOf(t, event.AccountRegisteredV1{UID: "u"}).Text(user(English, false)); err == nil {
			t.Errorf("%+v without an error", got)
		}
	})
}

func TestBodyWithoutScore(t *testing.T) {
	t.Parallel()
	got, err := BodyWithoutScore(event.ScanCompletedV1{}.EventType())
	if err != nil || got != "The result is in the FaceScan app." {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := BodyWithoutScore("scan.rescored.v1"); err == nil {
		t.Error("an event that nobody is told of has a body")
	}
}
