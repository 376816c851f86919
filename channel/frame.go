package channel

import (
	"encoding/binary"
	"fmt"
	"math"
)

// The format is described in docs/channel.md.

const (
	version    = 2
	headerSize = 16
	// maxFrame bounds what follows a frame's header. What is longer goes in several frames, so that nobody waits behind it for long.
	maxFrame = 64 << 10
	// window is how much of a stream may be under way, in bytes, with frameCost for each frame.
	window    = 256 << 10
	frameCost = headerSize
)

type kind uint8

const (
	kindHello kind = 1 + iota
	kindCall
	kindOpen
	kindReply
	kindHeader
	kindMessage
	kindCloseSend
	kindEnd
	kindCancel
	kindCredit
	kindMore
	kindFiles
	kindBell
)

const (
	// flagAnswer is set in frames that go to the one who has made the call.
	flagAnswer = 1 << iota
	// flagAbandoned says that a call ends without an outcome.
	flagAbandoned
	// flagTooLarge says that a message was too large for the one who gets the frame, and what follows is its size.
	flagTooLarge
)

// header is the head of a frame.
type header struct {
	size, total, id uint32
	kind            kind
	flags           uint8
}

func (h header) put(b []byte) {
	_ = b[headerSize-1]
	binary.LittleEndian.PutUint32(b, h.size)
	binary.LittleEndian.PutUint32(b[4:], h.total)
	binary.LittleEndian.PutUint32(b[8:], h.id)
	binary.LittleEndian.PutUint32(b[12:], uint32(h.kind)|uint32(h.flags)<<8)
}

// parseHeader is of memory that nobody else changes.
func parseHeader(b []byte) (header, error) {
	_ = b[headerSize-1]
	last := binary.LittleEndian.Uint32(b[12:])
	h := header{
		size:  binary.LittleEndian.Uint32(b),
		total: binary.LittleEndian.Uint32(b[4:]),
		id:    binary.LittleEndian.Uint32(b[8:]),
		kind:  kind(last),
		flags: uint8(last >> 8),
	}
	if h.size > maxFrame || h.size > h.total || h.kind == 0 || h.kind > kindBell || last>>16 != 0 {
		return h, violation("a frame whose header is not valid: kind %d, size %d of %d", h.kind, h.size, h.total)
	}
	return h, nil
}

// violation is an error of the peer's, for which the channel is closed.
func violation(format string, args ...any) error {
	return fmt.Errorf("channel: the peer has sent "+format, args...)
}

// gather is what a body is put together from; it is taken from its beginning on.
type gather struct {
	parts [5][]byte
	at    int
}

func (g *gather) len() int {
	n := 0
	for _, p := range g.parts[g.at:] {
		n += len(p)
	}
	return n
}

// take fills b as far as there is something left.
func (g *gather) take(b []byte) {
	for len(b) > 0 && g.at < len(g.parts) {
		n := copy(b, g.parts[g.at])
		b = b[n:]
		g.parts[g.at] = g.parts[g.at][n:]
		if len(g.parts[g.at]) == 0 {
			g.at++
		}
	}
}

// callHead precedes method, options, metadata and message of a call.
const callHead = 32

func (h *Header) gather(head *[callHead]byte, request []byte) gather {
	binary.LittleEndian.PutUint64(head[:], uint64(h.Deadline))
	binary.LittleEndian.PutUint32(head[8:], h.Route)
	binary.LittleEndian.PutUint32(head[12:], h.Flags)
	binary.LittleEndian.PutUint32(head[16:], uint32(len(h.Method)))
	binary.LittleEndian.PutUint32(head[20:], uint32(len(h.Options)))
	binary.LittleEndian.PutUint32(head[24:], uint32(len(h.Metadata)))
	binary.LittleEndian.PutUint32(head[28:], 0)
	return gather{parts: [5][]byte{head[:], stringBytes(h.Method), h.Options, h.Metadata, request}}
}

