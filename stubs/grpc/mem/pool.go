package mem

import (
	"fmt"
	"math/bits"
	"slices"
	"sync"

	"github.com/cofaas/cofaas/stubs/grpc/internal"
)

// BufferPool hands out memory, and takes it back. It must be safe for concurrent use.
type BufferPool interface {
	// Get returns memory of a length.
	Get(length int) *[]byte
	// Put takes back what Get returned, possibly shortened at its end.
	Put(*[]byte)
}

var defaultPool = sync.OnceValue(func() BufferPool {
	return binaryPool{NewTieredBufferPool(1<<8, 1<<12, 1<<14, 1<<15, 1<<20)}
})

// DefaultBufferPool returns the pool for everything that was given none.
func DefaultBufferPool() BufferPool {
	if p, ok := internal.DefaultBufferPool.(BufferPool); ok {
		return p
	}
	return defaultPool()
}

// NewTieredBufferPool returns a pool of memory with the given capacities. More than the largest of these is pooled without
// regard to its capacity. Memory is zero when it is handed out.
func NewTieredBufferPool(poolSizes ...int) BufferPool {
	sizes := slices.Clone(poolSizes)
	slices.Sort(sizes)
	p := &tieredPool{}
	for _, size := range slices.Compact(sizes) {
		p.tiers = append(p.tiers, &tier{size: size})
	}
	return p
}

// NewBinaryTieredBufferPool is [NewTieredBufferPool] for capacities that are given as powers of two: 14 is 16 KiB.
func NewBinaryTieredBufferPool(powerOfTwoExponents ...uint8) (BufferPool, error) {
	var sizes []int
	for _, e := range powerOfTwoExponents {
		if int(e) > bits.UintSize-2 {
			return nil, fmt.Errorf("mem: allocating slice of size 2^%d is not possible", e)
		}
		sizes = append(sizes, 1<<e)
	}
	return binaryPool{NewTieredBufferPool(sizes...)}, nil
}

// binaryPool needs no memory for nothing.
type binaryPool struct{ BufferPool }

func (p binaryPool) Get(length int) *[]byte {
	if length == 0 {
		return new([]byte)
	}
	return p.BufferPool.Get(length)
}

type tieredPool struct {
	tiers []*tier // by size
	large sync.Pool
}

// tier has memory of at least size.
type tier struct {
	size int
	pool sync.Pool
}

// pageSize is what large memory is a multiple of.
const pageSize = 4 << 10

func (p *tieredPool) Get(length int) *[]byte {
	pool, size := &p.large, (length+pageSize-1)&^(pageSize-1)
	if i := slices.IndexFunc(p.tiers, func(t *tier) bool { return t.size >= length }); i >= 0 {
		pool, size = &p.tiers[i].pool, p.tiers[i].size
	}
	if buf, ok := pool.Get().(*[]byte); ok {
		if cap(*buf) >= length {
			*buf = (*buf)[:length]
			clear((*buf)[:cap(*buf)])
			return buf
		}
		pool.Put(buf)
	}
	buf := make([]byte, length, size)
	return &buf
}

func (p *tieredPool) Put(buf *[]byte) {
	// The largest tier that the memory is large enough for.
	for i, t := range slices.Backward(p.tiers) {
		switch {
		case cap(*buf) < t.size:
		case i == len(p.tiers)-1 && cap(*buf) > t.size:
			p.large.Put(buf)
			return
		default:
			t.pool.Put(buf)
			return
		}
	}
	if len(p.tiers) == 0 {
		p.large.Put(buf)
	}
}

// NopBufferPool is a [BufferPool] that keeps nothing.
type NopBufferPool struct{}

// Get returns new memory.
func (NopBufferPool) Get(length int) *[]byte {
	b := make([]byte, length)
	return &b
}

// Put drops it.
func (NopBufferPool) Put(*[]byte) {}
