package layered

import "slices"

// sweeps is how often orders are improved from left to right and back.
const sweeps = 24

// order finds an order in each column in which arrows cross rarely.
func (g *graph) order() {
	g.firstOrder()
	best, fewest := g.copyOrder(), g.crossings()
	for i := 0; i < sweeps && fewest > 0; i++ {
		g.sweep(i%2 == 0)
		g.exchange()
		if n := g.crossings(); n < fewest {
			best, fewest = g.copyOrder(), n
		}
	}
	g.columns = best
	g.number()
}

func (g *graph) copyOrder() [][]int {
	out := make([][]int, len(g.columns))
	for i, c := range g.columns {
		out[i] = slices.Clone(c)
	}
	return out
}

func (g *graph) number() {
	for _, column := range g.columns {
		for i, v := range column {
			g.vs[v].position = i
		}
	}
}

// firstOrder is that of a search: what one box leads to comes together.
func (g *graph) firstOrder() {
	seen := make([]bool, len(g.vs))
	columns := make([][]int, len(g.columns))
	var visit func(v int)
	visit = func(v int) {
		if seen[v] {
			return
		}
		seen[v] = true
		columns[g.vs[v].column] = append(columns[g.vs[v].column], v)
		for _, l := range g.vs[v].outs {
			visit(l.to)
		}
	}
	for _, column := range g.columns {
		for _, v := range column {
			if len(g.vs[v].ins) == 0 {
				visit(v)
			}
		}
	}
	g.columns = columns
	g.number()
}

// sweep orders each column by the means of where its neighbours on one side are. What has none stays where it is.
func (g *graph) sweep(rightwards bool) {
	for i := range g.columns {
		c, links := i, func(v int) []link { return g.vs[v].ins }
		if !rightwards {
			c, links = len(g.columns)-1-i, func(v int) []link { return g.vs[v].outs }
		}
		column := g.columns[c]
		mean := make(map[int]float64, len(column))
		var fixed, moving []int
		for at, v := range column {
			ls := links(v)
			if len(ls) == 0 {
				fixed = append(fixed, at)
				continue
			}
			sum := 0.0
			for _, l := range ls {
				// Within a box, places on its side count.
				sum += float64(g.vs[l.to].position) + l.there/(1+g.vs[l.to].h)
			}
			mean[v] = sum / float64(len(ls))
			moving = append(moving, v)
		}
		slices.SortStableFunc(moving, func(a, b int) int { return compare(mean[a], mean[b]) })
		next := make([]int, 0, len(column))
		for at, v := range column {
			if slices.Contains(fixed, at) {
				next = append(next, v)
				continue
			}
			next = append(next, moving[0])
			moving = moving[1:]
		}
		g.columns[c] = next
		g.number()
	}
}

// exchange swaps neighbours in columns as long as that makes crossings fewer.
func (g *graph) exchange() {
	for improved := true; improved; {
		improved = false
		for _, column := range g.columns {
			for i := range len(column) - 1 {
				a, b := column[i], column[i+1]
				if g.crossed(a, b) > g.crossed(b, a) {
					column[i], column[i+1] = b, a
					g.vs[a].position, g.vs[b].position = i+1, i
					improved = true
				}
			}
		}
	}
}

// crossed counts the crossings between the links of two vertices of a column if a is above b.
func (g *graph) crossed(a, b int) (n int) {
	for _, side := range [][2][]link{{g.vs[a].ins, g.vs[b].ins}, {g.vs[a].outs, g.vs[b].outs}} {
		for _, la := range side[0] {
			for _, lb := range side[1] {
				if pa, pb := g.vs[la.to].position, g.vs[lb.to].position; pa > pb || pa == pb && la.there > lb.there {
					n++
				}
			}
		}
	}
	return n
}

// crossings counts all of them.
func (g *graph) crossings() (n int) {
	for _, column := range g.columns {
		for i, a := range column {
			for _, b := range column[i+1:] {
				for _, la := range g.vs[a].outs {
					for _, lb := range g.vs[b].outs {
						if pa, pb := g.vs[la.to].position, g.vs[lb.to].position; pa > pb || pa == pb && la.there > lb.there {
							n++
						}
					}
				}
			}
		}
	}
	return n
}
