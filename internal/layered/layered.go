// Package layered places boxes and the arrows between them in columns, so that arrows lead from left to right, rarely cross, and are
// straight where they can be: the method of Sugiyama, Tagawa and Toda, in four steps.
//
// Arrows of cycles that lead back are turned around for the time being; each box comes right of all that lead to it; long arrows get a
// place in the columns that they cross, as boxes without height; order in the columns is improved by medians, and places by least squares.
// Equal graphs are placed equally.
//
// The package imports the standard library only.
package layered

import "slices"

// Node is a box.
type Node struct {
	W, H float64
	// Out is where arrows leave, from the top of the box; they spread around it. Those that lead to the left leave around Head, where no
	// arrow arrives; and all do of a box at which one arrives that leads to the left, since it does so on the same side.
	Out, Head float64

	X, Y float64 // set by Place: the upper left corner
	// Column is set by Place.
	Column int
}

// Edge is an arrow between boxes. Those from a box to itself are left to the caller.
type Edge struct {
	From, To int
	// In is where it arrives, from the top of the box To.
	In float64

	// Points are set by Place. They come in pairs: from the second of each to the first of the next one, the arrow crosses a gap between
	// columns; the first and last point have no partner.
	Points []Point
	// Back says that the arrow leads to the left: it leaves and arrives at the other sides of boxes.
	Back bool
}

// Point is a point of the plane; y grows downwards.
type Point struct{ X, Y float64 }

// Gaps are the least distances between columns, boxes in a column, and arrows in a column.
type Gaps struct{ Column, Box, Arrow float64 }

// place is Place for boxes that are all connected.
func place(nodes []Node, edges []Edge, gaps Gaps) (width, height float64) {
	g := &graph{nodes: nodes, edges: edges, gaps: gaps}
	g.turn()
	g.assignColumns()
	g.addDummies()
	g.order()
	g.assignY()
	return g.assignX()
}

// graph is what Place works on. Vertices are nodes, and behind them dummies.
type graph struct {
	nodes   []Node
	edges   []Edge
	gaps    Gaps
	vs      []vertex
	columns [][]int
}

// vertex is a box, or a place where an arrow crosses a column.
type vertex struct {
	column   int
	h, y     float64
	position int // in its column
	ins      []link
	outs     []link
}

// link connects a vertex with one in the column beside it. Offsets say where it ends, from the top of each.
type link struct {
	to           int
	here, there  float64
	straightness float64
}

// isDummy says whether a vertex is no box.
func (g *graph) isDummy(v int) bool { return v >= len(g.nodes) }

// ends are the boxes of an edge from left to right, and where it touches them.
func (g *graph) ends(e *Edge) (left, right int, leftY, rightY float64) {
	if e.Back {
		return e.To, e.From, e.In, g.nodes[e.From].Head
	}
	return e.From, e.To, g.nodes[e.From].Out, e.In
}

// turn finds edges that close cycles, by a search from those boxes to which no arrow leads, and then from the others, in their order.
func (g *graph) turn() {
	const (
		unseen = iota
		open
		done
	)
	outs := make([][]int, len(g.nodes))
	hasIn := make([]bool, len(g.nodes))
	for i, e := range g.edges {
		if e.From != e.To {
			outs[e.From] = append(outs[e.From], i)
			hasIn[e.To] = true
		}
	}
	state := make([]int, len(g.nodes))
	var visit func(v int)
	visit = func(v int) {
		state[v] = open
		for _, i := range outs[v] {
			switch e := &g.edges[i]; state[e.To] {
			case unseen:
				visit(e.To)
			case open:
				e.Back = true
			}
		}
		state[v] = done
	}
	for _, wantIn := range []bool{false, true} {
		for v := range g.nodes {
			if state[v] == unseen && hasIn[v] == wantIn {
				visit(v)
			}
		}
	}
	for _, e := range g.edges {
		if e.Back {
			g.nodes[e.To].Out = g.nodes[e.To].Head
		}
	}
}

