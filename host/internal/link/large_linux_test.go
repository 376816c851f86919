package link

import (
	"syscall"
	"testing"

	"github.com/cofaas/cofaas/internal/abi"
)

// The end of the largest memory is 1<<32, which no 32-bit address is.
func TestRecord_wholeAddressSpace(t *testing.T) {
	if testing.Short() {
		t.Skip("reserves 4 GiB of address space")
	}
	mem, err := syscall.Mmap(-1, 0, 1<<32, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE|syscall.MAP_ANON|syscall.MAP_NORESERVE)
	if err != nil {
		t.Skip(err)
	}
	defer func() { _ = syscall.Munmap(mem) }()
	const last = 1<<32 - 8
	large := &guest{mem: mem}
	small := newGuest(memSize, 16)
	plan := abi.NewPlan(abi.StringType)

	// A string that ends at the end.
	copy(mem[last:], "the end!")
	large.put(64, last, 8)
	if err := Record(plan, large, 64, small, 64, noLimit); err != nil {
		t.Fatal(err)
	}
	if got := string(small.mem[small.u32(64):][:8]); got != "the end!" {
		t.Errorf("got %q", got)
	}
	if err := Record(abi.NewPlan(abi.ListOf(abi.BoolType)), large, 64, small, 64, noLimit); err == nil {
		t.Error("letters passed for bools")
	}

	// A record and a block that do.
	small.put(64, small.u32(64), 8)
	large.answer = func(uint32, uint32) (uint32, error) { return last, nil }
	if err := Record(plan, small, 64, large, 128, noLimit); err != nil || string(mem[last:]) != "the end!" {
		t.Errorf("got %q, %v", mem[last:], err)
	}
	large.answer = func(uint32, uint32) (uint32, error) { return 256, nil }
	if err := Record(plan, small, 64, large, last, noLimit); err != nil || large.u32(last) != 256 {
		t.Errorf("got address %d, %v", large.u32(last), err)
	}
	if err := Record(plan, large, last, small, 64, noLimit); err != nil {
		t.Error(err)
	}
}
