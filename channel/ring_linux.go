package channel

// padded is what a frame takes of a ring. Frames begin at multiples of 16, so that a header is in one piece.
func padded(size uint32) uint64 { return headerSize + (uint64(size)+15)&^15 }

// put writes a frame if there is room. ok is false if the peer's index makes no sense.
func (r *ring) put(h header, g *gather) (done, ok bool) {
	n := padded(h.size)
	if r.pos+n-r.seen > ringSize {
		head := r.head.Load()
		if r.pos-head > ringSize || head < r.seen {
			return false, false
		}
		r.seen = head
		if r.pos+n-head > ringSize {
			return false, true
		}
	}
	at := int(r.pos % ringSize)
	h.put(r.data[at : at+headerSize])
	a, b := r.parts(at+headerSize, int(h.size))
	g.take(a)
	g.take(b)
	r.pos += n
	r.tail.Store(r.pos)
	return true, true
}

// parts are n bytes of the ring from at on; at may be the ring's end.
func (r *ring) parts(at, n int) (a, b []byte) {
	at %= ringSize
	if at+n <= ringSize {
		return r.data[at : at+n : at+n], nil
	}
	return r.data[at:], r.data[:at+n-ringSize]
}

// empty says that there is nothing to read.
func (r *ring) empty() bool { return r.tail.Load() == r.pos }

// read hands what there is to receive, and returns how many frames that was.
func (r *ring) read(receive func(h header, a, b []byte) error) (n int, err error) {
	left := r.tail.Load() - r.pos
	if left > ringSize {
		return 0, violation("%d bytes in a ring of %d", left, ringSize)
	}
	// The writer is shown the room of several small frames at once: to do so waits until they have been copied.
	shown := r.pos
	for left > 0 {
		at := int(r.pos % ringSize)
		if left < headerSize || at%headerSize != 0 {
			return n, violation("half a header")
		}
		var head [headerSize]byte
		copy(head[:], r.data[at:])
		h, err := parseHeader(head[:])
		if err != nil {
			return n, err
		}
		size := padded(h.size)
		if size > left {
			return n, violation("a frame of %d bytes in %d", size, left)
		}
		a, b := r.parts(at+headerSize, int(h.size))
		if err := receive(h, a, b); err != nil {
			return n, err
		}
		r.pos += size
		left -= size
		n++
		if left == 0 || r.pos-shown >= mostBatch {
			shown = r.pos
			r.head.Store(r.pos)
		}
		if left == 0 || r.pos-r.seen >= ringSize/4 {
			r.seen = r.pos
			if r.want.Load() != 0 && r.want.Swap(0) != 0 {
				r.room.Add(1)
				futexWake(r.room)
			}
		}
	}
	return n, nil
}
