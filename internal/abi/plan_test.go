package abi

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// describe writes a plan as text: for each node its operation, offset and flat index, and what it has of elements and cases.
func describe(nodes []Node) string {
	ops := [...]string{"list", "string", "bools", "each", "switch", "bool"}
	var out []string
	for _, n := range nodes {
		s := fmt.Sprintf("%s@%d/%d", ops[n.Op], n.Offset, n.Flat)
		if n.Width > 1 {
			s += fmt.Sprintf(":%d", n.Width)
		}
		if n.Elem != nil {
			s += fmt.Sprintf("[%d,%d", n.Elem.Size, n.Elem.Align)
			if len(n.Elem.Nodes) > 0 {
				s += " " + describe(n.Elem.Nodes)
			}
			s += "]"
		}
		for _, c := range n.Cases {
			s += "(" + describe(c) + ")"
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

func TestNewPlan(t *testing.T) {
	for _, tt := range []struct {
		name string
		typ  *Type
		want string
	}{
		{"number", U64Type, ""},
		{"numbers", recordOf(U8Type, F64Type, S32Type), ""},
		{"bool", BoolType, "bool@0/0"},
		{"string", StringType, "string@0/0[1,1]"},
		{"bytes", BytesType, "list@0/0[1,1]"},
		{"list of bools", ListOf(BoolType), "bools@0/0[1,1]"},
		{"list of numbers", ListOf(F64Type), "list@0/0[8,8]"},
		{"list of records without addresses", ListOf(recordOf(U8Type, U64Type)), "list@0/0[16,8]"},
		{"list of records with a bool", ListOf(recordOf(U32Type, BoolType)), "each@0/0[8,4 bool@4/1]"},
		{"list of strings", ListOf(StringType), "each@0/0[8,4 string@0/0[1,1]]"},
		{"list of lists of lists", ListOf(ListOf(ListOf(BoolType))), "each@0/0[8,4 each@0/0[8,4 bools@0/0[1,1]]]"},
		{"record", recordOf(BoolType, StringType, U64Type, BytesType), "bool@0/0 string@4/1[1,1] list@24/4[1,1]"},
		{"record in a record", recordOf(U64Type, recordOf(U8Type, StringType), StringType), "string@12/2[1,1] string@20/4[1,1]"},
		{"enum", VariantOf(nil, nil), "switch@0/0()()"},
		{"option of a number", recordOf(U32Type, OptionOf(U64Type), BoolType), "switch@8/1()() bool@24/3"},
		{"option of a string", recordOf(U32Type, OptionOf(StringType)), "switch@4/1()(string@8/2[1,1])"},
		{
			"options in options", recordOf(U8Type, OptionOf(recordOf(BoolType, OptionOf(BytesType)))),
			"switch@4/1()(bool@8/2 switch@12/3()(list@16/4[1,1]))",
		},
		{
			"after a variant the flat index goes on behind its longest case", recordOf(VariantOf(U64Type, recordOf(StringType, StringType)), StringType),
			"switch@0/0()(string@8/1[1,1] string@16/3[1,1]) string@24/5[1,1]",
		},
		{"a wide discriminant", recordOf(U8Type, VariantOf(append(make([]*Type, 256), StringType)...)), "switch@4/1:2" + strings.Repeat("()", 256) + "(string@8/2[1,1])"},
		{
			"option of a variant", recordOf(U64Type, OptionOf(VariantOf(BoolType, F64Type, ListOf(StringType), recordOf(U32Type, BytesType)))),
			"switch@8/1()(switch@16/2(bool@24/3)()(each@24/3[8,4 string@0/0[1,1]])(list@28/4[1,1]))",
		},
		{
			"result", ResultOf(recordOf(StringType), recordOf(U32Type, StringType)),
			"switch@0/0(string@4/1[1,1])(string@8/2[1,1])",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := NewPlan(tt.typ)
			if got := describe(p.Nodes); got != tt.want {
				t.Errorf("\n got %s\nwant %s", got, tt.want)
			}
			if p.Size != tt.typ.Size || p.Align != tt.typ.Align {
				t.Errorf("got size %d, alignment %d", p.Size, p.Align)
			}
		})
	}
}

// A type has pointers exactly if its plan has an address somewhere.
func TestNewPlan_pointers(t *testing.T) {
	for _, tt := range layouts {
		if got := hasAddress(NewPlan(tt.typ).Nodes); got != tt.pointers {
			t.Errorf("%s: the plan has addresses: %v, want %v", tt.name, got, tt.pointers)
		}
	}
}

func hasAddress(nodes []Node) bool {
	return slices.ContainsFunc(nodes, func(n Node) bool {
		return n.Elem != nil || slices.ContainsFunc(n.Cases, hasAddress)
	})
}

// Lists may lead to one type along exponentially many ways.
func TestNewPlan_shared(t *testing.T) {
	typ := recordOf(StringType)
	for range 1000 {
		typ = recordOf(ListOf(typ), ListOf(typ), OptionOf(ListOf(typ)))
	}
	p := NewPlan(typ)
	if p.Nodes[0].Elem != p.Nodes[1].Elem || p.Nodes[0].Elem != p.Nodes[2].Cases[1][0].Elem {
		t.Error("the plan of an element was made twice")
	}
	depth := 0
	for ; len(p.Nodes) == 3; p = p.Nodes[2].Cases[1][0].Elem {
		depth++
	}
	if depth != 1000 {
		t.Errorf("got lists in lists to a depth of %d", depth)
	}
}
