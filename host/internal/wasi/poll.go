package wasi

import (
	"encoding/binary"
	"fmt"

	"github.com/cofaas/cofaas/host/internal/sockets"
)

// What poll_oneoff reads and writes.
const (
	SubscriptionSize = 48
	EventSize        = 32

	subscriptionTag  = 8
	subscriptionUnit = 16 // the descriptor, or the clock's id
	clockTimeout     = 24
	clockFlags       = 40
	clockIsAbsolute  = 1
	eventErrno       = 8
	eventTag         = 10
)

// Tags of subscriptions and events.
const (
	TagClock = iota
	TagRead
	TagWrite
)

// MaxSubscriptions is how many a call may have: as many as a Go guest ever has.
const MaxSubscriptions = 1 << 16

// Subscription is something that a guest waits for.
type Subscription struct {
	Tag byte
	// FD is the descriptor, unless it is a clock.
	FD uint32
	// Timeout is in ns, at most 1<<62, and from now on unless it is Absolute.
	Timeout  int64
	Absolute bool
}

// Poll is a call of poll_oneoff. It refers to the guest's memory, and is valid as long as that is.
type Poll struct {
	subscriptions, events, count []byte
	n                            uint32
}

// BoundsError is an address that is not in the guest's memory, or not all that is at it.
type BoundsError struct{ Addr, Size uint32 }

func (e *BoundsError) Error() string {
	return fmt.Sprintf("address 0x%x with %d bytes is out of bounds", e.Addr, e.Size)
}

// NewPoll returns the call with the given parameters. It fails with an errno if the guest waits for nothing or too much, and with a
// [*BoundsError] if it gives addresses outside of its memory. Nothing is answered yet.
func NewPoll(mem []byte, in, out, n, count uint32) (p Poll, errno sockets.Errno, err error) {
	if n == 0 || n > MaxSubscriptions {
		return p, sockets.ErrnoInval, nil
	}
	var ok bool
	if p.subscriptions, ok = slice(mem, in, n*SubscriptionSize); !ok {
		return p, 0, &BoundsError{in, n * SubscriptionSize}
	}
	if p.events, ok = slice(mem, out, n*EventSize); !ok {
		return p, 0, &BoundsError{out, n * EventSize}
	}
	if p.count, ok = slice(mem, count, 4); !ok {
		return p, 0, &BoundsError{count, 4}
	}
	return p, 0, nil
}

// Len is the number of subscriptions.
func (p *Poll) Len() int { return len(p.subscriptions) / SubscriptionSize }

// At is the subscription at a place.
func (p *Poll) At(place int) Subscription {
	s := p.subscriptions[place*SubscriptionSize:][:SubscriptionSize]
	out := Subscription{Tag: s[subscriptionTag]}
	if out.Tag == TagClock {
		out.Timeout = int64(min(binary.LittleEndian.Uint64(s[clockTimeout:]), 1<<62))
		out.Absolute = binary.LittleEndian.Uint16(s[clockFlags:])&clockIsAbsolute != 0
	} else {
		out.FD = binary.LittleEndian.Uint32(s[subscriptionUnit:])
	}
	return out
}

// Answer writes an event for the subscription at a place. There is room for one of each.
func (p *Poll) Answer(place int, errno sockets.Errno) {
	if int(p.n) == p.Len() {
		return
	}
	s := p.subscriptions[place*SubscriptionSize:]
	user, tag := binary.LittleEndian.Uint64(s), s[subscriptionTag] // before the event is written: the two may overlap
	e := p.events[p.n*EventSize:][:EventSize]
	clear(e)
	binary.LittleEndian.PutUint64(e, user)
	binary.LittleEndian.PutUint16(e[eventErrno:], uint16(errno))
	e[eventTag] = tag
	p.n++
}

// Done writes the number of events.
func (p *Poll) Done() { binary.LittleEndian.PutUint32(p.count, p.n) }

// Answered is the number of events so far.
func (p *Poll) Answered() int { return int(p.n) }

// slice returns n bytes at an address, which n may not exceed.
func slice(mem []byte, at, n uint32) ([]byte, bool) {
	if uint64(at)+uint64(n) > uint64(len(mem)) {
		return nil, false
	}
	return mem[at : at+n : at+n], true
}
