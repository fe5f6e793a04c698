package notify

import (
	"embed"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"text/template"

	"golang.org/x/text/language"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/event"
)

//go:embed templates
var files embed.FS

// Lang is a language of the texts.
type Lang string

// The languages.
const (
	English Lang = "en"
	German  Lang = "de"
)

// Langs are all languages. The first is that of users who prefer none of them.
var Langs = []Lang{English, German}

var matcher = language.NewMatcher([]language.Tag{language.English, language.German})

// LangOf returns the language for the locale, such as "de-AT".
func LangOf(locale string) Lang {
	_, i := language.MatchStrings(matcher, locale)
	return Langs[i]
}

// texts are the templates of each language.
var texts = func() map[Lang]*template.Template {
	all := map[Lang]*template.Template{}
	for _, l := range Langs {
		all[l] = template.Must(template.ParseFS(files, "templates/messages."+string(l)+".tmpl"))
	}
	return all
}()

// Text is what a message says in a language.
type Text struct {
	Lang        Lang
	Title, Body string
}

// Text returns what the message says to the user, by their language and whether they want to see
// scores there.
func (m Message) Text(u account.User) (Text, error) {
	return m.text(LangOf(u.Locale), Preferences(u).HideScore)
}

func (m Message) text(l Lang, hideScore bool) (Text, error) {
	f := m.facts
	if hideScore {
		f.Score = nil
	}
	return write(l, m.Type, f)
}

// write returns a title and body of a language. If a template fails there, both are in English.
func write(l Lang, name string, f facts) (Text, error) {
	t, err := writeIn(l, name, f)
	if err == nil || l == English {
		return t, err
	}
	fellBack(l, err)
	return writeIn(English, name, f)
}

func writeIn(l Lang, name string, f facts) (Text, error) {
	f.Reason = reason(l, f.Code)
	title, err := execute(l, name+"/title", f)
	if err != nil {
		return Text{}, err
	}
	body, err := execute(l, name+"/body", f)
	if err != nil {
		return Text{}, err
	}
	return Text{Lang: l, Title: title, Body: body}, nil
}

// facts are the values for the texts.
type facts struct {
	// Score is nil if it is not told: its interval is unknown, or the user does not want it.
	Score *scored
	// Photos is the number of photos behind the mean, 0 for a series without counted photos.
	Photos int
	// Code is why a photo was not measured, and Reason the words for it.
	Code, Reason string
	// Rank is what is told of a changed rank.
	Rank *event.RankChangedV1
	// Platform is that of an added device: android, ios or web.
	Platform string
	// Count is the number of notices in a digest, or of the minutes that a link works, and Results
	// whether all notices are of scans or series.
	Count   int
	Results bool
	// URL is the address of the receipt of an erasure, or of the page that deletes an account.
	URL string
}

// scored is a score with its interval, in whole numbers. These are enough beside intervals of tens
// of points; the interval's ends are rounded outwards.
type scored struct {
	About, Lo, Hi int
	// Several is set if it is the mean of several photos.
	Several bool
}

// scoreOf returns the score with its interval, or nil for a score without an interval that contains
// it, as in events from before 2026-11-29.
func scoreOf(score float64, interval *event.Interval, several bool) *scored {
	if !interval.Holds(score) {
		return nil
	}
	return &scored{
		About: int(math.Round(score)), Lo: int(math.Floor(interval.Lo)), Hi: int(math.Ceil(interval.Hi)), Several: several,
	}
}

// BodyWithoutScore returns the English text of an event type for a score whose interval is unknown.
// It fails for types without a text.
func BodyWithoutScore(eventType string) (string, error) {
	return render(English, eventType+"/body", facts{})
}

// Phrase returns the text of the name, which has no values, in the language.
func Phrase(l Lang, name string) (string, error) { return render(l, name, nil) }

// reason returns the words for why a photo was not measured. A code without its own words gets
// general ones.
func reason(l Lang, code string) string {
	if code == "" {
		return ""
	}
	name := "reason/" + code
	if texts[l].Lookup(name) == nil {
		name = "reason/other"
	}
	text, _ := render(l, name, nil) // the text is a constant
	return text
}

// render returns a text of the language. If its template fails there, the user gets the English one
// and operators an error in the log.
func render(l Lang, name string, data any) (string, error) {
	text, err := execute(l, name, data)
	if err == nil || l == English {
		return text, err
	}
	fellBack(l, err)
	return execute(English, name, data)
}

// fellBack tells operators that a text is in English for a user of another language.
func fellBack(l Lang, err error) {
	slog.Error("a text fails in one language: the English one is used", "language", string(l), "error", err)
}

func execute(l Lang, name string, data any) (string, error) {
	var text strings.Builder
	if err := texts[l].ExecuteTemplate(&text, name, data); err != nil {
		return "", fmt.Errorf("render %s in %s: %w", name, l, err)
	}
	return text.String(), nil
}
