package link

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/cofaas/cofaas/internal/abi"
)

// memSize is the size of the memories here: addresses from it on are out of bounds.
const memSize = 4096

func TestRecord_Errors(t *testing.T) {
	strings := abi.ListOf(abi.StringType)
	options := abi.RecordOf(field(abi.OptionOf(abi.OptionOf(abi.StringType))))
	for _, tt := range []struct {
		name string
		typ  *abi.Type
		src  uint32
		// words are stored at 64, where the record is unless src says otherwise.
		words []uint32
		want  string
	}{
		{"record out of bounds", abi.StringType, memSize - 4, nil, "address 0xffc with 8 bytes is out of bounds: the memory has 4096"},
		{"record at the end", abi.U8Type, memSize, nil, "address 0x1000 with 1 bytes is out of bounds: the memory has 4096"},
		{"record that wraps", abi.StringType, 0xfffffffc, nil, "address 0xfffffffc with 8 bytes is out of bounds: the memory has 4096"},
		{"record not aligned", abi.StringType, 65, nil, "address 0x41 is not a multiple of 4"},
		{"record of numbers not aligned", abi.U64Type, 68, nil, "address 0x44 is not a multiple of 8"},

		{"string out of bounds", abi.StringType, 0, []uint32{memSize, 1}, "address 0x1000 with 1 bytes is out of bounds: the memory has 4096"},
		{"string across the end", abi.StringType, 0, []uint32{memSize - 1, 2}, "address 0xfff with 2 bytes is out of bounds: the memory has 4096"},
		{"string that wraps", abi.StringType, 0, []uint32{0xffffffff, 2}, "address 0xffffffff with 2 bytes is out of bounds: the memory has 4096"},
		{"string as large as can be", abi.StringType, 0, []uint32{1, 0xffffffff}, "address 0x1 with 4294967295 bytes is out of bounds: the memory has 4096"},
		{"list whose size wraps to zero", abi.ListOf(abi.U64Type), 0, []uint32{128, 1 << 29}, "address 0x80 with 4294967296 bytes is out of bounds: the memory has 4096"},
		{"list whose size wraps", strings, 0, []uint32{128, 1<<29 + 1}, "address 0x80 with 4294967304 bytes is out of bounds: the memory has 4096"},
		{"list not aligned", abi.ListOf(abi.U64Type), 0, []uint32{132, 1}, "address 0x84 is not a multiple of 8"},
		{"list of lists not aligned", strings, 0, []uint32{130, 1}, "address 0x82 is not a multiple of 4"},
		{"element out of bounds", strings, 0, []uint32{72, 2, 64, 1, memSize, 1}, "address 0x1000 with 1 bytes is out of bounds: the memory has 4096"},

		{"invalid UTF-8", abi.StringType, 0, []uint32{72, 1, 0xff}, "string field contains invalid UTF-8"},
		{"surrogate", abi.StringType, 0, []uint32{72, 3, 0x80a0ed}, "string field contains invalid UTF-8"},
		{"invalid UTF-8 in an element", strings, 0, []uint32{72, 1, 80, 1, 0x80}, "string field contains invalid UTF-8"},

		{"bool", abi.BoolType, 0, []uint32{2}, "bool is 2"},
		{"bool in a list", abi.ListOf(abi.BoolType), 0, []uint32{72, 3, 0xff0100}, "bool is 255"},
		{"bool in an element", abi.ListOf(abi.RecordOf(field(abi.U8Type), field(abi.BoolType))), 0, []uint32{72, 1, 0x0300}, "bool is 3"},
		{"discriminant", abi.OptionOf(abi.U32Type), 0, []uint32{2}, "discriminant is 2 of 2 cases"},
		{"discriminant as large as can be", abi.VariantOf(nil, nil, nil), 0, []uint32{0xff}, "discriminant is 255 of 3 cases"},
		{"discriminant of two bytes", abi.VariantOf(make([]*abi.Type, 257)...), 0, []uint32{257}, "discriminant is 257 of 257 cases"},
		{"discriminant of two bytes, as large as can be", abi.VariantOf(make([]*abi.Type, 257)...), 0, []uint32{0xffffffff}, "discriminant is 65535 of 257 cases"},
		{"discriminant of four bytes", abi.VariantOf(make([]*abi.Type, 1<<16+1)...), 0, []uint32{1<<16 + 1}, "discriminant is 65537 of 65537 cases"},
		{"string in a late case", abi.VariantOf(append(make([]*abi.Type, 300), abi.StringType)...), 0, []uint32{300, memSize, 1}, "address 0x1000 with 1 bytes is out of bounds: the memory has 4096"},
		{"discriminant in a case", options, 0, []uint32{1, 7}, "discriminant is 7 of 2 cases"},
		{"string in a case in a case", options, 0, []uint32{1, 1, memSize, 1}, "address 0x1000 with 1 bytes is out of bounds: the memory has 4096"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			from, to := newGuest(memSize, 16), newGuest(memSize, 1024)
			from.put(64, tt.words...)
			if tt.src == 0 {
				tt.src = 64
			}
			dst := to.take(tt.typ.Size, tt.typ.Align)
			err := Record(abi.NewPlan(tt.typ), from, tt.src, to, dst, noLimit)
			if err == nil || err.Error() != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
			if len(to.blocks) != 1 {
				t.Error("memory was taken")
			}
		})
	}
}

