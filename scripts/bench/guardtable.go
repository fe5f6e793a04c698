package main

import "github.com/facescan/facescan/internal/scan/cheat"

// count is how often a verdict was said.
type count struct {
	Said int `json:"said"`
	Of   int `json:"of"`
}

func (c count) share() float64 {
	if c.Of == 0 {
		return 0
	}
	return float64(c.Said) / float64(c.Of)
}

// guardRow is how often the guard says a reason of a kind of photo, in either half of the people.
type guardRow struct {
	Photo  string     `json:"photo"`
	Code   cheat.Code `json:"code"`
	Honest bool       `json:"honest"` // a reason would be a false alarm
	Fit    count      `json:"fit"`
	Test   count      `json:"test"`
}

type guardTable struct {
	FitPeople  int        `json:"fitPeople"`
	TestPeople int        `json:"testPeople"`
	Rows       []guardRow `json:"rows"`
}

// half are the people to fit the limits to, or the others.
type half []*person

func (g *guarded) halves() (fit, test half) {
	for i, p := range g.people {
		if i%2 == 0 {
			fit = append(fit, p)
		} else {
			test = append(test, p)
		}
	}
	return fit, test
}

// trial is one photo coming into an account that has some already.
type trial struct {
	has   []string // of whom the account is
	owner *person
	photo string
	of    *person
}

// said counts in how many trials the guard says the reason. Those in which the engine refused a
// photo do not count.
func (g *guarded) said(code cheat.Code, trials []trial) count {
	var c count
	for _, t := range trials {
		o, ok := g.seen[t.of.id][t.photo]
		var s cheat.State
		for _, name := range t.has {
			earlier, seen := g.seen[t.owner.id][name]
			ok = ok && seen
			_, s = cheat.Judge(s, name, 1, earlier)
		}
		if !ok {
			continue
		}
		c.Of++
		reasons, _ := cheat.Judge(s, "new", 1, o)
		for _, r := range reasons {
			if r.Code == code {
				c.Said++
			}
		}
	}
	return c
}

// own returns the trials of a person's own photo.
func (h half) own(photo string, has ...string) []trial {
	var list []trial
	for _, p := range h {
		list = append(list, trial{has: has, owner: p, photo: photo, of: p})
	}
	return list
}

// others returns the trials of every other person's photo.
func (h half) others(photo string, has ...string) []trial {
	var list []trial
	for _, owner := range h {
		for _, p := range h {
			if p != owner {
				list = append(list, trial{has: has, owner: owner, photo: photo, of: p})
			}
		}
	}
	return list
}

// conditions returns the trials of each photo of a person after each other one.
func (h half) conditions() (list []trial) {
	for _, p := range h {
		for _, has := range mildConditions {
			for _, photo := range mildConditions {
				if has != photo {
					list = append(list, trial{has: []string{has}, owner: p, photo: photo, of: p})
				}
			}
		}
	}
	return list
}

func (g *guarded) table() guardTable {
	fit, test := g.halves()
	t := guardTable{FitPeople: len(fit), TestPeople: len(test)}
	row := func(photo string, code cheat.Code, honest bool, trials func(half) []trial) {
		t.Rows = append(t.Rows, guardRow{
			Photo: photo, Code: code, Honest: honest, Fit: g.said(code, trials(fit)), Test: g.said(code, trials(test)),
		})
	}
	for _, m := range copiesMade {
		row("a copy, "+m.name, cheat.Copy, false, func(h half) []trial { return h.own(m.name, photoNeutral) })
	}
	for _, m := range halvesMade {
		row("a composite, "+m.name, cheat.HalfFace, false, func(h half) []trial { return h.own(m.name) })
	}
	row(
		"another person's, after one photo", cheat.Jump, false,
		func(h half) []trial { return h.others(photoNeutral, photoNeutral) },
	)
	row(
		"another person's, after two photos", cheat.Jump, false,
		func(h half) []trial { return h.others(photoNeutral, photoNeutral, photoSmiling) },
	)
	row(
		"another person's, after two photos", cheat.Copy, true,
		func(h half) []trial { return h.others(photoNeutral, photoNeutral, photoSmiling) },
	)
	for _, code := range []cheat.Code{cheat.Copy, cheat.HalfFace, cheat.Jump} {
		row("smiling, after neutral", code, true, func(h half) []trial { return h.own(photoSmiling, photoNeutral) })
		row("neutral, after smiling", code, true, func(h half) []trial { return h.own(photoNeutral, photoSmiling) })
	}
	if len(g.sitters) > 0 {
		for _, code := range []cheat.Code{cheat.Copy, cheat.HalfFace, cheat.Jump} {
			t.Rows = append(t.Rows, guardRow{
				Photo: "another mild condition, after one", Code: code, Honest: true, Test: g.said(code, g.sitters.conditions()),
			})
		}
	}
	row("the same in softer focus", cheat.HalfFace, true, func(h half) []trial { return h.own("blurred") })
	row(
		"the same in a file of quality 50", cheat.Jump, true,
		func(h half) []trial { return h.own("saved again at quality 50", photoNeutral) },
	)
	return t
}
