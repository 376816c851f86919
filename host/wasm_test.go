package host

import "encoding/binary"

// A Wasm assembler, as small as the guests of these tests are: functions over i32, one memory, mutable i32 globals, constant
// data. See the binary format in the WebAssembly core specification, chapter 5.

// wasm is a module that is being written.
type wasm struct {
	types   [][]byte
	imports [][]byte
	funcs   [][]byte // type indices
	codes   [][]byte
	exports [][]byte
	globals [][]byte
	data    [][]byte
	// pages are the least memory in units of 64 KiB; negative is no memory at all.
	pages int32
	// start is the body of the start function, if any.
	start []byte
}

// code is a piece of a function body.
type code []byte

// Value types.
const (
	i32 = 0x7f
	i64 = 0x7e
)

// Instructions without operands.
var (
	unreachable = code{0x00}
	drop        = code{0x1a}
	eqz         = code{0x45}
	gtU         = code{0x4b}
	add         = code{0x6a}
	sub         = code{0x6b}
	divS        = code{0x6d}
	and         = code{0x71}
	shl         = code{0x74}
	shrU        = code{0x76}
	memorySize  = code{0x3f, 0x00}
	memoryGrow  = code{0x40, 0x00}
)

func op(opcode byte, operand uint32) code { return uleb(code{opcode}, operand) }

func localGet(i uint32) code  { return op(0x20, i) }
func localSet(i uint32) code  { return op(0x21, i) }
func globalGet(i uint32) code { return op(0x23, i) }
func globalSet(i uint32) code { return op(0x24, i) }
func call(f uint32) code      { return op(0x10, f) }

// Loads and stores claim no alignment; the address is below the value on the stack.
func load(offset uint32) code   { return uleb(code{0x28, 0}, offset) }
func store(offset uint32) code  { return uleb(code{0x36, 0}, offset) }
func store8(offset uint32) code { return uleb(code{0x3a, 0}, offset) }

func i32Const(v uint32) code { return sleb(code{0x41}, int64(int32(v))) }

// when runs a piece if the value on the stack is not zero.
func when(then ...code) code { return seq(code{0x04, 0x40}, seq(then...), code{0x0b}) }

// forever repeats a piece until it returns.
func forever(body ...code) code { return seq(code{0x03, 0x40}, seq(body...), code{0x0c, 0x00, 0x0b}) }

func seq(parts ...code) code {
	var out code
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

// signature is a function type.
type signature struct{ params, results []byte }

// i32s is the type of a function of i32s.
func i32s(params, results int) signature {
	return signature{repeat(i32, params), repeat(i32, results)}
}

func repeat(b byte, n int) []byte {
	out := make([]byte, n)
	for i := range out {
		out[i] = b
	}
	return out
}

// imported declares an import and returns its index. All imports come before all functions.
func (w *wasm) imported(module, name string, s signature) uint32 {
	w.imports = append(w.imports, append(append(wasmName(module), wasmName(name)...), uleb([]byte{0}, w.typ(s))...))
	return uint32(len(w.imports) - 1)
}

// function defines a function with a number of i32 locals and returns its index; it is exported if it has a name.
func (w *wasm) function(name string, s signature, locals uint32, body ...code) uint32 {
	index := uint32(len(w.imports) + len(w.funcs))
	w.funcs = append(w.funcs, uleb(nil, w.typ(s)))
	var b []byte
	if locals > 0 {
		b = append(uleb([]byte{1}, locals), i32)
	} else {
		b = []byte{0}
	}
	b = append(append(b, seq(body...)...), 0x0b)
	w.codes = append(w.codes, append(uleb(nil, uint32(len(b))), b...))
	if name != "" {
		w.exports = append(w.exports, append(append(wasmName(name), 0), uleb(nil, index)...))
	}
	return index
}

// global defines a mutable i32 and returns its index.
func (w *wasm) global(v uint32) uint32 {
	w.globals = append(w.globals, append(append([]byte{i32, 1}, i32Const(v)...), 0x0b))
	return uint32(len(w.globals) - 1)
}

// words puts little-endian words into the memory of every new instance.
func (w *wasm) words(at uint32, words ...uint32) {
	var b []byte
	for _, v := range words {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	w.bytes(at, b)
}

// bytes puts bytes into the memory of every new instance.
func (w *wasm) bytes(at uint32, b []byte) {
	w.data = append(w.data, append(append(append([]byte{0}, i32Const(at)...), 0x0b), wasmName(string(b))...))
}

func (w *wasm) typ(s signature) uint32 {
	w.types = append(w.types, append(append([]byte{0x60}, wasmName(string(s.params))...), wasmName(string(s.results))...))
	return uint32(len(w.types) - 1)
}

// binary returns the module.
func (w *wasm) binary() []byte {
	var start []byte
	if w.start != nil {
		start = uleb(nil, w.function("", i32s(0, 0), 0, w.start))
	}
	var memories [][]byte
	exports := w.exports
	if w.pages >= 0 {
		memories = [][]byte{uleb([]byte{0}, uint32(w.pages))}
		exports = append(exports, append(wasmName("memory"), 2, 0))
	}
	out := []byte("\x00asm\x01\x00\x00\x00")
	section := func(id byte, body []byte) {
		if body != nil {
			out = append(uleb(append(out, id), uint32(len(body))), body...)
		}
	}
	section(1, vector(w.types))
	section(2, vector(w.imports))
	section(3, vector(w.funcs))
	section(5, vector(memories))
	section(6, vector(w.globals))
	section(7, vector(exports))
	section(8, start)
	section(10, vector(w.codes))
	section(11, vector(w.data))
	return out
}

func vector(items [][]byte) []byte {
	if len(items) == 0 {
		return nil
	}
	out := uleb(nil, uint32(len(items)))
	for _, item := range items {
		out = append(out, item...)
	}
	return out
}

func wasmName(s string) []byte { return append(uleb(nil, uint32(len(s))), s...) }

func uleb(b []byte, v uint32) []byte { return binary.AppendUvarint(b, uint64(v)) }

func sleb(b code, v int64) code {
	for {
		c := byte(v & 0x7f)
		v >>= 7
		if v == 0 && c&0x40 == 0 || v == -1 && c&0x40 != 0 {
			return append(b, c)
		}
		b = append(b, c|0x80)
	}
}
