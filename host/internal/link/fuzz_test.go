package link

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/cofaas/cofaas/internal/abi"
)

// FuzzRecord copies any memory as a value of any type. It must not panic, must write nothing but the record and the blocks
// that it was given, and must take no more than the limit.
func FuzzRecord(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 2))
	for seed := range uint64(16) {
		typ := fuzzType(seed)
		g := newGuest(1<<10, 16)
		src := g.take(typ.Size, typ.Align)
		store(g, typ, src, randomValue(r, typ))
		f.Add(seed, g.mem[:g.next], src, uint16(1<<12), seed%2 == 0)
	}
	f.Fuzz(func(t *testing.T, seed uint64, mem []byte, src uint32, limit uint16, each bool) {
		typ := fuzzType(seed)
		plan := abi.NewPlan(typ)
		before := bytes.Clone(mem)
		from, to := &guest{mem: mem}, newGuest(1<<18, 1024)
		to.each = each
		dst := to.take(typ.Size, typ.Align)
		err := Record(plan, from, src, to, dst, uint64(limit))
		to.checkFence(t, to.blocks...)
		checkCopy(t, from, before, to, 1, limit, err)
		if err != nil {
			return
		}
		// What was accepted is whole: copied once more, it is accepted again, and takes as much.
		again := newGuest(1<<18, 2048)
		again.each = each
		if err := Record(plan, to, dst, again, again.take(typ.Size, typ.Align), uint64(limit)); err != nil {
			t.Fatalf("the copy cannot be copied: %v", err)
		}
		if len(again.blocks) != len(to.blocks) {
			t.Fatalf("the copy took %v, and its copy %v", to.blocks, again.blocks)
		}
	})
}

// FuzzFlat is FuzzRecord for core parameters, which are cut from the front of the memory.
func FuzzFlat(f *testing.F) {
	r := rand.New(rand.NewPCG(3, 4))
	for seed := range uint64(16) {
		typ := fuzzType(seed)
		g := newGuest(1<<10, 16)
		flat := lower(g, nil, typ, randomValue(r, typ))
		var core []byte
		for _, v := range flat {
			core = binary.LittleEndian.AppendUint64(core, v)
		}
		f.Add(seed, core, g.mem[:g.next], uint16(1<<12), seed%2 == 0)
	}
	f.Fuzz(func(t *testing.T, seed uint64, core, mem []byte, limit uint16, each bool) {
		typ := fuzzType(seed)
		src := make([]uint64, len(typ.Flat))
		for i := range min(len(src), len(core)/8) {
			src[i] = binary.LittleEndian.Uint64(core[8*i:])
		}
		before := bytes.Clone(mem)
		from, to := &guest{mem: mem}, newGuest(1<<18, 1024)
		to.each = each
		dst := make([]uint64, len(src))
		err := Flat(abi.NewPlan(typ), from, src, to, dst, uint64(limit))
		to.checkFence(t, to.blocks...)
		checkCopy(t, from, before, to, 0, limit, err)
		if err != nil {
			return
		}
		// As in FuzzRecord, and it is the same value again, whatever stands above narrow ones in wide slots.
		again, twice := newGuest(1<<18, 2048), make([]uint64, len(src))
		if err := Flat(abi.NewPlan(typ), to, dst, again, twice, uint64(limit)); err != nil {
			t.Fatalf("the copy cannot be copied: %v", err)
		}
		if got, want := lift(again.mem, typ, twice), lift(to.mem, typ, dst); !reflect.DeepEqual(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
	})
}

// checkCopy checks what holds for every copy; given is the number of blocks that the test itself has taken.
func checkCopy(t *testing.T, from *guest, before []byte, to *guest, given int, limit uint16, err error) {
	t.Helper()
	if !bytes.Equal(from.mem, before) {
		t.Fatal("the source was changed")
	}
	var total uint64
	for _, b := range to.blocks[given:] {
		total += uint64(b.size)
	}
	if total > uint64(limit) {
		t.Fatalf("took %d bytes with a limit of %d", total, limit)
	}
	var bad *BadValueError
	var tooLarge *LimitError
	if err != nil {
		if len(to.blocks) > given {
			t.Fatalf("took %v and failed: %v", to.blocks, err)
		}
		if !errors.Is(err, ErrUTF8) && !errors.As(err, &bad) && !errors.As(err, &tooLarge) {
			t.Fatalf("unexpected kind of error: %v", err)
		}
	}
}

func fuzzType(seed uint64) *abi.Type { return randomType(rand.New(rand.NewPCG(seed, 0)), 3) }
