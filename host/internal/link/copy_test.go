package link

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/cofaas/cofaas/internal/abi"
)

const noLimit = 1 << 30

// field makes records readable.
func field(t *abi.Type) abi.Field { return abi.Field{Type: t} }

func TestRecord(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		typ := randomType(r, 3)
		v := randomValue(r, typ)
		from := newGuest(1<<14, 16)
		src := from.take(typ.Size, typ.Align)
		store(from, typ, src, v)
		before := bytes.Clone(from.mem)

		for _, each := range []bool{false, true} {
			to := newGuest(1<<14, 1024)
			to.each = each
			dst := to.take(typ.Size, typ.Align)
			if err := Record(abi.NewPlan(typ), from, src, to, dst, noLimit); err != nil {
				t.Fatalf("%v: %v", v, err)
			}
			if got := load(to.mem, typ, dst); !reflect.DeepEqual(got, v) {
				t.Fatalf("one allocation per list: %v\n got %v\nwant %v", each, got, v)
			}
			want := 1 + lists(typ, v)
			if !each {
				want = min(want, 2)
			}
			if len(to.blocks) != want {
				t.Fatalf("%v took %d blocks, want %d (one allocation per list: %v)", v, len(to.blocks), want, each)
			}
			to.checkFence(t, to.blocks...)
		}
		if !bytes.Equal(from.mem, before) {
			t.Fatal("the source was changed")
		}
	}
}

func TestNewRecord(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 500 {
		typ := randomType(r, 3)
		v := randomValue(r, typ)
		from, to := newGuest(1<<14, 16), newGuest(1<<14, 1024)
		src := from.take(typ.Size, typ.Align)
		store(from, typ, src, v)
		dst, err := NewRecord(abi.NewPlan(typ), from, src, to, noLimit)
		if err != nil {
			t.Fatalf("%v: %v", v, err)
		}
		if got := load(to.mem, typ, dst); !reflect.DeepEqual(got, v) {
			t.Fatalf("\n got %v\nwant %v", got, v)
		}
		to.checkFence(t, to.blocks...)
	}
}

func TestFlat(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 3000 {
		typ := randomType(r, 3)
		v := randomValue(r, typ)
		from := newGuest(1<<14, 16)
		src := lower(from, nil, typ, v)
		for _, each := range []bool{false, true} {
			to := newGuest(1<<14, 1024)
			to.each = each
			dst := make([]uint64, len(typ.Flat))
			if err := Flat(abi.NewPlan(typ), from, src, to, dst, noLimit); err != nil {
				t.Fatalf("%v: %v", v, err)
			}
			if got := lift(to.mem, typ, dst); !reflect.DeepEqual(got, v) {
				t.Fatalf("one allocation per list: %v\n got %v\nwant %v", each, got, v)
			}
			to.checkFence(t, to.blocks...)
		}
	}
}

// A core value of 32 bits has no upper half: engines leave there what they like.
func TestFlat_upperHalf(t *testing.T) {
	const junk = 0xdeadbeef << 32
	from, to := newGuest(256, 16), newGuest(256, 128)
	ptr := from.take(4, 1)
	copy(from.mem[ptr:], "text")
	typ := abi.RecordOf(field(abi.BoolType), field(abi.OptionOf(abi.StringType)))
	dst := make([]uint64, 4)
	if err := Flat(abi.NewPlan(typ), from, []uint64{junk | 1, junk | 1, junk | uint64(ptr), junk | 4}, to, dst, noLimit); err != nil {
		t.Fatal(err)
	}
	if got := string(to.mem[uint32(dst[2]):][:uint32(dst[3])]); got != "text" {
		t.Errorf("got %q", got)
	}
}