// What is checked is what is used: the cases of a variant that are not active may hold anything.
func TestRecord_inactiveCase(t *testing.T) {
	from, to := newGuest(memSize, 16), newGuest(memSize, 1024)
	typ := abi.OptionOf(abi.ListOf(abi.StringType))
	from.put(64, 0, 0xffffffff, 0xffffffff)
	if err := Record(abi.NewPlan(typ), from, 64, to, to.take(typ.Size, typ.Align), 0); err != nil {
		t.Error(err)
	}
}

func TestFlat_Errors(t *testing.T) {
	for _, tt := range []struct {
		name string
		typ  *abi.Type
		src  []uint64
		want string
	}{
		{"string out of bounds", abi.StringType, []uint64{memSize - 1, 2}, "address 0xfff with 2 bytes is out of bounds: the memory has 4096"},
		{"list not aligned", abi.ListOf(abi.U32Type), []uint64{2, 1}, "address 0x2 is not a multiple of 4"},
		{"bool", abi.BoolType, []uint64{2}, "bool is 2"},
		{"bool beyond a byte", abi.BoolType, []uint64{256}, "bool is 256"},
		{"discriminant", abi.OptionOf(abi.StringType), []uint64{2, 0, 0}, "discriminant is 2 of 2 cases"},
		{"discriminant beyond a byte", abi.OptionOf(abi.StringType), []uint64{257, 0, 0}, "discriminant is 257 of 2 cases"},
		{"discriminant beyond two bytes", abi.VariantOf(make([]*abi.Type, 257)...), []uint64{1<<16 + 1}, "discriminant is 65537 of 257 cases"},
		{"string in a joined slot", abi.VariantOf(abi.U64Type, abi.StringType), []uint64{1, 1<<32 | memSize, 1}, "address 0x1000 with 1 bytes is out of bounds: the memory has 4096"},
		{"count in a joined slot", abi.VariantOf(abi.RecordOf(field(abi.U64Type), field(abi.U64Type)), abi.StringType), []uint64{1, 64, 1<<32 | memSize}, "address 0x40 with 4096 bytes is out of bounds: the memory has 4096"},
		{"bool in a joined slot", abi.VariantOf(abi.U64Type, abi.BoolType), []uint64{1, 1<<32 | 2}, "bool is 2"},
		{"string in a case", abi.OptionOf(abi.StringType), []uint64{1, memSize, 1}, "address 0x1000 with 1 bytes is out of bounds: the memory has 4096"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			from, to := newGuest(memSize, 16), newGuest(memSize, 1024)
			err := Flat(abi.NewPlan(tt.typ), from, tt.src, to, make([]uint64, len(tt.src)), noLimit)
			if err == nil || err.Error() != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
			if len(to.blocks) != 0 {
				t.Error("memory was taken")
			}
		})
	}
}

// Lists that share their elements describe far more than there is memory: it has to end at once.
func TestRecord_aliasing(t *testing.T) {
	typ := abi.StringType
	for range 8 {
		typ = abi.ListOf(typ)
	}
	const count = memSize / 16
	from := newGuest(memSize, 16)
	for i := range uint32(count) {
		from.put(8*i, 0, count) // every list is the list of all lists
	}
	start := time.Now()
	var limit *LimitError
	if err := Record(abi.NewPlan(typ), from, 0, newGuest(memSize, 16), 16, 16<<20); !errors.As(err, &limit) {
		t.Errorf("got %v, want a LimitError", err)
	}
	if d := time.Since(start); d > time.Minute {
		t.Errorf("took %v", d)
	}
}

