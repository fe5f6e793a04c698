package main

import (
	"cmp"
	"context"
	_ "embed"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/facescan/facescan/internal/face/fit"
	"github.com/facescan/facescan/internal/face/report"
)

// tried says in words what no figure shows; it stands in scripts/bench/tried.md.
//
//go:embed tried.md
var tried string

// fewest is the size below which a group is not reported.
const fewest = 10

// writeReliability writes RELIABILITY.md, its plots and the table of package reliability.
func writeReliability(ctx context.Context, o options, out, progress io.Writer) error {
	o.more = true
	s, err := measure(ctx, o, progress)
	if err != nil {
		return err
	}
	into := cmp.Or(o.into, "internal/face")
	plots := filepath.Join(into, "reliability")
	if err := os.MkdirAll(plots, 0o755); err != nil { //nolint:gosec // documentation is for everybody
		return err
	}
	if err := s.plots(plots); err != nil {
		return err
	}
	path := filepath.Join(into, "RELIABILITY.md")
	if err := os.WriteFile(path, []byte(s.account()), 0o644); err != nil { //nolint:gosec // documentation is for everybody
		return err
	}
	if err := scores(into); err != nil {
		return err
	}
	fmt.Fprintf(out, "%s and %s: %d people\n", path, plots, len(s.records))
	return nil
}

// account returns the text of RELIABILITY.md.
func (s *study) account() string {
	var b strings.Builder
	fmt.Fprintf(&b, `# How far the face engine can be trusted

Engine %s. Written by %s; do not edit, run it again.

Every number that the engine takes from the annotated photos (offsets of the points, pose patterns, prior and noise of the field, looks, yaw, scale of the
score, errors and biases of the measures) is fitted to four fifths of %d people and judged on the rest, five times over, so that everybody is judged by numbers
that were fitted to others. Choices of method (window sizes, the places of the field, what counts as noise) were made while looking at these
people and are not covered by that. Intervals are 95 %% bootstrap intervals over people (%d draws). SD is the standard deviation of the score between
people. Altered copies are made of the photo at half size, with about 100 pixels between the pupils.

`, "`"+report.Version+"`", "`make reliability`", len(s.records), draws)
	figures := s.figures()
	if len(s.wild) > 0 {
		b.WriteString(s.plainWords(figures))
	}
	b.WriteString(
		"## Figures\n\n| figure | value | 95 % interval | n | bar | stretch | reached |\n| --- | --- | --- | --- | --- | " +
			"--- | --- |\n",
	)
	for _, f := range figures {
		fmt.Fprintf(
			&b, "| %s | %.3g | %.3g to %.3g | %d | %s | %s | %s |\n", strings.ReplaceAll(f.Name, "_", `\_`), f.Value, f.Lo, f.Hi,
			f.N, f.Bar, f.Stretch, f.Reached,
		)
	}
	b.WriteString(s.yawTable())
	b.WriteString(s.wildTable())
	b.WriteString(s.falseFaces())
	b.WriteString(tried)
	b.WriteString(s.metricTable())
	b.WriteString(s.slices())
	b.WriteString(s.refusals())
	b.WriteString(plotsText())
	return b.String()
}

// falseFaces names the pictures without a face in which one was found.
func (s *study) falseFaces() string {
	var names []string
	for path, found := range s.nofaces {
		if s.taken(found) {
			names = append(names, filepath.Base(path))
		}
	}
	slices.Sort(names)
	if len(names) == 0 {
		return ""
	}
	return "\nSeen in pictures without a face: " + strings.Join(names, ", ") + ".\n"
}

func (s *study) metricTable() string {
	var b strings.Builder
	b.WriteString(
		"\n## Measures\n\nAgainst the same measures from manual points, on people not used for fitting. The last column is " +
			"the agreement of the neutral with the smiling photo: a smile " +
			"moves the mouth, so there it says what a face does and not what the engine does.\n\n" +
			"| measure | unit | ICC with manual | mean error | SD of error | interval holds the manual value | ICC " +
			"neutral/smiling |\n| --- | --- | --- | --- | --- | --- | --- |\n",
	)
	for i, m := range s.records[0].neutral.Report.Metrics {
		var got, want, diff, inside []float64
		for _, r := range s.records {
			g, w := r.neutral.Report.Metrics[i], r.manual[m.Name]
			got, want, diff = append(got, g.Value), append(want, w), append(diff, g.Value-w)
			inside = append(inside, share(g.Lo <= w && w <= g.Hi))
		}
		x, y := s.pairs(func(r fit.Reading) float64 { return r.Report.Metrics[i].Value })
		fmt.Fprintf(&b, "| %s | %s | %.2f | %.3f | %.3f | %.0f %% | %.2f |\n", strings.ReplaceAll(m.Name, "_", `\_`), m.Unit,
			fit.ICC(got, want), fit.Mean(diff),
			fit.Deviation(diff), 100*fit.Mean(inside), fit.ICC(x, y))
	}
	return b.String()
}

