package abi

// Plan is what a relocating copy of a type has to look at: the addresses and discriminants in a value, and nothing
// else. It is made once per type, so that a copy touches no type information.
type Plan struct {
	// Size and Align are those of the type.
	Size, Align uint32
	// Nodes are in ascending order of offset.
	Nodes []Node
}

// NodeOp says what stands at a [Node].
type NodeOp uint8

// The operations of a plan.
const (
	// CopyList: an address and a count, of elements that hold no addresses.
	CopyList NodeOp = iota
	// CopyString: as CopyList, of bytes that must be UTF-8.
	CopyString
	// CopyBools: as CopyList, of bytes that must be 0 or 1.
	CopyBools
	// CopyEach: an address and a count, of elements that have nodes of their own.
	CopyEach
	// Switch: a discriminant of Width bytes; the nodes of the active case follow.
	Switch
	// CheckBool: a byte that must be 0 or 1.
	CheckBool
)

// Node is one address or discriminant in a value.
type Node struct {
	Op NodeOp
	// Offset is its place in memory, from the start of the value; Flat its index among the flattened core values.
	Offset uint32
	Flat   int
	// Elem describes the elements of a list. For lists without nodes only Size and Align matter.
	Elem *Plan
	// Width is the size of a Switch's discriminant.
	Width uint32
	// Cases are the nodes of each case of a Switch, with offsets and flat indices of the enclosing value.
	Cases [][]Node
}

// NewPlan returns the plan of t.
func NewPlan(t *Type) *Plan { return planner{}.plan(t) }

// planner has the plans of elements, each once: lists may lead to one type along exponentially many ways.
type planner map[*Type]*Plan

func (p planner) plan(t *Type) *Plan {
	if p[t] == nil {
		p[t] = &Plan{Size: t.Size, Align: t.Align, Nodes: p.appendNodes(nil, t, 0, 0)}
	}
	return p[t]
}

func (p planner) appendNodes(nodes []Node, t *Type, at uint32, flat int) []Node {
	switch t.Kind {
	case Bool:
		return append(nodes, Node{Op: CheckBool, Offset: at, Flat: flat})
	case String:
		return append(nodes, Node{Op: CopyString, Offset: at, Flat: flat, Elem: &Plan{Size: 1, Align: 1}})
	case List:
		elem := p.plan(t.Elem)
		op := CopyList
		switch {
		case t.Elem.Kind == Bool:
			op, elem = CopyBools, &Plan{Size: 1, Align: 1}
		case len(elem.Nodes) > 0:
			op = CopyEach
		}
		return append(nodes, Node{Op: op, Offset: at, Flat: flat, Elem: elem})
	case Record:
		for _, f := range t.Fields {
			nodes = p.appendNodes(nodes, f.Type, at+f.Offset, flat)
			flat += len(f.Type.Flat)
		}
		return nodes
	case Variant:
		n := Node{Op: Switch, Offset: at, Flat: flat, Width: t.Discriminant, Cases: make([][]Node, len(t.Cases))}
		for i, c := range t.Cases {
			if c != nil {
				n.Cases[i] = p.appendNodes(nil, c, at+t.Payload, flat+1)
			}
		}
		return append(nodes, n)
	default:
		return nodes
	}
}
