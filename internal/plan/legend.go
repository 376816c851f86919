package plan

import (
	"slices"

	"github.com/cofaas/cofaas/internal/layered"
)

// sample is an arrow in the legend, or a box.
type sample struct {
	class        string
	streams, box bool
	text         string
}

const (
	sampleLength = 34
	sampleSize   = 11
)

// width is what a sample takes in its row.
func (s *sample) width() float64 {
	return sampleLength + 8 + float64(len(s.text))*sampleSize*0.56 + 18
}

// legend explains the arrows that there are.
func (pic *picture) legend() []sample {
	has := func(f func(a arrow) bool) bool { return slices.ContainsFunc(pic.arrows, f) }
	var list []sample
	if slices.ContainsFunc(pic.boxes, func(b box) bool { return b.entry }) {
		list = append(list, sample{class: "entry", text: "from clients only"})
	}
	if has(func(a arrow) bool { return a.kind == local }) {
		list = append(list, sample{class: "local", text: "inside of the host"})
	}
	if has(func(a arrow) bool { return a.kind == remote }) {
		list = append(list, sample{class: "remote", text: "leaves the host"})
	}
	if has(func(a arrow) bool { return a.streams }) {
		list = append(list, sample{class: "local", streams: true, text: "with streams"})
	}
	if has(func(a arrow) bool { return a.kind == unknown }) {
		list = append(list, sample{class: "unknown", text: "one of these, by what is dialled"})
	}
	if slices.ContainsFunc(pic.boxes, func(b box) bool { return b.place != "" && !b.remote }) {
		list = append(list, sample{class: "native", box: true, text: "natively, in a process of its own"})
	}
	return list
}

// legendRows breaks a legend into rows.
func legendRows(items []sample, width float64) (rows [][]sample) {
	x := 0.0
	for _, item := range items {
		if len(rows) == 0 || x+item.width() > width {
			rows = append(rows, nil)
			x = 0
		}
		rows[len(rows)-1] = append(rows[len(rows)-1], item)
		x += item.width()
	}
	return rows
}

// legend draws a sample.
func (d *drawing) legend(s sample, x, y float64) {
	end := x + sampleLength
	if s.box {
		d.printf(`<g class="%s"><rect class="box" x="%s" y="%s" width="%d" height="14" rx="4"/>`, s.class, number(x), number(y-7), sampleLength)
		d.printf("<text class=\"legend\" x=\"%s\" y=\"%s\">%s</text></g>\n", number(end+8), number(y+4), escape(s.text))
		return
	}
	d.printf("<g>")
	path := "M" + number(x) + " " + number(y) + "H" + number(end-tipLength)
	switch {
	case s.streams:
		d.printf(`<path class="arrow wide %s" d="%s"/><path class="core" d="%s"/>`, s.class, path, path)
	default:
		d.printf(`<path class="arrow %s" d="%s"/>`, s.class, path)
	}
	if s.class == "entry" {
		d.printf(`<circle class="tip entry" cx="%s" cy="%s" r="3.5"/>`, number(x), number(y))
	}
	d.tip(s.class, layered.Point{X: end, Y: y}, 1)
	d.printf("<text class=\"legend\" x=\"%s\" y=\"%s\">%s</text></g>\n", number(end+8), number(y+4), escape(s.text))
}
