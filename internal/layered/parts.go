package layered

import "slices"

// Place sets what is to be set of nodes and edges, and returns the size of it all. What is not connected comes one below the other, in
// the order of the first boxes; boxes without arrows come last, side by side.
func Place(nodes []Node, edges []Edge, gaps Gaps) (width, height float64) {
	var single []int
	for _, part := range parts(len(nodes), edges) {
		if len(part) == 1 {
			single = append(single, part[0])
			continue
		}
		w, h := placePart(nodes, edges, part, gaps, height)
		width, height = max(width, w), height+h+1.5*gaps.Box
	}
	if len(single) > 0 {
		w, h := placeSingle(nodes, single, gaps, width, height)
		width, height = max(width, w), height+h+1.5*gaps.Box
	}
	return width, max(height-1.5*gaps.Box, 0)
}

// parts are the boxes that are connected with each other, each in order.
func parts(n int, edges []Edge) [][]int {
	leader := make([]int, n)
	for i := range leader {
		leader[i] = i
	}
	find := func(v int) int {
		for leader[v] != v {
			v = leader[v]
		}
		return v
	}
	for _, e := range edges {
		a, b := find(e.From), find(e.To)
		leader[max(a, b)] = min(a, b)
	}
	byLeader := make([][]int, n)
	for v := range n {
		byLeader[find(v)] = append(byLeader[find(v)], v)
	}
	return slices.DeleteFunc(byLeader, func(part []int) bool { return len(part) == 0 })
}

// placePart places connected boxes below y.
func placePart(nodes []Node, edges []Edge, part []int, gaps Gaps, y float64) (width, height float64) {
	index := map[int]int{}
	var subNodes []Node
	for i, v := range part {
		index[v] = i
		subNodes = append(subNodes, nodes[v])
	}
	var subEdges []Edge
	var which []int
	for i, e := range edges {
		if _, ok := index[e.From]; ok {
			e.From, e.To = index[e.From], index[e.To]
			subEdges = append(subEdges, e)
			which = append(which, i)
		}
	}
	width, height = place(subNodes, subEdges, gaps)
	for i, v := range part {
		subNodes[i].Y += y
		nodes[v] = subNodes[i]
	}
	for i, e := range which {
		for j := range subEdges[i].Points {
			subEdges[i].Points[j].Y += y
		}
		edges[e].Points, edges[e].Back = subEdges[i].Points, subEdges[i].Back
	}
	return width, height
}

// placeSingle places boxes without arrows in rows below y, as wide as the rest, or as four boxes.
func placeSingle(nodes []Node, single []int, gaps Gaps, width, y float64) (w, h float64) {
	widest := 0.0
	for _, v := range single {
		widest = max(widest, nodes[v].W)
	}
	step := widest + gaps.Column
	perRow := max(4, int((width+gaps.Column)/step))
	rowHeight := 0.0
	top := 0.0
	for i, v := range single {
		if i > 0 && i%perRow == 0 {
			top += rowHeight + gaps.Box
			rowHeight = 0
		}
		n := &nodes[v]
		n.X, n.Y, n.W = float64(i%perRow)*step, y+top, widest
		rowHeight = max(rowHeight, n.H)
		w = max(w, n.X+widest)
	}
	return w, top + rowHeight
}