// Cases that share core values: what a case does not use and what stands above a narrower value is the caller's own, and a
// callee cuts it off. Addresses and counts, which the copy makes or relies on, come out whole.
func TestFlat_joined(t *testing.T) {
	const junk = 0xdeadbeef << 32
	typ := abi.VariantOf(abi.U64Type, abi.F32Type, abi.StringType, abi.RecordOf(field(abi.BoolType), field(abi.F64Type)), abi.ListOf(abi.U32Type))
	if want := []abi.Core{abi.I32, abi.I64, abi.I64}; !slices.Equal(typ.Flat, want) {
		t.Fatalf("got %v, want %v", typ.Flat, want)
	}
	text := func(g *guest) uint64 {
		ptr := g.take(4, 4)
		copy(g.mem[ptr:], "text")
		return uint64(ptr)
	}
	for _, tt := range []struct {
		name string
		src  func(*guest) []uint64
		want any
		dst  []uint64 // but for the address
	}{
		{"u64", func(*guest) []uint64 { return []uint64{0, 1<<63 | 1, junk} }, choice{0, uint64(1<<63 | 1)}, []uint64{0, 1<<63 | 1, junk}},
		{"f32", func(*guest) []uint64 { return []uint64{1, 0x7fa00001, 0} }, choice{1, uint64(0x7fa00001)}, []uint64{1, 0x7fa00001, 0}},
		{"f32 with junk above", func(*guest) []uint64 { return []uint64{1, junk | 0x7fa00001, junk} }, choice{1, uint64(0x7fa00001)}, []uint64{1, junk | 0x7fa00001, junk}},
		{"string", func(g *guest) []uint64 { return []uint64{2, text(g), 4} }, choice{2, "text"}, []uint64{2, 0, 4}},
		{"string with junk above", func(g *guest) []uint64 { return []uint64{junk | 2, junk | text(g), junk | 4} }, choice{2, "text"}, []uint64{junk | 2, 0, 4}},
		{"bool with junk above", func(*guest) []uint64 { return []uint64{3, junk | 1, 1 << 63} }, choice{3, []any{uint64(1), uint64(1 << 63)}}, []uint64{3, junk | 1, 1 << 63}},
		{"empty list with junk above", func(*guest) []uint64 { return []uint64{4, junk, junk} }, choice{4, []any{}}, []uint64{4, 4, 0}},
	} {
		for _, each := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/one per list %v", tt.name, each), func(t *testing.T) {
				from, to := newGuest(256, 16), newGuest(256, 128)
				to.each = each
				dst := make([]uint64, 3)
				if err := Flat(abi.NewPlan(typ), from, tt.src(from), to, dst, noLimit); err != nil {
					t.Fatal(err)
				}
				dst[0] = uint64(uint32(dst[0])) // an i32: engines ignore the rest
				if got := lift(to.mem, typ, dst); !reflect.DeepEqual(got, tt.want) {
					t.Errorf("got %v, want %v", got, tt.want)
				}
				want := slices.Clone(tt.dst)
				if want[0] = uint64(uint32(want[0])); want[1] == 0 {
					want[1] = uint64(to.blocks[0].at)
				}
				if !slices.Equal(dst, want) {
					t.Errorf("got core values %x, want %x", dst, want)
				}
			})
		}
	}
}

// Empty lists come out aligned and not null, and their old address, which may be anything, is not looked at.
func TestRecord_emptyLists(t *testing.T) {
	typ := abi.RecordOf(field(abi.StringType), field(abi.ListOf(abi.U64Type)), field(abi.ListOf(abi.StringType)))
	from, to := newGuest(256, 16), newGuest(256, 128)
	src, dst := from.take(typ.Size, typ.Align), to.take(typ.Size, typ.Align)
	from.put(src, 0xffffffff, 0, 0xffffffff, 0, 0xffffffff, 0)
	if err := Record(abi.NewPlan(typ), from, src, to, dst, 0); err != nil {
		t.Fatal(err)
	}
	for i, want := range []uint32{1, 0, 8, 0, 4, 0} {
		if got := to.u32(dst + 4*uint32(i)); got != want {
			t.Errorf("word %d: got %d, want %d", i, got, want)
		}
	}
	if len(to.blocks) != 1 {
		t.Errorf("memory was taken for nothing: %v", to.blocks)
	}
}

// The limit is on the memory that lists and strings take, to the byte, and is found before memory is taken.
func TestRecord_limit(t *testing.T) {
	for _, tt := range []struct {
		name  string
		typ   *abi.Type
		value any
		size  uint64
	}{
		{"string", abi.StringType, "text", 4},
		{"numbers", abi.ListOf(abi.U64Type), []any{uint64(1), uint64(2)}, 16},
		{"strings", abi.ListOf(abi.StringType), []any{"a", "bcd"}, 2*8 + 1 + 3},
		{
			"padding before a list that needs alignment",
			abi.RecordOf(field(abi.StringType), field(abi.ListOf(abi.U64Type))),
			[]any{"a", []any{uint64(1)}}, 1 + 7 + 8,
		},
		{"the active case alone", abi.ListOf(abi.OptionOf(abi.StringType)), []any{choice{index: 0}, choice{1, "abc"}}, 2*12 + 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			from := newGuest(1024, 16)
			src := from.take(tt.typ.Size, tt.typ.Align)
			store(from, tt.typ, src, tt.value)
			plan := abi.NewPlan(tt.typ)

			to := newGuest(1024, 128)
			dst := to.take(tt.typ.Size, tt.typ.Align)
			var limit *LimitError
			if err := Record(plan, from, src, to, dst, tt.size-1); !errors.As(err, &limit) || limit.Limit != tt.size-1 {
				t.Errorf("with one byte less: got %v", err)
			}
			if len(to.blocks) != 1 {
				t.Error("memory was taken in spite of the limit")
			}
			if err := Record(plan, from, src, to, dst, tt.size); err != nil {
				t.Errorf("got %v", err)
			}
			if got := to.blocks[1].size; uint64(got) != tt.size {
				t.Errorf("took %d bytes, want %d", got, tt.size)
			}
		})
	}
}

func TestBuffer(t *testing.T) {
	var b Buffer
	for range 2 { // the second time in memory that has been used
		first, _ := b.Alloc(1, 1)
		second, _ := b.Alloc(100, 8)
		third, _ := b.Alloc(1000, 4)
		if first != 8 || second != 16 || third != 116 {
			t.Errorf("got %d, %d, %d, want 8, 16, 116", first, second, third)
		}
		if len(b.Bytes()) != 1116 {
			t.Errorf("got %d bytes, want 1116", len(b.Bytes()))
		}
		b.Reset()
		if len(b.Bytes()) != 0 {
			t.Errorf("got %d bytes after Reset", len(b.Bytes()))
		}
	}
	if !b.OneBlock() {
		t.Error("a Buffer must take one block")
	}
}
