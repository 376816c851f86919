package layered_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/cofaas/cofaas/internal/layered"
)

var gaps = layered.Gaps{Column: 70, Box: 20, Arrow: 10}

func nodes(n int) []layered.Node {
	list := make([]layered.Node, n)
	for i := range list {
		list[i] = layered.Node{W: float64(100 + i%3*20), H: float64(50 + i%4*24), Out: 40, Head: 17}
	}
	return list
}

// TestPlace_Random checks graphs of all sorts for what a reader of the picture relies on.
func TestPlace_Random(t *testing.T) {
	t.Parallel()
	for seed := range uint64(120) {
		r := rand.New(rand.NewPCG(seed, 1))
		n := 1 + r.IntN(40)
		var edges []layered.Edge
		for range r.IntN(2 * n) {
			edges = append(edges, layered.Edge{From: r.IntN(n), To: r.IntN(n), In: 40})
		}
		placed, arrows := nodes(n), append([]layered.Edge(nil), edges...)
		w, h := layered.Place(placed, arrows, gaps)
		check(t, seed, placed, arrows, w, h)

		again, arrowsAgain := nodes(n), append([]layered.Edge(nil), edges...)
		layered.Place(again, arrowsAgain, gaps)
		if !reflect.DeepEqual(placed, again) || !reflect.DeepEqual(arrows, arrowsAgain) {
			t.Errorf("seed %d: placed differently a second time", seed)
		}
		if t.Failed() {
			return
		}
	}
}

func check(t *testing.T, seed uint64, nodes []layered.Node, edges []layered.Edge, w, h float64) {
	t.Helper()
	const slack = 1e-6
	for i, a := range nodes {
		if a.X < -slack || a.Y < -slack || a.X+a.W > w+slack || a.Y+a.H > h+slack {
			t.Errorf("seed %d: box %d at %g,%g is outside of %g x %g", seed, i, a.X, a.Y, w, h)
		}
		for j, b := range nodes[:i] {
			if a.X < b.X+b.W && b.X < a.X+a.W && a.Y < b.Y+b.H+gaps.Box-slack && b.Y < a.Y+a.H+gaps.Box-slack {
				t.Errorf("seed %d: boxes %d and %d are too near: %+v %+v", seed, i, j, a, b)
			}
		}
	}
	forward := make([][]int, len(nodes))
	for i, e := range edges {
		if e.From == e.To {
			if e.Points != nil {
				t.Errorf("seed %d: edge %d of a box to itself has points", seed, i)
			}
			continue
		}
		from, to := nodes[e.From], nodes[e.To]
		first, last := e.Points[0], e.Points[len(e.Points)-1]
		fromX, toX, direction := from.X+from.W, to.X, 1.0
		if e.Back {
			fromX, toX, direction = from.X, to.X+to.W, -1
			forward[e.To] = append(forward[e.To], e.From)
		} else {
			forward[e.From] = append(forward[e.From], e.To)
		}
		if first.X != fromX || last.X != toX || math.Abs(last.Y-to.Y-e.In) > slack || first.Y < from.Y || first.Y > from.Y+from.H {
			t.Errorf("seed %d: edge %d goes from %v to %v, boxes are %+v %+v", seed, i, first, last, from, to)
		}
		if len(e.Points)%2 != 0 {
			t.Errorf("seed %d: edge %d has %d points", seed, i, len(e.Points))
		}
		for j := 1; j < len(e.Points); j++ {
			if (e.Points[j].X-e.Points[j-1].X)*direction <= 0 {
				t.Errorf("seed %d: edge %d turns around at %v", seed, i, e.Points[j])
			}
			if j%2 == 0 && e.Points[j].Y != e.Points[j-1].Y {
				t.Errorf("seed %d: edge %d is not level where it crosses a column", seed, i)
			}
		}
		// Where it crosses columns, it crosses no box.
		for j := 1; j+1 < len(e.Points); j += 2 {
			p := e.Points[j]
			for k, n := range nodes {
				if middle := (p.X + e.Points[j+1].X) / 2; n.X < middle && middle < n.X+n.W && n.Y-slack < p.Y && p.Y < n.Y+n.H+slack {
					t.Errorf("seed %d: edge %d crosses box %d", seed, i, k)
				}
			}
		}
	}
}

// TestPlace_Back checks that arrows lead back only in cycles, and that one suffices.
func TestPlace_Back(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		edges [][2]int
		want  int
	}{
		"chain":       {[][2]int{{2, 1}, {1, 0}}, 0},
		"diamond":     {[][2]int{{3, 1}, {3, 2}, {1, 0}, {2, 0}, {3, 0}}, 0},
		"cycle":       {[][2]int{{0, 1}, {1, 2}, {2, 0}}, 1},
		"two cycles":  {[][2]int{{0, 1}, {1, 0}, {1, 2}, {2, 1}}, 2},
		"self":        {[][2]int{{0, 0}}, 0},
		"cycle below": {[][2]int{{3, 0}, {0, 1}, {1, 0}}, 1},
	} {
		var edges []layered.Edge
		for _, e := range tt.edges {
			edges = append(edges, layered.Edge{From: e[0], To: e[1], In: 40})
		}
		layered.Place(nodes(4), edges, gaps)
		got := 0
		for _, e := range edges {
			if e.Back {
				got++
			}
		}
		if got != tt.want {
			t.Errorf("%s: %d arrows lead back, want %d", name, got, tt.want)
		}
	}
}

// TestPlace_Level checks that a chain is a straight line, and that a tree has no crossings.
func TestPlace_Level(t *testing.T) {
	t.Parallel()
	chain := []layered.Edge{{From: 0, To: 1, In: 40}, {From: 1, To: 2, In: 40}, {From: 2, To: 3, In: 40}}
	layered.Place(nodes(4), chain, gaps)
	for i, e := range chain {
		if math.Abs(e.Points[0].Y-e.Points[1].Y) > 0.01 {
			t.Errorf("arrow %d of a chain is not level: %v", i, e.Points)
		}
	}

	// Children of a binary tree in a bad order.
	var tree []layered.Edge
	for i := 1; i < 15; i++ {
		tree = append(tree, layered.Edge{From: (i - 1) / 2, To: []int{0, 2, 1, 6, 3, 5, 4, 14, 8, 10, 12, 7, 13, 9, 11}[i], In: 40})
	}
	layered.Place(nodes(15), tree, gaps)
	for i, a := range tree {
		for j, b := range tree[:i] {
			if a.Points[0].X == b.Points[0].X && (a.Points[0].Y-b.Points[0].Y)*(a.Points[1].Y-b.Points[1].Y) < 0 {
				t.Errorf("arrows %d and %d of a tree cross: %v %v", i, j, a.Points, b.Points)
			}
		}
	}
}

func TestPlace_Empty(t *testing.T) {
	if w, h := layered.Place(nil, nil, gaps); w != 0 || h != 0 {
		t.Errorf("nothing is %g x %g", w, h)
	}
}

func ExamplePlace() {
	boxes := []layered.Node{{W: 100, H: 40, Out: 20, Head: 20}, {W: 80, H: 40, Out: 20, Head: 20}}
	arrows := []layered.Edge{{From: 0, To: 1, In: 20}}
	w, h := layered.Place(boxes, arrows, layered.Gaps{Column: 50, Box: 10, Arrow: 5})
	fmt.Println(boxes[1].X, boxes[1].Y, arrows[0].Points, w, h)
	// Output: 154 0 [{100 20} {154 20}] 234 40
}
