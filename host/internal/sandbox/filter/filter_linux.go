//go:build amd64 || arm64

package filter

import (
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// New returns the program of a filter.
func New(c Config) ([]unix.SockFilter, error) {
	b := &builder{}
	b.load(offsetArch)
	b.unless(bpf.JumpEqual, arch, bpf.RetConstant{Val: unix.SECCOMP_RET_KILL_PROCESS})
	b.load(offsetNumber)
	if x32Bit != 0 {
		b.when(bpf.JumpGreaterOrEqual, x32Bit, errno(unix.ENOSYS))
	}
	for _, r := range c.rules() {
		b.rule(r)
	}
	for _, number := range allowed {
		b.when(bpf.JumpEqual, number, allow)
	}
	for _, number := range refused {
		b.when(bpf.JumpEqual, number, errno(unix.EPERM))
	}
	for _, number := range unchangeable {
		b.when(bpf.JumpEqual, number, errno(unix.EROFS))
	}
	b.add(errno(unix.ENOSYS))
	raw, err := bpf.Assemble(b.program)
	if err != nil {
		return nil, err
	}
	program := make([]unix.SockFilter, len(raw))
	for i, r := range raw {
		program[i] = unix.SockFilter{Code: r.Op, Jt: r.Jt, Jf: r.Jf, K: r.K}
	}
	return program, nil
}

// Offsets in struct seccomp_data.
const (
	offsetNumber = 0
	offsetArch   = 4
	offsetArgs   = 16
)

var (
	allow  = bpf.RetConstant{Val: unix.SECCOMP_RET_ALLOW}
	notify = bpf.RetConstant{Val: unix.SECCOMP_RET_USER_NOTIF}
)

func errno(e unix.Errno) bpf.RetConstant {
	return bpf.RetConstant{Val: unix.SECCOMP_RET_ERRNO | uint32(e)}
}

// rule is about a system call whose arguments matter. The first of its cases that holds decides.
type rule struct {
	number uint32
	cases  []match
	other  bpf.RetConstant
}

// match holds if all of its conditions do.
type match struct {
	conditions []condition
	result     bpf.RetConstant
}

// condition says which values the lower half of an argument has, of which only the bits of mask count, or with not, which ones it has not.
// The kernel itself looks at no more of the arguments concerned, unless whole is set: then the upper half has to be zero.
type condition struct {
	arg        int
	mask       uint32
	values     []uint32
	not, whole bool
}

// is holds if an argument has one of some values.
func is(arg int, values ...uint32) condition {
	return condition{arg: arg, mask: ^uint32(0), values: values}
}

// isNot holds if it has none of them.
func isNot(arg int, values ...uint32) condition {
	return condition{arg: arg, mask: ^uint32(0), values: values, not: true}
}

// bits holds if some bits of an argument have a value.
func bits(arg int, mask, value uint32) condition {
	return condition{arg: arg, mask: mask, values: []uint32{value}}
}

// zero holds if an argument is a null pointer.
func zero(arg int) condition {
	return condition{arg: arg, mask: ^uint32(0), values: []uint32{0}, whole: true}
}

func when(result bpf.RetConstant, conditions ...condition) match { return match{conditions, result} }

type builder struct{ program []bpf.Instruction }

func (b *builder) add(i ...bpf.Instruction) { b.program = append(b.program, i...) }

func (b *builder) load(offset uint32) { b.add(bpf.LoadAbsolute{Off: offset, Size: 4}) }

// when returns a result if a comparison holds.
func (b *builder) when(cond bpf.JumpTest, value uint32, result bpf.RetConstant) {
	b.add(bpf.JumpIf{Cond: cond, Val: value, SkipFalse: 1}, result)
}

func (b *builder) unless(cond bpf.JumpTest, value uint32, result bpf.RetConstant) {
	b.add(bpf.JumpIf{Cond: cond, Val: value, SkipTrue: 1}, result)
}

func (b *builder) rule(r rule) {
	inner := &builder{}
	for _, m := range r.cases {
		inner.match(m)
	}
	inner.add(r.other)
	// The number is in the register as long as nothing else is loaded, and a rule that is entered is not left.
	b.add(bpf.JumpIf{Cond: bpf.JumpEqual, Val: r.number, SkipFalse: uint8(len(inner.program))})
	b.add(inner.program...)
}

// match returns the result of a match that holds, and otherwise goes on behind it.
func (b *builder) match(m match) {
	rest := []bpf.Instruction{m.result} // what follows the conditions that are still to be put before it
	for i := len(m.conditions) - 1; i >= 0; i-- {
		rest = append(m.conditions[i].before(len(rest)), rest...)
	}
	b.add(rest...)
}

// before is a condition in front of some instructions, which are left out if it does not hold.
func (c condition) before(n int) []bpf.Instruction {
	test := &builder{}
	test.load(uint32(offsetArgs + 8*c.arg))
	if c.mask != ^uint32(0) {
		test.add(bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: c.mask})
	}
	for i, v := range c.values {
		behind := len(c.values) - 1 - i // values that are still to be compared
		jump := bpf.JumpIf{Cond: bpf.JumpEqual, Val: v}
		switch {
		case c.not:
			jump.SkipTrue = uint8(behind + n)
		case behind > 0:
			jump.SkipTrue = uint8(behind)
		default:
			jump.SkipFalse = uint8(n)
		}
		test.add(jump)
	}
	if !c.whole {
		return test.program
	}
	upper := &builder{}
	upper.load(uint32(offsetArgs + 8*c.arg + 4))
	upper.add(bpf.JumpIf{Cond: bpf.JumpEqual, Val: 0, SkipFalse: uint8(len(test.program) + n)})
	return append(upper.program, test.program...)
}
