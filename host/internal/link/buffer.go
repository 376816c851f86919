package link

// Buffer is a memory of the host's own, for values on their way to or from a guest. The zero Buffer is empty and ready.
type Buffer struct{ mem []byte }

// base is the first address that a Buffer gives out, a multiple of 8 that is not 0.
const base = 8

// Bytes implements Memory.
func (b *Buffer) Bytes() []byte { return b.mem }

// Alloc implements Memory. Address 0 is never given out.
func (b *Buffer) Alloc(size, align uint32) (uint32, error) {
	at := (uint32(max(len(b.mem), base)) + align - 1) &^ (align - 1)
	end := int(at) + int(size)
	if end > cap(b.mem) {
		b.mem = append(make([]byte, 0, max(2*cap(b.mem), end, 256)), b.mem...)
	}
	b.mem = b.mem[:end]
	return at, nil
}

// OneBlock implements Memory.
func (b *Buffer) OneBlock() bool { return true }

// Reset empties the buffer, keeping its memory.
func (b *Buffer) Reset() { b.mem = b.mem[:0] }