// A target that lies about memory is found out, and harms nobody but itself.
func TestRecord_hostileTarget(t *testing.T) {
	typ := abi.ListOf(abi.StringType)
	value := []any{"first", "second"} // 16 bytes for the list, then 5 and 6
	broken := errors.New("no memory")
	for _, tt := range []struct {
		name   string
		dst    uint32
		answer func(calls int) (uint32, error)
		// one and each are what comes of it with one block and with one allocation per list.
		one, each string
	}{
		{"refuses", 64, func(int) (uint32, error) { return 0, broken }, "no memory", "no memory"},
		{"refuses later", 64, func(n int) (uint32, error) {
			if n > 0 {
				return 0, broken
			}
			return 1024, nil
		}, "", "no memory"},
		{
			"out of bounds", 64, func(int) (uint32, error) { return memSize - 8, nil },
			"cabi_realloc: address 0xff8 with 27 bytes is out of bounds: the memory has 4096",
			"cabi_realloc: address 0xff8 with 16 bytes is out of bounds: the memory has 4096",
		},
		{
			"wraps", 64, func(int) (uint32, error) { return 0xfffffff8, nil },
			"cabi_realloc: address 0xfffffff8 with 27 bytes is out of bounds: the memory has 4096",
			"cabi_realloc: address 0xfffffff8 with 16 bytes is out of bounds: the memory has 4096",
		},
		{
			"not aligned", 64, func(int) (uint32, error) { return 1026, nil },
			"cabi_realloc: address 0x402 is not a multiple of 8", "cabi_realloc: address 0x402 is not a multiple of 4",
		},
		{"result out of bounds", memSize - 4, nil, "result: address 0xffc with 8 bytes is out of bounds: the memory has 4096", "result: address 0xffc with 8 bytes is out of bounds: the memory has 4096"},
		{"result wraps", 0xfffffffc, nil, "result: address 0xfffffffc with 8 bytes is out of bounds: the memory has 4096", "result: address 0xfffffffc with 8 bytes is out of bounds: the memory has 4096"},
		{"result not aligned", 66, nil, "result: address 0x42 is not a multiple of 4", "result: address 0x42 is not a multiple of 4"},
		// Overlap is a guest's own affair: it gets garbage, in bounds.
		{"the same block for everything", 64, func(int) (uint32, error) { return 64, nil }, "", ""},
	} {
		for _, each := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/one per list %v", tt.name, each), func(t *testing.T) {
				from, to := newGuest(memSize, 16), newGuest(memSize, 1024)
				to.each = each
				src := from.take(typ.Size, typ.Align)
				store(from, typ, src, value)
				before := bytes.Clone(from.mem)
				if tt.answer != nil {
					calls := -1
					to.answer = func(uint32, uint32) (uint32, error) { calls++; return tt.answer(calls) }
				}
				want := tt.one
				if each {
					want = tt.each
				}
				err := Record(abi.NewPlan(typ), from, src, to, tt.dst, noLimit)
				switch {
				case want == "" && err != nil, want != "" && (err == nil || err.Error() != want):
					t.Errorf("got %v, want %q", err, want)
				case err != nil && FaultOf(err) != TargetFault:
					t.Errorf("got fault %d for %v", FaultOf(err), err)
				}
				if !bytes.Equal(from.mem, before) {
					t.Error("the source was changed")
				}
			})
		}
	}
}

// A target may move and grow its memory whenever it is asked for some.
func TestRecord_movingTarget(t *testing.T) {
	typ := abi.ListOf(abi.StringType)
	for _, each := range []bool{false, true} {
		from, to := newGuest(memSize, 16), newGuest(128, 64)
		src, dst := from.take(typ.Size, typ.Align), to.take(typ.Size, typ.Align)
		store(from, typ, src, []any{"first", "second", "third"})
		to.each = each
		to.answer = func(size, align uint32) (uint32, error) {
			old := to.mem
			to.mem = append(bytes.Clone(old), make([]byte, 128)...)
			clear(old)
			return to.take(size, align), nil
		}
		if err := Record(abi.NewPlan(typ), from, src, to, dst, noLimit); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(load(to.mem, typ, dst)); got != "[first second third]" {
			t.Errorf("one allocation per list: %v: got %s", each, got)
		}
	}
}

func TestFaultOf(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want Fault
	}{
		{nil, NoFault},
		{ErrUTF8, ValueFault},
		{fmt.Errorf("proto: %w", ErrUTF8), ValueFault},
		{fmt.Errorf("required: %w", ErrRefused), ValueFault},
		{&LimitError{1}, ValueFault},
		{fmt.Errorf("request: %w", &LimitError{1}), ValueFault},
		{&BadValueError{"bool is 2"}, SourceFault},
		{errors.New("anything else"), SourceFault},
		{&TargetError{errors.New("trap")}, TargetFault},
		// Whoever answers for the memory answers for what is found there.
		{&TargetError{&BadValueError{"address"}}, TargetFault},
		{&TargetError{&LimitError{1}}, TargetFault},
		{fmt.Errorf("request: %w", &TargetError{ErrUTF8}), TargetFault},
	} {
		if got := FaultOf(tt.err); got != tt.want {
			t.Errorf("%#v: got %d, want %d", tt.err, got, tt.want)
		}
	}
	if cause := errors.New("trap"); !errors.Is(&TargetError{cause}, cause) {
		t.Error("a TargetError does not wrap its cause")
	}
}