// slices compares groups by what people said of themselves.
func (s *study) slices() string {
	var b strings.Builder
	b.WriteString(
		"\n## By self-reported groups\n\nNeutral and smiling photos; point and yaw errors of the neutral ones, with 95 % " +
			"intervals. Groups of fewer than 10 people: too few to say; those of ethnicity are " +
			"also taken together. The head turn is that of the manual points. Photos with more than 12 degrees, by the " +
			"engine's estimate, are not ranked; a difference in that share which the head turn " +
			"does not explain is a fault of the estimate, or chance: the groups are too small to tell.\n\n" +
			"| group | people | NME, IOD | yaw error, RMS degrees | head turn, mean degrees | score, mean | refused | not " +
			"ranked |\n" +
			"| --- | --- | --- | --- | --- | --- | --- | --- |\n",
	)
	groups := map[string][]*record{}
	for _, r := range s.records {
		for _, g := range groupsOf(r.person.neutral.Self) {
			groups[g] = append(groups[g], r)
		}
	}
	pooled(groups)
	for _, g := range slices.Sorted(maps.Keys(groups)) {
		list := groups[g]
		name := strings.ReplaceAll(g, "_", " ")
		if len(list) < fewest {
			fmt.Fprintf(&b, "| %s | %d | too few to say | | | | | |\n", name, len(list))
			continue
		}
		sub := study{records: list}
		nme := sub.pointFigures()[0]
		yaw := sub.pointFigures()[2]
		turn := averaged("", sub.each(func(r *record) float64 { return math.Abs(r.yaw) }), nil, nil)
		score := averaged("", sub.each(func(r *record) float64 { return scoreOf(r.neutral) }), nil, nil)
		refused, unranked := sub.verdicts()
		fmt.Fprintf(&b,
			"| %s | %d | %.4f (%.4f to %.4f) | %.1f (%.1f to %.1f) | %.1f (%.1f to %.1f) | %.0f (%.0f to %.0f) | %.1f %% | "+
				"%.1f %% |\n", name, len(list),
			nme.Value, nme.Lo, nme.Hi, yaw.Value, yaw.Lo, yaw.Hi, turn.Value, turn.Lo, turn.Hi, score.Value, score.Lo, score.Hi,
			100*refused, 100*unranked)
	}
	return b.String()
}

// pooled adds the ethnicities of fewer than ten people as one group.
func pooled(groups map[string][]*record) {
	var names []string
	var together []*record
	for _, g := range slices.Sorted(maps.Keys(groups)) {
		if list := groups[g]; len(list) < fewest && list[0].person.neutral.Self["eth"] == g {
			names, together = append(names, g), append(together, list...)
		}
	}
	if len(names) > 1 {
		groups[strings.Join(names, ", ")+" together"] = together
	}
}

// groupsOf names the groups of a person.
func groupsOf(self map[string]string) []string {
	var list []string
	if g := self["gender"]; g != "" {
		list = append(list, g)
	}
	if e := self["eth"]; e != "" {
		list = append(list, e)
	}
	var age float64
	if _, err := fmt.Sscan(self["age"], &age); err == nil {
		from := 10 * math.Floor(age/10)
		list = append(list, fmt.Sprintf("aged %.0f to %.0f", from, from+9))
	}
	return list
}

// verdicts returns the shares of photos that are refused and of those that are not ranked.
func (s *study) verdicts() (refused, unranked float64) {
	n := 0.0
	for _, r := range s.records {
		both := []fit.Reading{r.neutral}
		if r.smiling != nil {
			both = append(both, *r.smiling)
		}
		for _, p := range both {
			n++
			refused += share(p.Refusal != nil)
			unranked += share(p.Refusal != nil || !p.Report.Rankable)
		}
	}
	return refused / n, unranked / n
}

// refusals lists the checks that fail in the photos as they are.
func (s *study) refusals() string {
	warned := map[string]int{}
	n := 0
	for _, r := range s.records {
		both := []fit.Reading{r.neutral}
		if r.smiling != nil {
			both = append(both, *r.smiling)
		}
		for _, p := range both {
			n++
			for _, c := range p.Report.Quality {
				if c.Verdict != report.VerdictOK {
					warned[c.Check+" "+string(c.Verdict)]++
				}
			}
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\n## Checks that speak up in these %d studio photos\n\n", n)
	for _, k := range slices.Sorted(maps.Keys(warned)) {
		fmt.Fprintf(&b, "- %s: %d\n", k, warned[k])
	}
	return b.String()
}

func plotsText() string {
	var b strings.Builder
	b.WriteString("\n## Plots\n\n")
	for _, p := range [...]struct{ file, says string }{
		{"calibration.png", "Scores of people not used for fitting against what an even spread would give."},
		{
			"bland-altman.png",
			"Bland and Altman: the difference of the scores of the neutral and the smiling photo, " +
				"with its mean and 95 % limits.",
		},
		{"manual.png", "Score against the asymmetry of manual points with the pose removed."},
		{"points.png", "Distance of each point from the manual one."},
	} {
		fmt.Fprintf(&b, "%s\n\n![%s](reliability/%s)\n\n", p.says, p.says, p.file)
	}
	b.WriteString("How the score moves when a photo is spoilt:\n\n")
	for _, c := range curves() {
		fmt.Fprintf(&b, "![%s](reliability/%s)\n", c.title, c.file)
	}
	return b.String()
}