// parseCall takes the body of a call apart, which stays in use.
func (h *Header) parseCall(b []byte, intern func([]byte) string, l *limits) (request []byte, err error) {
	if len(b) < callHead {
		return nil, violation("a call of %d bytes", len(b))
	}
	method, options := uint64(binary.LittleEndian.Uint32(b[16:])), uint64(binary.LittleEndian.Uint32(b[20:]))
	metadata := uint64(binary.LittleEndian.Uint32(b[24:]))
	side := method + options + metadata
	if side > uint64(len(b)-callHead) || side > uint64(l.metadata) || uint64(len(b)-callHead)-side > uint64(l.accepted) {
		return nil, violation("a call of %d bytes with %d bytes of metadata", len(b), side)
	}
	h.Deadline = int64(binary.LittleEndian.Uint64(b))
	h.Route = binary.LittleEndian.Uint32(b[8:])
	h.Flags = binary.LittleEndian.Uint32(b[12:])
	b = b[callHead:]
	h.Method = intern(b[:method])
	h.Options = b[method : method+options : method+options]
	h.Metadata = b[method+options : side : side]
	return b[side:len(b):len(b)], nil
}

// outcomeHead precedes status, metadata and message of a reply, and the former two of a stream's end.
const outcomeHead = 8

func outcome(head *[outcomeHead]byte, status, metadata, payload []byte) gather {
	binary.LittleEndian.PutUint32(head[:], uint32(len(status)))
	binary.LittleEndian.PutUint32(head[4:], uint32(len(metadata)))
	return gather{parts: [5][]byte{head[:], status, metadata, payload}}
}

func parseOutcome(b []byte, l *limits) (status, metadata, payload []byte, err error) {
	if len(b) < outcomeHead {
		return nil, nil, nil, violation("an outcome of %d bytes", len(b))
	}
	n, m := uint64(binary.LittleEndian.Uint32(b)), uint64(binary.LittleEndian.Uint32(b[4:]))
	b = b[outcomeHead:]
	if n+m > uint64(len(b)) || n+m > uint64(l.metadata) || uint64(len(b))-n-m > uint64(l.accepted) {
		return nil, nil, nil, violation("an outcome of %d bytes with %d bytes of status and %d of metadata", len(b), n, m)
	}
	return b[:n:n], b[n : n+m : n+m], b[n+m : len(b) : len(b)], nil
}

// limits are what an end is willing to take.
type limits struct {
	// message bounds a message, metadata what goes beside one: method, options, metadata and status together.
	message, metadata uint32
	// accepted is a bound on messages that the peer may still go by, if message was larger once.
	accepted uint32
	// calls bounds how many calls may wait for their end, and held the bytes of their requests.
	calls uint32
	held  uint64
}

const (
	helloSize = 24
	mostCalls = 1 << 17
)

func (l limits) hello() []byte {
	b := make([]byte, helloSize)
	binary.LittleEndian.PutUint32(b, version)
	binary.LittleEndian.PutUint32(b[4:], l.message)
	binary.LittleEndian.PutUint32(b[8:], l.metadata)
	binary.LittleEndian.PutUint32(b[12:], l.calls)
	binary.LittleEndian.PutUint64(b[16:], l.held)
	return b
}

func parseHello(b []byte) (limits, error) {
	if len(b) != helloSize || binary.LittleEndian.Uint32(b) != version {
		return limits{}, violation("no hello of version %d: both ends must be built with the same release", version)
	}
	l := limits{
		message:  binary.LittleEndian.Uint32(b[4:]),
		metadata: binary.LittleEndian.Uint32(b[8:]),
		calls:    binary.LittleEndian.Uint32(b[12:]),
		held:     binary.LittleEndian.Uint64(b[16:]),
	}
	l.message = min(l.message, math.MaxInt32)
	l.metadata = min(l.metadata, math.MaxInt32)
	// A peer that never ends calls costs no more memory than this many take.
	l.calls = min(l.calls, mostCalls)
	return l, nil
}
