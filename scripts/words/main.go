// Command words writes internal/usertext/words.txt: the insults that names may not have.
//
//	npm pack naughty-words@1.2.0 cuss@2.2.0 @faker-js/faker@9.9.0
//	for f in *.tgz; do mkdir "${f%.tgz}" && tar xzf "$f" -C "${f%.tgz}"; done
//	go run ./scripts/words -from DIR
//
// DIR has the three folders. The words are those of the List of Dirty, Naughty, Obscene, and
// Otherwise Bad Words in 24 languages. In the five of these that cuss (MIT) rates as well, a word
// counts only if that is sure of it. A word is left out if it would refuse one of the 70,000
// capitalized words, most of them given and family names of 60 languages, that faker (MIT) has.
// Nothing of cuss and of faker is written.
//
// The list is not made anew by `make generate`, since it takes npm packages.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/facescan/facescan/internal/usertext"
)

const header = `# Insults, as keys of package usertext, which scripts/words wrote.
# Made of the List of Dirty, Naughty, Obscene, and Otherwise Bad Words
# (https://github.com/LDNOOBW, npm naughty-words 1.2.0), CC-BY-4.0,
# changed: folded, and without words that are names.
`

// rated are the languages of naughty-words that cuss rates, with cuss's names of them.
var rated = map[string]string{"en": "index", "es": "es", "fr": "fr", "it": "it", "pt": "pt"}

// surnames are words that are family names, too, and that faker does not have.
var surnames = []string{"Hooker", "Coon", "Cumming"}

// others are the languages whose words are taken as they are.
var others = strings.Fields("ar cs da de fa fi fil hi hu ja ko nl no pl ru sv th tr zh")

func main() {
	from := flag.String("from", ".", "`folder` with the packages")
	into := flag.String("into", "internal/usertext/words.txt", "`file` to write")
	flag.Parse()
	if err := run(*from, *into); err != nil {
		fmt.Fprintln(os.Stderr, "words:", err)
		os.Exit(1)
	}
}

func run(from, into string) error {
	words, err := collect(from)
	if err != nil {
		return err
	}
	names, err := capitalized(from)
	if err != nil {
		return err
	}
	names = append(names, surnames...)
	list := usertext.NewList(words...)
	refused := map[string]bool{}
	for _, name := range names {
		for _, key := range list.Find(name) {
			refused[key] = true
		}
	}
	keys := map[string]bool{}
	for _, w := range words {
		if key := usertext.Key(w); !refused[key] {
			keys[key] = true
		}
	}
	var out strings.Builder
	out.WriteString(header)
	sorted := make([]string, 0, len(keys))
	for key := range keys {
		sorted = append(sorted, key)
	}
	slices.Sort(sorted)
	out.WriteString(strings.Join(sorted, "\n") + "\n")
	fmt.Printf("%d words of %d, the rest would refuse some of %d names\n", len(sorted), len(words), len(names))
	return os.WriteFile(into, []byte(out.String()), 0o644) //nolint:gosec // a source file
}

// collect returns the single words of the lists. Short ones that are not rated are left out.
func collect(from string) ([]string, error) {
	var words []string
	for language, name := range rated {
		sure, err := surelyRude(filepath.Join(from, "cuss-2.2.0", "package", name+".js"))
		if err != nil {
			return nil, err
		}
		all, err := naughty(from, language)
		if err != nil {
			return nil, err
		}
		for _, w := range all {
			if sure[w] && (language == "en" || utf8.RuneCountInString(w) >= 4) {
				words = append(words, w)
			}
		}
	}
	for _, language := range others {
		all, err := naughty(from, language)
		if err != nil {
			return nil, err
		}
		for _, w := range all {
			if utf8.RuneCountInString(w) >= 4 || !unicode.In([]rune(w)[0], unicode.Latin) {
				words = append(words, w)
			}
		}
	}
	return words, nil
}

func naughty(from, language string) ([]string, error) {
	file := filepath.Join(from, "naughty-words-1.2.0", "package", language+".json")
	text, err := os.ReadFile(file) //nolint:gosec // of the package
	if err != nil {
		return nil, err
	}
	var all, single []string
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, fmt.Errorf("read the words of %q: %w", language, err)
	}
	for _, w := range all {
		if !strings.ContainsFunc(w, func(r rune) bool { return !unicode.In(r, unicode.L, unicode.M) }) {
			single = append(single, strings.ToLower(w))
		}
	}
	return single, nil
}

// rating matches a word that cuss is sure of.
var rating = regexp.MustCompile(`(?m)^\s*'?([^':\n]+)'?: 2,?$`)

func surelyRude(file string) (map[string]bool, error) {
	text, err := os.ReadFile(file) //nolint:gosec // that the caller named
	if err != nil {
		return nil, err
	}
	sure := map[string]bool{}
	for _, found := range rating.FindAllSubmatch(text, -1) {
		sure[strings.ToLower(string(found[1]))] = true
	}
	return sure, nil
}

// literal matches a short text of a program without spaces.
var literal = regexp.MustCompile(`"(?:[^"\\\s]|\\u[0-9a-fA-F]{4}){2,30}"`)

// capitalized returns the words of faker that begin with a capital, or with a letter of a script
// that has none.
func capitalized(from string) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(from, "faker-js-faker-9.9.0", "package", "dist", "*.js"))
	if err != nil {
		return nil, err
	}
	found := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file) //nolint:gosec // of the package
		if err != nil {
			return nil, err
		}
		for _, m := range literal.FindAll(text, -1) {
			word, err := strconv.Unquote(string(m))
			first, _ := utf8.DecodeRuneInString(word)
			if err == nil && (unicode.IsUpper(first) || unicode.IsLetter(first) && !unicode.IsLower(first)) {
				found[word] = true
			}
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s has no names", from)
	}
	names := make([]string, 0, len(found))
	for name := range found {
		names = append(names, name)
	}
	return names, nil
}
