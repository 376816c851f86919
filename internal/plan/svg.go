package plan

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/cofaas/cofaas/internal/layered"
)

// style is what the picture looks like. It has colours for light and dark surroundings, and needs no font that is not there.
const style = `
text { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #1f2328; }
.page { fill: #ffffff; stroke: #d8dee4; }
.box { fill: #f6f8fa; stroke: #8c959f; }
.outside .box { fill: #ffffff; stroke-dasharray: 5 4; }
.native .box { fill: #fff8e1; stroke: #9a6700; stroke-width: 1.8; }
.line { stroke: #d8dee4; }
.name { font-size: 14px; font-weight: 600; }
.under { font-size: 11px; fill: #59636e; }
.row { font-size: 12px; }
.tag { font-size: 10px; fill: #8250df; }
.legend { font-size: 11px; font-family: ui-sans-serif, system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: #59636e; }
.arrow { fill: none; stroke-width: 1.6; }
.wide { stroke-width: 4.8; }
.core { fill: none; stroke: #ffffff; stroke-width: 1.8; }
.arrow.local { stroke: #0969da; }
.arrow.remote { stroke: #59636e; stroke-dasharray: 6 4; }
.arrow.unknown { stroke: #bc4c00; stroke-dasharray: 2 3; }
.arrow.entry { stroke: #1a7f37; }
.tip { stroke: none; }
.tip.local { fill: #0969da; }
.tip.remote { fill: #59636e; }
.tip.unknown { fill: #bc4c00; }
.tip.entry { fill: #1a7f37; }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3; }
.page { fill: #0d1117; stroke: #30363d; }
.box { fill: #161b22; stroke: #6e7681; }
.outside .box { fill: #0d1117; }
.native .box { fill: #272115; stroke: #d29922; }
.line { stroke: #30363d; }
.under, .legend { fill: #9198a1; }
.tag { fill: #d2a8ff; }
.core { stroke: #0d1117; }
.arrow.local { stroke: #58a6ff; }
.arrow.remote { stroke: #9198a1; }
.arrow.unknown { stroke: #f0883e; }
.arrow.entry { stroke: #3fb950; }
.tip.local { fill: #58a6ff; }
.tip.remote { fill: #9198a1; }
.tip.unknown { fill: #f0883e; }
.tip.entry { fill: #3fb950; }
}
`

// Measures of the picture, in pixels.
const (
	margin    = 24
	entryRoom = 34 // for arrows from outside
	loopRoom  = 40 // for arrows from a box to itself
	tipLength = 8
	legendRow = 22
)

// SVG prints the plan as a picture: a file that needs nothing else, looks right in light and dark surroundings, and has all its text as
// text. Names that are too long are shortened; pointing at them shows them.
func (p *Plan) SVG(w io.Writer) error {
	pic := newPicture(p)
	width, height := layered.Place(pic.nodes, pic.edges, layered.Gaps{Column: 76, Box: 26, Arrow: 16})
	d := &drawing{pic: pic}
	right := 0.0
	if slices.ContainsFunc(pic.arrows, func(a arrow) bool { return a.from == a.to }) {
		right = loopRoom
	}
	left := float64(margin)
	if slices.ContainsFunc(pic.boxes, func(b box) bool { return b.entry }) {
		left += entryRoom
	}
	items := pic.legend()
	width = max(left+width+right+margin, 460)
	rows := legendRows(items, width-2*margin)
	total := margin + height + margin + float64(len(rows))*legendRow + 8

	d.printf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %s %s" width="%s" height="%s" role="img" aria-labelledby="plan-title plan-desc">`+"\n",
		number(width), number(total), number(width), number(total))
	d.printf("<title id=\"plan-title\">%s</title>\n<desc id=\"plan-desc\">%s</desc>\n<style>%s</style>\n", escape(p.summary()), escape(p.describe()), style)
	d.printf(`<rect class="page" x="0.5" y="0.5" width="%s" height="%s" rx="10"/>`+"\n", number(width-1), number(total-1))
	d.printf("<g transform=\"translate(%s %d)\">\n", number(left), margin)
	for i := range pic.arrows {
		d.arrow(i)
	}
	for i := range pic.boxes {
		d.box(i)
	}
	d.printf("</g>\n")
	for i, row := range rows {
		x := float64(margin)
		for _, item := range row {
			d.legend(item, x, margin+height+margin+float64(i)*legendRow+8)
			x += item.width()
		}
	}
	d.printf("</svg>\n")
	_, err := io.WriteString(w, d.b.String())
	return err
}

// summary is the picture's title.
func (p *Plan) summary() string {
	n := len(p.Functions)
	if n == 1 {
		return "Plan of the function " + p.Functions[0].Name
	}
	return fmt.Sprintf("Plan of %d functions", n)
}

// describe says in words what the picture shows.
func (p *Plan) describe() string {
	var parts []string
	for _, f := range p.Functions {
		s := f.Name
		if p.isPlaced() {
			s += " runs " + where(f.PlacesIn("")) + ", and"
		}
		s += " serves " + strings.Join(f.Exports, ", ")
		for _, service := range f.Imports {
			var to []string
			for _, e := range p.edges(f.Name, service) {
				if e.To != "" && (len(e.Calls) > 0 || len(p.Service(service).Exporters) == 1) {
					to = append(to, e.To)
				}
			}
			if len(to) == 0 {
				to = []string{"a server outside of the host"}
			}
			s += fmt.Sprintf(" and calls %s of %s", service, strings.Join(to, " or "))
		}
		parts = append(parts, s+".")
	}
	return strings.Join(parts, " ")
}

// drawing is the picture as it is printed.
type drawing struct {
	pic *picture
	b   strings.Builder
}

