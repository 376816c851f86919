package link

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/cofaas/cofaas/internal/abi"
)

// Values come out of a parcel as they went in, all at once or one by one, and the parcel can be used again.
func TestParcel(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	var p Parcel
	for range 1000 {
		p.Reset()
		typ := randomType(r, 3)
		plan := abi.NewPlan(typ)
		from := newGuest(1<<16, 16)
		var want []any
		for range r.IntN(6) {
			v := randomValue(r, typ)
			src := from.take(typ.Size, typ.Align)
			store(from, typ, src, v)
			if err := p.Add(plan, from.mem, src, noLimit); err != nil {
				t.Fatalf("%v: %v", v, err)
			}
			want = append(want, v)
		}
		if p.Len() != len(want) {
			t.Fatalf("there are %d values, want %d", p.Len(), len(want))
		}
		clear(from.mem) // What is in the parcel does not depend on it.
		clone := p.Clone()
		for _, each := range []bool{false, true} {
			to := newGuest(1<<16, 1024)
			to.each = each
			at := make([]uint32, len(want))
			if err := p.Deliver(plan, to, at); err != nil {
				t.Fatal(err)
			}
			for i, v := range want {
				if got := load(to.mem, typ, at[i]); !reflect.DeepEqual(got, v) {
					t.Fatalf("one allocation per list: %v\n got %v\nwant %v", each, got, v)
				}
				one, err := clone.DeliverOne(plan, i, to)
				if err != nil {
					t.Fatal(err)
				}
				if got := load(to.mem, typ, one); !reflect.DeepEqual(got, v) {
					t.Fatalf("one by one:\n got %v\nwant %v", got, v)
				}
			}
			if !each && len(want) > 0 && to.blocks[0].size < uint32(len(want))*typ.Size {
				t.Fatalf("the first block has %d bytes for %d values of %d", to.blocks[0].size, len(want), typ.Size)
			}
			to.checkFence(t, to.blocks...)
		}
	}
}

// The host asks a guest for memory once, however many values there are.
func TestParcel_oneBlock(t *testing.T) {
	from, to := newGuest(1024, 16), newGuest(1024, 128)
	typ := abi.RecordOf(field(abi.StringType), field(abi.U64Type))
	plan := abi.NewPlan(typ)
	var p Parcel
	for _, s := range []string{"a", "", "bcd"} {
		src := from.take(typ.Size, typ.Align)
		store(from, typ, src, []any{s, uint64(1)})
		if err := p.Add(plan, from.mem, src, noLimit); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Deliver(plan, to, make([]uint32, 3)); err != nil {
		t.Fatal(err)
	}
	if len(to.blocks) != 1 {
		t.Errorf("took %v", to.blocks)
	}
}

// A value that is refused leaves no trace, and what was there before is delivered.
func TestParcel_Errors(t *testing.T) {
	typ := abi.RecordOf(field(abi.ListOf(abi.StringType)))
	plan := abi.NewPlan(typ)
	from := newGuest(1024, 16)
	good, bad := from.take(typ.Size, typ.Align), from.take(typ.Size, typ.Align)
	store(from, typ, good, []any{[]any{"good", "enough"}})
	store(from, typ, bad, []any{[]any{"one", "\xff"}})
	var p Parcel
	if err := p.Add(plan, from.mem, good, noLimit); err != nil {
		t.Fatal(err)
	}
	size := p.Size()
	var limit *LimitError
	for i, err := range []error{
		p.Add(plan, from.mem, bad, noLimit),
		p.Add(plan, from.mem, good, 25), // of 16 + 10
		p.Add(plan, from.mem, 1023, noLimit),
	} {
		if want := []bool{errors.Is(err, ErrUTF8), errors.As(err, &limit), FaultOf(err) == SourceFault}[i]; !want || p.Size() != size || p.Len() != 1 {
			t.Errorf("%d: got %v, and there are %d values of %d bytes", i, err, p.Len(), p.Size())
		}
	}
	to := newGuest(1024, 128)
	at := make([]uint32, 1)
	if err := p.Deliver(plan, to, at); err != nil {
		t.Fatal(err)
	}
	if got := load(to.mem, typ, at[0]); !reflect.DeepEqual(got, []any{[]any{"good", "enough"}}) {
		t.Errorf("got %v", got)
	}
	to.answer = func(uint32, uint32) (uint32, error) { return 1020, nil }
	if err := p.Deliver(plan, to, at); FaultOf(err) != TargetFault {
		t.Errorf("memory that is not there: got %v", err)
	}
}

// FuzzParcel adds any memory as a value of any type: what a copy between guests accepts, a parcel does, and it comes out the same.
func FuzzParcel(f *testing.F) {
	r := rand.New(rand.NewPCG(5, 6))
	for seed := range uint64(16) {
		typ := fuzzType(seed)
		g := newGuest(1<<10, 16)
		src := g.take(typ.Size, typ.Align)
		store(g, typ, src, randomValue(r, typ))
		f.Add(seed, g.mem[:g.next], src, uint16(1<<12))
	}
	f.Fuzz(func(t *testing.T, seed uint64, mem []byte, src uint32, limit uint16) {
		typ := fuzzType(seed)
		plan := abi.NewPlan(typ)
		before := bytes.Clone(mem)
		from, direct, to := &guest{mem: mem}, newGuest(1<<18, 1024), newGuest(1<<18, 1024)
		dst := direct.take(typ.Size, typ.Align)
		want := Record(plan, from, src, direct, dst, uint64(limit))
		var p Parcel
		got := p.Add(plan, mem, src, uint64(limit))
		if !bytes.Equal(mem, before) {
			t.Fatal("the source was changed")
		}
		if (got == nil) != (want == nil) || got != nil && got.Error() != want.Error() {
			t.Fatalf("a parcel says %v, a copy %v", got, want)
		}
		if got != nil {
			if p.Len() != 0 || p.Size() > base {
				t.Fatalf("%d values of %d bytes are left", p.Len(), p.Size())
			}
			return
		}
		at := make([]uint32, 1)
		if err := p.Deliver(plan, to, at); err != nil {
			t.Fatal(err)
		}
		if got, want := load(to.mem, typ, at[0]), load(direct.mem, typ, dst); !reflect.DeepEqual(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
		to.checkFence(t, to.blocks...)
	})
}
