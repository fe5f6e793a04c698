package systest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/facescan/facescan/internal/sentence"
)

// inOneLanguage returns an error unless the answer says in which language its sentences are, and
// they are: what has a code and a sentence in English is not answered in English as German, and
// everything has a code.
func inOneLanguage(resp *http.Response, body []byte) error {
	if !json.Valid(body) {
		return nil // a page, or nothing
	}
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return err
	}
	texts := sentencesIn(value)
	if len(texts) == 0 {
		return nil
	}
	lang, spoken := sentence.OfLocale(resp.Header.Get("Content-Language"))
	if !spoken || !slices.Contains(resp.Header.Values("Vary"), "Accept-Language") {
		return fmt.Errorf("the answer does not say of which language it is: %q", texts)
	}
	for _, text := range texts {
		if english := isEnglish(text); english != (lang == sentence.English) {
			return fmt.Errorf("%q in an answer in %s", text, lang)
		}
	}
	return nil
}

// isEnglish reports whether the text has an English sentence with a row.
func isEnglish(text string) bool {
	if _, ok := sentence.Of("%s", text); ok {
		return true
	}
	return slices.ContainsFunc(sentence.Each(sentence.English, text), func(one sentence.Told) bool {
		return one.Code != sentence.Other
	})
}

// sentencesIn returns the texts for people in an answer that is no problem.
func sentencesIn(value any) (texts []string) {
	switch v := value.(type) {
	case []any:
		for _, one := range v {
			texts = append(texts, sentencesIn(one)...)
		}
	case map[string]any:
		_, coded := v["code"]
		for name, member := range v {
			text, ok := member.(string)
			switch {
			case !ok:
				texts = append(texts, sentencesIn(member)...)
			case coded && slices.Contains([]string{"detail", "help"}, name):
				texts = append(texts, text)
			}
		}
	}
	return texts
}

func TestInOneLanguage(t *testing.T) {
	t.Parallel()
	german := http.Header{"Content-Language": {"de"}, "Vary": {"Origin", "Accept-Language"}}
	english := http.Header{"Content-Language": {"en"}, "Vary": {"Accept-Language"}}
	for name, tt := range map[string]struct {
		header http.Header
		body   string
		well   bool
	}{
		"nothing to say":     {nil, `{"id":"x","detail":"x"}`, true},
		"a page":             {nil, `<html>`, true},
		"German":             {german, `{"a":[{"code":"mouth_open","detail":"Der Mund ist offen."}]}`, true},
		"English":            {english, `{"a":[{"code":"mouth_open","detail":"The mouth is open."}]}`, true},
		"English as German":  {german, `{"a":[{"code":"mouth_open","detail":"The mouth is open."}]}`, false},
		"no row":             {english, `{"code":"x","help":"The moon is full."}`, false},
		"no header":          {http.Header{}, `{"code":"mouth_open","detail":"The mouth is open."}`, false},
		"it seems not to":    {http.Header{"Content-Language": {"de"}}, `{"code":"x","detail":"Der Mund."}`, false},
		"German where it is": {english, `{"code":"mouth_open","detail":"Der Mund ist offen."}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := inOneLanguage(&http.Response{Header: tt.header}, []byte(tt.body))
			if (err == nil) != tt.well {
				t.Errorf("%v", err)
			}
		})
	}
}
