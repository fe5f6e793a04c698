package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/facescan/facescan/internal/face/fit"
	"github.com/facescan/facescan/internal/face/report"
)

// plainWords opens the account with what people ask who are no statisticians.
func (s *study) plainWords(figures []figure) string {
	value := func(name string) string {
		return worded(figures, name, func(f figure) string {
			return fmt.Sprintf("%.3g (%.3g to %.3g)", f.Value, f.Lo, f.Hi)
		})
	}
	percent := func(name string) string {
		return worded(figures, name, func(f figure) string {
			return fmt.Sprintf("%.0f %% (%.0f to %.0f %%) of %d", 100*f.Value, 100*f.Lo, 100*f.Hi, f.N)
		})
	}
	portraits, ordinary := setPortraits, setOrdinary
	rows := [][2]string{
		{
			"What is a score of 50?",
			fmt.Sprintf(
				"As even as the middle of the reference portraits: %s. It is no share of mankind, and no mark.", s.composition(),
			),
		},
		{"How sure is the score of one photo?",
			"The interval is where the mean of many photos of this person lies in 95 of 100 cases. In studio photos it is " +
				value("width of the 95 % interval, score points") + " points wide, in official portraits " + value(
				portraits+": median width of the interval of those ranked",
			) + "."},
		{"How sure is a series of three?", value("yale mild: width of the interval of a series of 3") + " points."},
		{"Do two photos of one person agree?", "They differ by no more than their intervals say in " +
			percent("yale mild: two photos of one person differ by no more than their intervals") + " pairs; so do " + percent(
			"yale mild: the same of two people",
		) + " pairs of two people: the intervals are wide."},
		{
			"How often is a face not found?",
			"In " + percent(portraits+": no_face") + " official portraits and " + percent(ordinary+": no_face") +
				" ordinary photos.",
		},
		{
			"How many ordinary portraits get a rank?",
			percent(portraits+": ranked") + " official portraits, " + percent(ordinary+": ranked") + " ordinary photos.",
		},
		{"Is a covered face ranked?",
			"With a mask " + percent("masks: ranked") + "; a bar drawn over the eyes " + percent(
				portraits+": "+eyeBar+": ranked",
			) + ", sunglasses drawn " +
				percent(portraits+": "+sunglasses+": ranked") + "."},
		{"Is a thing or an animal measured?", percent("things and animals: measured") + " photos."},
		{
			"What is not noticed?",
			"Drawings, statues, mannequins and photos of screens that look like a portrait: no measure here tells them apart. " +
				"Make-up, beards and old scars are measured as a part of the face.",
		},
	}
	var b strings.Builder
	b.WriteString("## In plain words\n\n| question | answer |\n| --- | --- |\n")
	for _, r := range rows {
		fmt.Fprintf(&b, "| %s | %s |\n", r[0], r[1])
	}
	b.WriteString("\nFigures in brackets are 95 % bootstrap intervals.\n\n")
	return b.String()
}

// worded returns the figure of the name in words, or "not measured".
func worded(figures []figure, name string, words func(figure) string) string {
	for _, f := range figures {
		if f.Name == name {
			return words(f)
		}
	}
	return "not measured"
}

// composition describes the people of the reference portraits.
func (s *study) composition() string {
	portraits, ordinary := s.rankedIn(s.setOf(setPortraits)), s.rankedIn(s.setOf(setOrdinary))
	return fmt.Sprintf(
		"%d people in a studio (London), %d official portraits (US Senate) and %d ordinary photos, each person counted once",
		len(s.people), len(portraits), len(ordinary),
	)
}

// wildTable lists the outcomes of the photos of each set.
func (s *study) wildTable() string {
	var b strings.Builder
	b.WriteString("\n## What became of photos that were not taken for measuring\n\n" +
		"Official portraits and ordinary photos are judged by numbers that were fitted to others; the sets yale, masks, " +
		"tight and nofaces are never fitted to. " +
		"But the constants of method (how much the mouth's disagreement and each part of the face count, the limits of " +
		"movement, blocks, winks and open mouths, " +
		"the error that photos of a series share) were chosen with the figures of all these sets in view, so the figures " +
		"are somewhat optimistic. " +
		"Planted unevenness is planted on the side that lies lower by what the engine believes of the face.\n\n" +
		"| set | photos | measured | ranked | refused because | measured, not ranked because |\n| --- | --- | --- | --- | " +
		"--- | --- |\n")
	for _, set := range append(s.ordinarySets(), setConditions, setTight, setMasks, setNoFaces) {
		entries := s.setOf(set)
		if len(entries) == 0 {
			continue
		}
		refused, unranked := map[string]int{}, map[string]int{}
		measured, ranked := 0, 0
		for _, e := range entries {
			r := s.wild[e.File]
			switch code := s.refusalOf(e.File); {
			case code != "":
				refused[string(code)]++
			case rankable(r):
				measured, ranked = measured+1, ranked+1
			default:
				measured++
				unranked[whyNot(r)]++
			}
		}
		fmt.Fprintf(
			&b, "| %s | %d | %d | %d | %s | %s |\n", set, len(entries), measured, ranked, counted(refused), counted(unranked),
		)
	}
	return b.String()
}

// whyNot names the first check that keeps a photo from being ranked.
func whyNot(r fit.Reading) string {
	for _, c := range r.Report.Quality {
		if c.Verdict == report.VerdictWarn && report.Ranks(c.Check) {
			return c.Check
		}
	}
	return "score beyond the reference"
}

// counted lists what was counted, most first.
func counted(m map[string]int) string {
	names := slices.SortedFunc(maps.Keys(m), func(a, b string) int {
		if m[a] != m[b] {
			return m[b] - m[a]
		}
		return strings.Compare(a, b)
	})
	list := make([]string, len(names))
	for i, n := range names {
		list[i] = fmt.Sprintf("%s %d", strings.ReplaceAll(n, "_", `\_`), m[n])
	}
	return strings.Join(list, ", ")
}
