package channel

// body is what arrives in one frame or in several. Memory is taken as it is filled, not as it is announced.
type body struct {
	b     []byte
	total int
	// skipped is what was not kept.
	skipped int
}

const firstPiece = 1 << 20

func (p *body) begin(total int) {
	*p = body{b: getBuffer(min(total, firstPiece))[:0], total: total}
}

// left is what has not arrived yet.
func (p *body) left() int { return p.total - len(p.b) - p.skipped }

// add copies the two parts of a frame's contents, which the peer may be changing, and which are not larger than what is left.
func (p *body) add(a, b []byte) {
	n := len(p.b)
	if need := n + len(a) + len(b); need > cap(p.b) {
		more := getBuffer(min(p.total, max(2*cap(p.b), need)))
		copy(more, p.b)
		putBuffer(p.b)
		p.b = more[:n]
	}
	p.b = p.b[:n+len(a)+len(b)]
	copy(p.b[n:], a)
	copy(p.b[n+len(a):], b)
}

// skip is add for what nobody wants: what has arrived before is forgotten, too.
func (p *body) skip(n int) {
	p.skipped += len(p.b) + n
	putBuffer(p.b)
	p.b = nil
}

func (p *body) free() {
	putBuffer(p.b)
	*p = body{}
}