// assignColumns puts each box right of all that lead to it, and no further; one to which none leads goes near those that it leads to.
func (g *graph) assignColumns() {
	g.vs = make([]vertex, len(g.nodes))
	for i := range g.nodes {
		g.vs[i].h = g.nodes[i].H
	}
	for changed := true; changed; {
		changed = false
		for i := range g.edges {
			e := &g.edges[i]
			if e.From == e.To {
				continue
			}
			left, right, _, _ := g.ends(e)
			if g.vs[right].column <= g.vs[left].column {
				g.vs[right].column = g.vs[left].column + 1
				changed = true
			}
		}
	}
	first, led := make([]int, len(g.nodes)), make([]bool, len(g.nodes))
	for i := range g.edges {
		if e := &g.edges[i]; e.From != e.To {
			left, right, _, _ := g.ends(e)
			if at := g.vs[right].column; first[left] == 0 || at < first[left] {
				first[left] = at
			}
			led[right] = true
		}
	}
	for v := range g.nodes {
		if !led[v] && first[v] > 0 {
			g.vs[v].column = first[v] - 1
		}
	}
}

// addDummies connects vertices of neighbouring columns.
func (g *graph) addDummies() {
	connect := func(a, b int, here, there, straightness float64) {
		g.vs[a].outs = append(g.vs[a].outs, link{b, here, there, straightness})
		g.vs[b].ins = append(g.vs[b].ins, link{a, there, here, straightness})
	}
	for i := range g.edges {
		e := &g.edges[i]
		if e.From == e.To {
			continue
		}
		left, right, here, there := g.ends(e)
		at := left
		for c := g.vs[left].column + 1; c < g.vs[right].column; c++ {
			g.vs = append(g.vs, vertex{column: c})
			next := len(g.vs) - 1
			straightness := 2.0
			if g.isDummy(at) {
				straightness = 40 // as Gansner and others have it: the middle of a long arrow should not bend
			}
			connect(at, next, here, 0, straightness)
			at, here = next, 0
		}
		connect(at, right, here, there, 1)
	}
	for v := range g.vs {
		for len(g.columns) <= g.vs[v].column {
			g.columns = append(g.columns, nil)
		}
		g.columns[g.vs[v].column] = append(g.columns[g.vs[v].column], v)
	}
}

// assignX places columns side by side, and lays edges through them.
func (g *graph) assignX() (width, height float64) {
	x := 0.0
	lefts, rights := make([]float64, len(g.columns)), make([]float64, len(g.columns))
	for c, column := range g.columns {
		w := 0.0
		links := 0
		for _, v := range column {
			links += len(g.vs[v].outs)
			if !g.isDummy(v) {
				w = max(w, g.nodes[v].W)
			}
		}
		lefts[c], rights[c] = x, x+w
		for _, v := range column {
			if !g.isDummy(v) {
				g.nodes[v].X, g.nodes[v].Y, g.nodes[v].W, g.nodes[v].Column = x, g.vs[v].y, w, c
			}
			height = max(height, g.vs[v].y+g.vs[v].h)
		}
		width = x + w
		// Where many arrows cross a gap, they need room to bend.
		x = width + g.gaps.Column + min(4*float64(links), g.gaps.Column)
	}
	dummy := len(g.nodes)
	for i := range g.edges {
		e := &g.edges[i]
		if e.From == e.To {
			continue
		}
		left, right, leftY, rightY := g.ends(e)
		points := []Point{{rights[g.vs[left].column], g.vs[left].y + leftY}}
		for c := g.vs[left].column + 1; c < g.vs[right].column; c++ {
			points = append(points, Point{lefts[c], g.vs[dummy].y}, Point{rights[c], g.vs[dummy].y})
			dummy++
		}
		points = append(points, Point{lefts[g.vs[right].column], g.vs[right].y + rightY})
		if e.Back {
			slices.Reverse(points)
		}
		e.Points = points
	}
	g.spread()
	return width, height
}

// spread parts the arrows that leave a box on one side, in the order in which they go on.
func (g *graph) spread() {
	const distance, edge = 9, 8 // edge is where corners are round
	for v := range g.nodes {
		for _, back := range []bool{false, true} {
			var leaving []*Edge
			for i := range g.edges {
				if e := &g.edges[i]; e.From == v && e.To != v && e.Back == back {
					leaving = append(leaving, e)
				}
			}
			slices.SortStableFunc(leaving, func(a, b *Edge) int {
				return compare(a.Points[1].Y, b.Points[1].Y)
			})
			n := &g.nodes[v]
			at := n.Out
			if back {
				at = n.Head
			}
			gaps := float64(len(leaving) - 1)
			step := min(distance, max(n.H-2*edge, 0)/max(gaps, 1))
			top := max(edge, min(at-step*gaps/2, n.H-edge-step*gaps)) - at
			if gaps <= 0 {
				top = 0
			}
			for i, e := range leaving {
				e.Points[0].Y += top + step*float64(i)
			}
		}
	}
}

func compare(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
