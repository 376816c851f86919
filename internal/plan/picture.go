package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/cofaas/cofaas/internal/layered"
)

// picture is a plan as it is drawn: boxes with rows, and arrows to rows.
type picture struct {
	boxes  []box
	arrows []arrow
	nodes  []layered.Node // of the boxes
	edges  []layered.Edge // of the arrows
}

// box is a function, or a service outside of the host.
type box struct {
	name, under string // under is a line below the name
	title       string // for whoever points to it
	rows        []row
	remote      bool
	place       string // where it runs, in a word, unless it is a guest
	// entry says that clients outside of the host call the function, and no other function does.
	entry bool
}

// row is a service of a function, or what is dialled for a service outside.
type row struct {
	text, title string
	streams     bool
}

// arrow leads from a box to a row of another.
type arrow struct {
	from, to, row int
	kind          kind
	streams       bool
	title         string
}

type kind int

const (
	local   kind = iota
	remote       // leaves the host
	unknown      // one of several, and it is not known which
)

// Sizes of boxes, in pixels.
const (
	nameSize, underSize, rowSize = 14, 11, 12
	charWidth                    = 0.62 // of the size: the widest of the fonts that are asked for
	padding                      = 14
	minWidth, maxWidth           = 150, 320
	nameHeight, underHeight      = 34, 14
	rowHeight                    = 24
	tag                          = "stream"
	tagSize                      = 10
)

// newPicture says what is drawn of a plan.
func newPicture(p *Plan) *picture {
	pic := &picture{}
	at := map[string]int{} // boxes of functions, by name
	for _, f := range p.Functions {
		at[f.Name] = len(pic.boxes)
		pic.boxes = append(pic.boxes, p.functionBox(f))
	}
	called := map[string]bool{}
	outside := map[string]int{} // boxes of services
	for _, e := range p.Edges {
		if e.To == "" {
			i, ok := outside[e.Service]
			if !ok {
				i = len(pic.boxes)
				outside[e.Service] = i
				pic.boxes = append(pic.boxes, box{name: e.Service, under: "outside of the host", remote: true, title: "service " + e.Service + ": no function serves it, so calls leave the host"})
			}
			pic.leave(p, e, at[e.From], i)
			continue
		}
		if len(e.Calls) == 0 && len(p.Service(e.Service).Exporters) > 1 {
			continue // nothing that is known to be dialled leads there
		}
		if e.From != e.To {
			called[e.To] = true
		}
		a := arrow{from: at[e.From], to: at[e.To], row: slices.Index(p.Function(e.To).Exports, e.Service), streams: p.Service(e.Service).Streams()}
		a.title = fmt.Sprintf("%s calls %s of %s%s", e.From, e.Service, e.To, dialling(e.Calls))
		switch {
		case p.Function(e.To).IsRemote(""):
			a.kind = remote
			a.title = fmt.Sprintf("%s calls %s of %s outside of the host%s", e.From, e.Service, e.To, dialling(e.Calls))
		case slices.ContainsFunc(e.Calls, func(c Call) bool { return c.Undecided }):
			a.kind = unknown
			a.title = fmt.Sprintf("%s may call %s of %s, or of another function%s", e.From, e.Service, e.To, dialling(e.Calls))
		}
		pic.arrows = append(pic.arrows, a)
	}
	for _, f := range p.Functions {
		pic.boxes[at[f.Name]].entry = !called[f.Name]
	}
	pic.measure()
	return pic
}

