package channel

import "encoding/binary"

// queue has frames of messages that nobody has received yet: one after the other, in memory that is used again, so that many small messages
// cost no more than their bytes.
type queue struct {
	b []byte
	// cost is what the frames count for.
	cost int
	// granted is what the peer may send, and owed what was received and not granted again.
	granted, owed int
}

// incoming is what was taken from a queue.
type incoming struct {
	// taken has frames, of which those up to next were received.
	taken []byte
	next  int
	// whole is a message that came in several frames.
	whole body
}

// A frame in a queue begins with a word of its size and these flags, and a word of the bytes that the message has from there on.
const (
	queuedHead     = 8
	queuedFirst    = 1 << 31
	queuedTooLarge = 1 << 30
	queuedSize     = queuedTooLarge - 1
)

func (q *queue) add(h header, a, b []byte) error {
	n := frameCost + int(h.size)
	if n > q.granted {
		return violation("%d bytes in stream %d, where %d are allowed", n, h.id, q.granted)
	}
	q.granted -= n
	q.cost += n
	word := h.size
	if h.kind == kindMessage {
		word |= queuedFirst
		if h.flags&flagTooLarge != 0 {
			word |= queuedTooLarge
		}
	}
	q.b = binary.LittleEndian.AppendUint32(q.b, word)
	q.b = binary.LittleEndian.AppendUint32(q.b, h.total)
	q.b = append(append(q.b, a...), b...)
	return nil
}

// take takes what there is, and returns what may be granted to the peer now.
func (q *queue) take(in *incoming) (credit int) {
	in.taken, q.b = q.b, in.taken[:0]
	in.next = 0
	q.owed += q.cost
	q.cost = 0
	if q.owed >= window/4 {
		credit, q.owed = q.owed, 0
	}
	return credit
}

type queuedFrame struct {
	b               []byte
	total           int
	first, tooLarge bool
}

// frame takes the next frame, of which there is one.
func (in *incoming) frame() queuedFrame {
	b := in.taken[in.next:]
	word := binary.LittleEndian.Uint32(b)
	end := queuedHead + int(word&queuedSize)
	in.next += end
	return queuedFrame{
		b:        b[queuedHead:end:end],
		total:    int(binary.LittleEndian.Uint32(b[4:])),
		first:    word&queuedFirst != 0,
		tooLarge: word&queuedTooLarge != 0,
	}
}
