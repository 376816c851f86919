// Package wasmopt makes modules that the Go compiler wrote faster, and their loops interruptible, without changing what they do.
//
// # How Go compiles functions
//
// A goroutine can be suspended inside of a call and be resumed from outside, which WebAssembly has no means for. So a
// function begins with a table of its basic blocks, and its first parameter, which the compiler calls PC_B, says in which of them
// to begin (cmd/internal/obj/wasm):
//
//	loop $entry
//	  block $2
//	    block $1
//	      block $0
//	        local.get $PC_B
//	        br_table $0 $1 $2
//	      end
//	      ...                      ;; block 0
//	    end
//	    ...                        ;; block 1
//	  end
//	  ...                          ;; block 2
//	end
//
// The compiler jumps between blocks in the same way: it sets PC_B and goes back to the table. Hence every branch that is taken
// is an indirect jump, all of a function share one, which processors predict badly, and an engine has to assume that any block
// may follow any other.
//
// # What is changed in functions
//
// A jump to a block further down becomes a branch to the end of the enclosing block in front of it, which is the same place.
// A call from the start of a function, which is how all but resumed functions are called, does not go through the table. Only
// loops with a call in them still do, since a goroutine that was suspended in the call goes on inside of the loop. Other loops
// become loops of their own, with a table only if they are entered in the middle.
//
// Loops count their turns, so that the host can interrupt and end them; see [abi.StopGlobal].
//
// # What is changed in data
//
// Segments with little between them are joined.
package wasmopt
