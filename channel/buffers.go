package channel

import (
	"math/bits"
	"sync"
	"unsafe"
)

// Buffers of powers of two are used again. The smallest is of 1 KB, the largest of 16 MB; larger ones are left to the garbage collector.
const smallest, largest = 10, 24

var buffers [largest + 1]sync.Pool

// getBuffer returns a buffer of n bytes, whose contents are arbitrary.
func getBuffer(n int) []byte {
	class := max(smallest, bits.Len(uint(max(n, 1)-1)))
	if class > largest {
		return make([]byte, n)
	}
	if p, _ := buffers[class].Get().(*byte); p != nil {
		return unsafe.Slice(p, 1<<class)[:n]
	}
	return make([]byte, n, 1<<class)
}

// putBuffer takes a buffer that nobody uses any more; one that is not of getBuffer is ignored.
func putBuffer(b []byte) {
	class := bits.Len(uint(cap(b))) - 1
	if class < smallest || class > largest || cap(b) != 1<<class {
		return
	}
	buffers[class].Put(unsafe.SliceData(b))
}

func stringBytes(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
