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

func TestSlots(t *testing.T) {
	for _, tt := range []struct {
		name string
		typ  *Type
		want []Slot
	}{
		{"number", S64Type, []Slot{{0, S64}}},
		{"bool", BoolType, []Slot{{0, Bool}}},
		{"string", StringType, []Slot{{0, U32}, {4, U32}}},
		{"record", recordOf(U8Type, StringType, F64Type), []Slot{{0, U8}, {4, U32}, {8, U32}, {16, F64}}},
		{"enum", VariantOf(nil, nil, nil), []Slot{{0, U8}}},
		{"option", recordOf(BoolType, OptionOf(F32Type), S32Type), []Slot{{0, Bool}, {4, U8}, {8, F32}, {12, S32}}},
		{"option of a record", OptionOf(recordOf(U8Type, BytesType)), []Slot{{0, U8}, {4, U8}, {8, U32}, {12, U32}}},
		{"options in options", OptionOf(OptionOf(U64Type)), []Slot{{0, U8}, {8, U8}, {16, U64}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := tt.typ.Slots()
			if !ok || !slices.Equal(got, tt.want) {
				t.Errorf("got %v, %v; want %v", got, ok, tt.want)
			}
			if len(got) != len(tt.typ.Flat) {
				t.Errorf("got %d slots for %d core values", len(got), len(tt.typ.Flat))
			}
		})
	}
}

// Where cases share slots, these have no one place in memory.
func TestSlots_Errors(t *testing.T) {
	for _, typ := range []*Type{
		ResultOf(U32Type, F32Type), recordOf(U8Type, VariantOf(U8Type, nil, U8Type)), OptionOf(ResultOf(StringType, StringType)),
	} {
		if got, ok := typ.Slots(); ok || got != nil {
			t.Errorf("got %v, %v", got, ok)
		}
	}
}
