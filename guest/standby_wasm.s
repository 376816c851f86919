#include "textflag.h"

// What follows relies on how the Go compiler translates goroutines to Wasm: SP is a global, a call pushes its return address, and
// a function that returns 1 unwinds the stack of Wasm up to a loop which goes on at the address that SP points to, or returns to the
// host if PAUSE is set. See wasm_pc_f_loop_export and pause in the runtime, and genWasmExportWrapper in cmd/internal/obj/wasm.

// func leave(size uintptr)
//
// The wrapper of the export adds the size of its frame to SP, and RETUNWIND the size of an address. Then SP points to the return
// address of this function, as it does when the host calls an export from an import.
TEXT ·leave(SB), NOSPLIT, $0-8
	MOVD size+0(FP), R0
	Get SP
	Get R0
	I32WrapI64
	I32Sub
	I32Const $8
	I32Sub
	Set SP
	I32Const $1
	Set PAUSE
	RETUNWIND
