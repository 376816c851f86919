package wasmopt

import "fmt"

// The opcodes that matter here. (WebAssembly Core Specification, section 5.4.)
const (
	opUnreachable  = 0x00
	opBlock        = 0x02
	opLoop         = 0x03
	opIf           = 0x04
	opElse         = 0x05
	opEnd          = 0x0b
	opBr           = 0x0c
	opBrIf         = 0x0d
	opBrTable      = 0x0e
	opCall         = 0x10
	opCallIndirect = 0x11
	opDrop         = 0x1a
	opLocalGet     = 0x20
	opLocalSet     = 0x21
	opLocalTee     = 0x22
	opGlobalGet    = 0x23
	opGlobalSet    = 0x24
	opMemoryGrow   = 0x40
	opI32Const     = 0x41
	opI32Eqz       = 0x45
	opI32GeU       = 0x4f
	opI32Sub       = 0x6b
	opI32And       = 0x71

	blockVoid = 0x40
	typeI32   = 0x7f
	typeFunc  = 0x60
)

// instr is an instruction where it stands.
type instr struct {
	op       byte
	from, to int // in the body
	// arg is the first immediate of a block, branch, local access or i32.const.
	arg int64
}

// next reads an instruction. Those that the Go compiler does not use are errors.
func (r *reader) next() instr {
	i := instr{from: r.at}
	i.op = r.byte()
	switch op := i.op; {
	case op == opBlock, op == opLoop, op == opIf, op == opI32Const:
		i.arg = r.s32()
	case op == opBr, op == opBrIf, op == opLocalGet, op == opLocalSet, op == opLocalTee,
		op == opGlobalGet, op == opGlobalSet,
		op == opCall,
		op == 0xd2,                     // ref.func
		op == 0x3f, op == opMemoryGrow: // 0x3f is memory.size
		i.arg = int64(r.u32())
	case op == opBrTable:
		for n := r.u32(); n > 0 && r.err == nil; n-- {
			r.u32()
		}
		r.u32()
	case op == opCallIndirect:
		r.u32()
		r.u32()
	case 0x28 <= op && op <= 0x3e: // loads and stores
		r.u32()
		r.u32()
	case op == 0x42: // i64.const
		r.leb(10)
	case op == 0x43: // f32.const
		r.bytes(4)
	case op == 0x44: // f64.const
		r.bytes(8)
	case op == opElse, op == opEnd, op <= 0x01, op == 0x0f, op == opDrop, op == 0x1b, 0x45 <= op && op <= 0xc4:
	case op == 0xfc:
		switch sub := r.u32(); sub {
		case 0, 1, 2, 3, 4, 5, 6, 7: // saturating truncation
		case 8, 10: // memory.init and memory.copy
			r.u32()
			r.u32()
		case 9, 11: // data.drop and memory.fill
			r.u32()
		default:
			r.fail(fmt.Errorf("wasmopt: unexpected instruction 0xfc %d", sub))
		}
	default:
		r.fail(fmt.Errorf("wasmopt: unexpected instruction 0x%02x", op))
	}
	i.to = r.at
	return i
}
