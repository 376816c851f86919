package grpc

import "github.com/cofaas/cofaas/guest"

// Messages of a stream on which there is nothing to do but to pass them on go around SendMsg and RecvMsg, which take messages of any
// type, one at a time: that would cost a guest several times what the rest does. The bindings have functions for their type that gather
// messages to be sent, and lift all that have been received. Whatever else there is to do, waiting and failing included, remains to
// SendMsg and RecvMsg.

// plainStream is a stream that may have nothing to do with messages beside passing them on.
type plainStream interface {
	// plain returns the transport if that is so, or nil. It is asked after a message has been sent or received.
	plain() *guest.Stream
}

func plainTransport(t transport, rare bool) *guest.Stream {
	if s, ok := t.(*guest.Stream); ok && !rare {
		return s
	}
	return nil
}

// sender is the side of a stream that sends messages of a type.
type sender[T any] struct {
	stream *guest.Stream
	gather func(*guest.Stream, *T) bool // nil until a message has been sent, and if there is none
	asked  bool
}

// send sends a message that was not gathered.
func (x *sender[T]) send(s interface{ SendMsg(m any) error }, m *T) error {
	err := s.SendMsg(m)
	if err != nil || x.asked {
		return err
	}
	x.asked = true
	if p, ok := s.(plainStream); ok {
		if x.stream = p.plain(); x.stream != nil {
			x.gather = guest.GathererOf[T](x.stream)
		}
	}
	return nil
}

// receiver is the side of a stream that receives messages of a type.
type receiver[T any] struct {
	stream *guest.Stream
	// ready are messages that have been lifted, to be received from used on.
	ready []T
	used  int
	lift  func(*guest.Stream) []T // nil until a message has been received, and if there is none
	asked bool
}

// next returns a message that is ready, or nil.
func (x *receiver[T]) next() *T {
	if x.used >= len(x.ready) || x.stream.IsSealed() {
		return nil
	}
	m := &x.ready[x.used]
	x.used++
	return m
}

// receive receives a message when none is ready, and makes ready what has come with it.
func (x *receiver[T]) receive(s interface{ RecvMsg(m any) error }) (*T, error) {
	x.ready, x.used = nil, 0
	m := new(T)
	if err := s.RecvMsg(m); err != nil {
		return nil, err
	}
	if !x.asked {
		x.asked = true
		if p, ok := s.(plainStream); ok {
			if x.stream = p.plain(); x.stream != nil {
				x.lift = guest.LifterOf[T](x.stream)
				x.stream.OnRecv(x.unread)
			}
		}
	}
	if x.lift != nil && x.stream.Pending() > 0 {
		x.ready = x.lift(x.stream)
	}
	return m, nil
}

// unread returns how many messages are ready, and makes them be so no more: RecvMsg is called, and is to have the next one.
func (x *receiver[T]) unread() int {
	n := len(x.ready) - x.used
	x.ready, x.used = nil, 0
	return n
}