func (p *Plan) functionBox(f *Function) box {
	b := box{name: f.Name, title: fmt.Sprintf("function %s, package %s", f.Name, f.Package), remote: f.IsRemote(""), place: f.placeTag()}
	if p.isPlaced() {
		b.title += "\nruns " + where(f.PlacesIn(""))
	}
	for _, in := range f.In {
		b.title += fmt.Sprintf("\nruns in the host of %s: %s", in.Root, where(in.Places))
	}
	var addresses []string
	known := slices.ContainsFunc(f.Listen, func(v Value) bool { return v.Usual() != "" })
	for _, v := range f.Listen {
		if !known || v.Usual() != "" {
			addresses = appendNew(addresses, cmp.Or(v.Usual(), v.String()))
		}
		b.title += "\nlistens on " + v.String()
	}
	b.under = strings.Join(addresses, ", ")
	var needs []string
	for _, n := range f.Needs {
		if n.Network != "" {
			needs = appendNew(needs, n.subject())
		}
	}
	for _, n := range needs {
		b.title += "\nneeds " + n
	}
	for _, s := range f.HostServes {
		b.title += "\nserves " + s + ", as the host does in its place"
	}
	for _, name := range f.Exports {
		s := p.Service(name)
		r := row{text: name, title: "service " + name, streams: s.Streams()}
		for _, m := range s.Methods {
			r.title += "\n" + m.Name
			switch {
			case m.ClientStreams && m.ServerStreams:
				r.title += ": streams in both directions"
			case m.ClientStreams:
				r.title += ": stream of requests"
			case m.ServerStreams:
				r.title += ": stream of replies"
			}
		}
		b.rows = append(b.rows, r)
	}
	return b
}

// leave adds the arrows of an edge that leaves the host, one for each target.
func (pic *picture) leave(p *Plan, e Edge, from, to int) {
	b := &pic.boxes[to]
	calls := map[string][]Call{}
	for _, c := range e.Calls {
		text := cmp.Or(c.Target.Usual(), c.Target.String())
		calls[text] = append(calls[text], c)
	}
	for _, c := range e.Calls {
		text := cmp.Or(c.Target.Usual(), c.Target.String())
		i := slices.IndexFunc(b.rows, func(r row) bool { return r.text == text })
		if i < 0 {
			i = len(b.rows)
			b.rows = append(b.rows, row{text: text, title: "dialled as " + c.Target.String()})
		}
		a := arrow{from: from, to: to, row: i, kind: remote, streams: p.Service(e.Service).Streams()}
		a.title = fmt.Sprintf("%s calls %s outside of the host%s", e.From, e.Service, dialling(calls[text]))
		if !slices.Contains(pic.arrows, a) {
			pic.arrows = append(pic.arrows, a)
		}
	}
}

// dialling says what is dialled, and where.
func dialling(calls []Call) string {
	s := ""
	for _, c := range calls {
		s += fmt.Sprintf("\ndials %s at %s", c.Target, c.Position)
	}
	return s
}

// measure makes nodes and edges of boxes and arrows.
func (pic *picture) measure() {
	for i := range pic.boxes {
		b := &pic.boxes[i]
		w := float64(minWidth)
		for _, t := range []struct {
			text string
			size float64
		}{{b.name, nameSize}, {b.under, underSize}} {
			w = max(w, textWidth(t.text, t.size)+2*padding)
		}
		if b.place != "" {
			w = max(w, textWidth(b.name, nameSize)+b.placeRoom()+2*padding)
		}
		for _, r := range b.rows {
			n := textWidth(r.text, rowSize) + 2*padding
			if r.streams {
				n += textWidth(tag, tagSize) + padding
			}
			w = max(w, n)
		}
		head := b.head()
		h := head + float64(len(b.rows))*rowHeight
		pic.nodes = append(pic.nodes, layered.Node{W: min(w, maxWidth), H: h, Out: (head + h) / 2, Head: nameHeight / 2})
	}
	for _, a := range pic.arrows {
		head := pic.boxes[a.to].head()
		pic.edges = append(pic.edges, layered.Edge{From: a.from, To: a.to, In: head + (float64(a.row)+0.5)*rowHeight})
	}
}

// head is the height of a box above its rows.
func (b *box) head() float64 {
	if b.under == "" {
		return nameHeight
	}
	return nameHeight + underHeight
}

// placeRoom is what the word for the place takes of the line of the name.
func (b *box) placeRoom() float64 {
	if b.place == "" {
		return 0
	}
	return textWidth(b.place, tagSize) + padding
}

func textWidth(s string, size float64) float64 { return float64(len([]rune(s))) * size * charWidth }

// fit shortens a text to a width. Of names with packages the end says more.
func fit(s string, size, width float64) string {
	r := []rune(s)
	n := int(width / (size * charWidth))
	switch {
	case len(r) <= n:
		return s
	case strings.Contains(s, "."):
		return "…" + string(r[len(r)-max(n-1, 0):])
	}
	return string(r[:max(n-1, 0)]) + "…"
}
