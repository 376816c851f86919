package abi

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestSlots(t *testing.T) {
	for _, tt := range []struct {
		name string
		typ  *Type
		want string
	}{
		{"number", S64Type, "0:s64@0"},
		{"bool", BoolType, "0:bool@0"},
		{"string", StringType, "0:u32@0 1:u32@4"},
		{"record", recordOf(U8Type, StringType, F64Type), "0:u8@0 1:u32@4 2:u32@8 3:f64@16"},
		{"record in a record", recordOf(U8Type, recordOf(BoolType, BytesType), S32Type), "0:u8@0 1:bool@4 2:u32@8 3:u32@12 4:s32@16"},
		{"enum", VariantOf(nil, nil, nil), "0:u8@0"},
		{"option", recordOf(BoolType, OptionOf(F32Type), S32Type), "0:bool@0 1:u8@4 2:f32@8 3:s32@12"},
		{"option of a record", OptionOf(recordOf(U8Type, BytesType)), "0:u8@0 1:u8@4 2:u32@8 3:u32@12"},
		{"options in options", OptionOf(OptionOf(U64Type)), "0:u8@0 1:u8@8 2:u64@16"},
		{"one case of several", VariantOf(nil, nil, S64Type, nil), "0:u8@0 1:s64@8"},
		{"joined cases", ResultOf(U32Type, F32Type), "0:u8@0(1:u32@4)(1:f32@4)"},
		{"joined cases of different lengths", VariantOf(U8Type, nil, recordOf(BoolType, StringType)),
			"0:u8@0(1:u8@4)()(1:bool@4 2:u32@8 3:u32@12)"},
		{"after joined cases", recordOf(U8Type, VariantOf(U8Type, nil, F64Type), U8Type), "0:u8@0 1:u8@8(2:u8@16)()(2:f64@16) 3:u8@24"},
		{"joined cases in an option", OptionOf(ResultOf(StringType, S64Type)), "0:u8@0 1:u8@8(2:u32@16 3:u32@20)(2:s64@16)"},
		{"joined cases in joined cases", VariantOf(VariantOf(U8Type, F32Type), S64Type), "0:u8@0(1:u8@8(2:u8@12)(2:f32@12))(1:s64@8)"},
		{"257 cases", VariantOf(append(make([]*Type, 256), F64Type)...), "0:u16@0 1:f64@8"},
		{"65537 cases", VariantOf(append(make([]*Type, 65536), BoolType)...), "0:u32@0 1:bool@4"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := slotsString(tt.typ.Slots()); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// slotsString writes slots as index:kind@offset, cases in parentheses.
func slotsString(slots []Slot) (out string) {
	for i, s := range slots {
		if i > 0 {
			out += " "
		}
		out += fmt.Sprintf("%d:%s@%d", s.Index, s.Kind, s.Offset)
		for _, c := range s.Cases {
			out += "(" + slotsString(c) + ")"
		}
	}
	return out
}

// Whatever the discriminants are, each core value stands for one place at most, inside the value and aligned, and is as
// wide as what stands there. Without joined cases it is exactly one.
func TestSlots_random(t *testing.T) {
	const seed = 3
	rnd := rand.New(rand.NewPCG(seed, 0))
	for range 2000 {
		typ := randomType(rnd, 4)
		slots := typ.Slots()
		joined := checkSlots(t, typ, slots, make([]bool, len(typ.Flat)))
		if !joined && len(slots) != len(typ.Flat) {
			t.Errorf("got %d slots for %d core values", len(slots), len(typ.Flat))
		}
		if t.Failed() {
			t.Fatalf("seed %d: %s of size %d, flat %v", seed, slotsString(slots), typ.Size, typ.Flat)
		}
	}
}

func checkSlots(t *testing.T, typ *Type, slots []Slot, used []bool) (joined bool) {
	size := map[Kind]uint32{Bool: 1, U8: 1, U16: 2, U32: 4, S32: 4, F32: 4, U64: 8, S64: 8, F64: 8}
	core := map[Kind]Core{U64: I64, S64: I64, F32: CoreF32, F64: CoreF64} // else I32
	for _, s := range slots {
		if used[s.Index] {
			t.Errorf("core value %d stands for several places", s.Index)
		}
		used[s.Index] = true
		n := size[s.Kind]
		if s.Offset%n != 0 || s.Offset+n > typ.Size {
			t.Errorf("a %s at %d", s.Kind, s.Offset)
		}
		if got := typ.Flat[s.Index]; got != core[s.Kind] && got != join(got, core[s.Kind]) {
			t.Errorf("core value %d is %v, which does not hold a %s", s.Index, got, s.Kind)
		}
	}
	for _, s := range slots {
		for _, c := range s.Cases {
			joined = true
			checkSlots(t, typ, c, slices.Clone(used))
		}
	}
	return joined
}

// randomType returns a type with types in it to some depth.
func randomType(rnd *rand.Rand, depth int) *Type {
	parts := func() []*Type {
		var out []*Type
		for range 1 + rnd.IntN(4) {
			out = append(out, randomType(rnd, depth-1))
		}
		return out
	}
	n := rnd.IntN(14)
	if depth == 0 {
		n %= 9
	}
	switch n {
	case 9:
		return ListOf(randomType(rnd, depth-1))
	case 10:
		return recordOf(parts()...)
	case 11:
		return OptionOf(randomType(rnd, depth-1))
	case 12:
		return VariantOf(parts()...)
	case 13:
		return VariantOf(append(make([]*Type, rnd.IntN(300)), parts()...)...)
	default:
		return []*Type{BoolType, U8Type, U32Type, S32Type, U64Type, S64Type, F32Type, F64Type, StringType}[n]
	}
}
