package main

import (
	"fmt"
	"image"
	"math"
)

// turns are the angles, degrees, by which portraits with manual points are turned as the generic
// head turns: what is hidden behind the nose or the cheek is not seen, and the nose moves most.
var turns = [...]float64{-32, -24, -18, -12, -6, 6, 12, 18, 24, 32}

func turnName(degrees float64) string { return fmt.Sprintf("head turned %+g", degrees) }

// The grid on which a turn is worked out, pupil distances.
const (
	turnStep  = 0.01
	turnReach = 3.2 // to each side
	turnAbove = 3.0
	turnBelow = 4.0
)

// turnMap says for each place of a turned head where the portrait shows it.
type turnMap struct {
	cols, rows int
	from       []float64 // x in the portrait, by row; y does not change
}

// newTurnMap turns a head that was seen at one yaw to another, both radians. The tall gives the
// height on the generic head of a height in the portrait.
func newTurnMap(yaw, to float64, tall func(y float64) float64) *turnMap {
	t := &turnMap{cols: int(2*turnReach/turnStep) + 1, rows: int((turnAbove+turnBelow)/turnStep) + 1}
	t.from = make([]float64, t.cols*t.rows)
	front := make([]float64, t.cols)
	for row := range t.rows {
		t.fill(t.from[row*t.cols:][:t.cols], front, tall(float64(row)*turnStep-turnAbove), yaw, to)
	}
	return t
}

// fill works out a row: it walks along the surface of the head and keeps what lies in front.
func (t *turnMap) fill(from, front []float64, y, yaw, to float64) {
	sin0, cos0 := math.Sincos(yaw)
	sin1, cos1 := math.Sincos(to)
	for i := range from {
		from[i], front[i] = math.NaN(), math.Inf(-1)
	}
	const reach = turnReach + 1.5 // a turned plane behind the head still fills the row
	lastAt, lastFrom, lastZ := 0.0, 0.0, 0.0
	for i := range int(2 * reach / turnStep) {
		x := float64(i)*turnStep - reach
		z := depth(x, y)
		at := ((x*cos1+z*sin1)/cos0 + turnReach) / turnStep
		source, near := (x*cos0+z*sin0)/cos0, z*cos1-x*sin1
		if i > 0 && at > lastAt { // a surface that turned away is not seen
			for col := max(0, int(math.Ceil(lastAt))); col < len(from) && float64(col) <= at; col++ {
				share := (float64(col) - lastAt) / (at - lastAt)
				if n := lastZ + share*(near-lastZ); n > front[col] {
					front[col], from[col] = n, lastFrom+share*(source-lastFrom)
				}
			}
		}
		lastAt, lastFrom, lastZ = at, source, near
	}
	for i := range from {
		if math.IsNaN(from[i]) {
			from[i] = float64(i)*turnStep - turnReach
		}
	}
}

// at returns where the portrait shows a place of the turned head, between the places of the grid.
func (t *turnMap) at(p place) place {
	x, y := (p.x+turnReach)/turnStep, (p.y+turnAbove)/turnStep
	if x < 0 || y < 0 || x >= float64(t.cols-1) || y >= float64(t.rows-1) {
		return p
	}
	col, row := int(x), int(y)
	fx, fy := x-float64(col), y-float64(row)
	s := t.from[row*t.cols+col:]
	top, low := s[0]+(s[1]-s[0])*fx, s[t.cols]+(s[t.cols+1]-s[t.cols])*fx
	return place{top + (low-top)*fy, p.y}
}

// headTurned returns the portrait with the head turned further.
func (s *subject) headTurned(degrees float64) *image.Gray {
	pose := poseOf(s.entry.Points)
	t := newTurnMap(pose.yaw, pose.yaw+degrees*math.Pi/180, s.tall())
	return warp(s.half, s.half.Rect.Dx(), s.half.Rect.Dy(), func(p place) place {
		return s.at.inPicture(t.at(s.at.inFace(p)))
	})
}

// tall returns the height on the generic head of a height in the portrait, both below the pupils,
// from the heights of the nose, the lips and the chin.
func (s *subject) tall() func(y float64) float64 {
	type pair struct{ own, generic float64 }
	list := []pair{{}}
	for i := range headMarks {
		switch m := &headMarks[i]; m.name {
		case "nose_tip", "subnasale", "lip_inner", "chin":
			if own := s.at.inFace(s.point(m.name)).y; own > list[len(list)-1].own {
				list = append(list, pair{own, m.y})
			}
		}
	}
	return func(y float64) float64 {
		for i := 1; i < len(list); i++ {
			a, b := list[i-1], list[i]
			if y > a.own && y <= b.own {
				return a.generic + (b.generic-a.generic)*(y-a.own)/(b.own-a.own)
			}
		}
		last := list[len(list)-1]
		if y > last.own {
			return last.generic + y - last.own
		}
		return y
	}
}