func (d *drawing) printf(format string, args ...any) { fmt.Fprintf(&d.b, format, args...) }

var kindClass = [...]string{local: "local", remote: "remote", unknown: "unknown"}

// arrow draws an arrow from box to row.
func (d *drawing) arrow(i int) {
	a, e := &d.pic.arrows[i], &d.pic.edges[i]
	class := kindClass[a.kind]
	var path string
	var tip layered.Point
	direction := 1.0
	switch {
	case a.from == a.to:
		n := d.pic.nodes[a.from]
		x, y1, y2 := n.X+n.W, n.Y+14, n.Y+e.In
		path = fmt.Sprintf("M%s %sC%s %s %s %s %s %s", number(x), number(y1), number(x+loopRoom), number(y1-8), number(x+loopRoom), number(y2), number(x+tipLength), number(y2))
		tip, direction = layered.Point{X: x, Y: y2}, -1
	default:
		if e.Back {
			direction = -1
		}
		tip = e.Points[len(e.Points)-1]
		path = curve(e.Points, direction)
	}
	d.printf("<g>%s", title(a.title))
	if a.streams {
		d.printf(`<path class="arrow wide %s" d="%s"/><path class="core" d="%s"/>`, class, path, path)
	} else {
		d.printf(`<path class="arrow %s" d="%s"/>`, class, path)
	}
	d.tip(class, tip, direction)
	d.printf("</g>\n")
}

// curve is the path of an arrow: level where it crosses columns, and bent between them.
func curve(points []layered.Point, direction float64) string {
	var b strings.Builder
	at := points[0]
	fmt.Fprintf(&b, "M%s %s", number(at.X), number(at.Y))
	for i := 1; i < len(points); i += 2 {
		to := points[i]
		if i == len(points)-1 {
			to.X -= direction * tipLength
		}
		if at.Y == to.Y {
			fmt.Fprintf(&b, "H%s", number(to.X))
		} else {
			middle := (at.X + to.X) / 2
			fmt.Fprintf(&b, "C%s %s %s %s %s %s", number(middle), number(at.Y), number(middle), number(to.Y), number(to.X), number(to.Y))
		}
		if i+1 < len(points) {
			at = points[i+1]
			fmt.Fprintf(&b, "H%s", number(at.X))
		}
	}
	return b.String()
}

// tip draws the head of an arrow.
func (d *drawing) tip(class string, at layered.Point, direction float64) {
	back := at.X - direction*(tipLength+2)
	d.printf(`<path class="tip %s" d="M%s %sL%s %sV%sZ"/>`, class, number(at.X), number(at.Y), number(back), number(at.Y-4.5), number(at.Y+4.5))
}

// box draws a function, or a service outside.
func (d *drawing) box(i int) {
	b, n := &d.pic.boxes[i], &d.pic.nodes[i]
	class := "function"
	switch {
	case b.remote:
		class = "outside"
	case b.place != "":
		class = "native"
	}
	d.printf("<g class=\"%s\" transform=\"translate(%s %s)\">\n", class, number(n.X), number(n.Y))
	d.printf("<g>%s<rect class=\"box\" width=\"%s\" height=\"%s\" rx=\"7\"/>", title(b.title), number(n.W), number(n.H))
	room := n.W - 2*padding
	d.printf(`<text class="name" x="%d" y="22">%s</text>`, padding, escape(fit(b.name, nameSize, room-b.placeRoom())))
	if b.place != "" {
		d.printf(`<text class="tag" x="%s" y="21" text-anchor="end">%s</text>`, number(n.W-padding), b.place)
	}
	if b.under != "" {
		d.printf(`<text class="under" x="%d" y="39">%s</text>`, padding, escape(fit(b.under, underSize, room)))
	}
	d.printf("</g>\n")
	for i, r := range b.rows {
		y := b.head() + float64(i)*rowHeight
		d.printf("<g>%s<path class=\"line\" d=\"M1 %sH%s\"/>", title(r.title), number(y), number(n.W-1))
		room := room
		if r.streams {
			d.printf(`<text class="tag" x="%s" y="%s" text-anchor="end">%s</text>`, number(n.W-padding), number(y+16), tag)
			room -= textWidth(tag, tagSize) + padding
		}
		d.printf("<text class=\"row\" x=\"%d\" y=\"%s\">%s</text></g>\n", padding, number(y+16), escape(fit(r.text, rowSize, room)))
	}
	if b.entry {
		d.entry(0, nameHeight/2)
	}
	d.printf("</g>\n")
}

// entry draws an arrow from outside.
func (d *drawing) entry(x, y float64) {
	d.printf(`<g>%s<circle class="tip entry" cx="%s" cy="%s" r="3.5"/><path class="arrow entry" d="M%s %sH%s"/>`,
		title("called from outside of the host, and by no other function"), number(x-entryRoom+6), number(y), number(x-entryRoom+6), number(y), number(x-tipLength))
	d.tip("entry", layered.Point{X: x, Y: y}, 1)
	d.printf("</g>\n")
}

// title is shown to whoever points at an element, and read to whoever cannot see it.
func title(text string) string { return "<title>" + escape(text) + "</title>" }

// escape makes text fit for XML, which has no way to write control characters.
func escape(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' || r == 0xfffe || r == 0xffff {
			return '�'
		}
		return r
	}, strings.ToValidUTF8(s, "�"))
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

// number prints a coordinate: half pixels are fine enough.
func number(x float64) string {
	return strconv.FormatFloat(float64(int64(x*2+0.5*sign(x)))/2, 'f', -1, 64)
}

func sign(x float64) float64 {
	if x < 0 {
		return -1
	}
	return 1
}
