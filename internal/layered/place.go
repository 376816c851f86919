package layered

// rounds is how often places are improved.
const rounds = 1000

// assignY places the vertices of each column so that links are as level as they can be, in the order of the column and with gaps
// between them.
func (g *graph) assignY() {
	for _, column := range g.columns {
		y := 0.0
		for i, v := range column {
			if i > 0 {
				y += g.gap(column[i-1], v)
			}
			g.vs[v].y = y
			y += g.vs[v].h
		}
	}
	for round := range rounds {
		for i := range g.columns {
			c := i
			if round%2 == 1 {
				c = len(g.columns) - 1 - i
			}
			g.level(g.columns[c])
		}
	}
	top := 0.0
	for v := range g.vs {
		if v == 0 || g.vs[v].y < top {
			top = g.vs[v].y
		}
	}
	for v := range g.vs {
		g.vs[v].y -= top
	}
}

func (g *graph) gap(above, below int) float64 {
	switch {
	case g.isDummy(above) && g.isDummy(below):
		return g.gaps.Arrow
	case g.isDummy(above) || g.isDummy(below):
		return max(g.gaps.Arrow, g.gaps.Box*0.7)
	}
	return g.gaps.Box
}

// block is a run of vertices that touch: gaps between them are the least.
type block struct {
	n              int
	weight, wanted float64 // of the first one's place
}

// level moves the vertices of a column to where their links would be level, or as near as the others allow: the sum of squared
// distances is least. Whoever would overlap forms a block, which goes where it is best for all of them.
func (g *graph) level(column []int) {
	var blocks []block
	offsets := make([]float64, len(column)) // of a vertex from the first one, if all touched
	for i, v := range column {
		if i > 0 {
			above := column[i-1]
			offsets[i] = offsets[i-1] + g.vs[above].h + g.gap(above, v)
		}
		weight, wanted := g.wanted(v)
		b := block{1, weight, wanted - offsets[i]}
		for len(blocks) > 0 && blocks[len(blocks)-1].wanted > b.wanted {
			last := blocks[len(blocks)-1]
			blocks = blocks[:len(blocks)-1]
			sum := last.weight + b.weight
			b = block{last.n + b.n, sum, (last.wanted*last.weight + b.wanted*b.weight) / sum}
		}
		blocks = append(blocks, b)
	}
	i := 0
	for _, b := range blocks {
		for range b.n {
			g.vs[column[i]].y = b.wanted + offsets[i]
			i++
		}
	}
}

// wanted is where a vertex would have level links, and how much that matters. One without links stays.
func (g *graph) wanted(v int) (weight, y float64) {
	sum := 0.0
	for _, links := range [][]link{g.vs[v].ins, g.vs[v].outs} {
		for _, l := range links {
			weight += l.straightness
			sum += l.straightness * (g.vs[l.to].y + l.there - l.here)
		}
	}
	if weight == 0 {
		return 0.01, g.vs[v].y
	}
	return weight, sum / weight
}
