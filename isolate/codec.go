package isolate

import (
	"fmt"
	"slices"
	"sync"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"

	"github.com/cofaas/cofaas/guest"
)

// messageOf returns m as a message, nil if it is none.
func messageOf(m any) proto.Message {
	switch m := m.(type) {
	case protoadapt.MessageV2:
		return m
	case protoadapt.MessageV1:
		return protoadapt.MessageV2Of(m)
	}
	return nil
}

// sized has just computed the size.
var sized = proto.MarshalOptions{UseCachedSize: true}

// buffer is memory in which a message is encoded. It is reused.
type buffer struct{ bytes []byte }

// Small messages do not keep the memory of large ones, of which there are few at a time: the collector takes what is not used.
const smallBuffer = 64 << 10

var smallBuffers, largeBuffers = sync.Pool{New: newBuffer}, sync.Pool{New: newBuffer}

func newBuffer() any { return new(buffer) }

// measured is a message whose size is known.
type measured struct {
	msg  proto.Message
	size int
}

// measure returns m, which is to be encoded. The error is grpc-go's.
func measure(m any) (measured, *guest.Status) {
	msg := messageOf(m)
	if msg == nil {
		return measured{}, guest.NotLowered(fmt.Errorf("proto: failed to marshal, message is %T, want proto.Message", m))
	}
	return measured{msg, proto.Size(msg)}, nil
}

// isLarge says that it makes a difference how many such messages there are in memory.
func (m measured) isLarge() bool { return m.size > smallBuffer }

// encode encodes a message that was just measured. The buffer is given back with free. The error is grpc-go's.
func (m measured) encode() (*buffer, *guest.Status) {
	pool := &smallBuffers
	if m.isLarge() {
		pool = &largeBuffers
	}
	b := pool.Get().(*buffer)
	encoded, err := sized.MarshalAppend(slices.Grow(b.bytes[:0], m.size), m.msg)
	if err != nil {
		b.free()
		return nil, guest.NotLowered(err)
	}
	b.bytes = encoded
	return b, nil
}

// encode measures and encodes m.
func encode(m any) (*buffer, *guest.Status) {
	sized, st := measure(m)
	if st != nil {
		return nil, st
	}
	return sized.encode()
}

func (b *buffer) free() {
	if cap(b.bytes) > smallBuffer {
		largeBuffers.Put(b)
	} else {
		smallBuffers.Put(b)
	}
}

// decode decodes a message, of which nothing is kept, into m.
func decode(b []byte, m any) *guest.Status {
	msg := messageOf(m)
	if msg == nil {
		return guest.NotLifted(fmt.Errorf("failed to unmarshal, message is %T, want proto.Message", m))
	}
	if err := proto.Unmarshal(b, msg); err != nil {
		return guest.NotLifted(err)
	}
	return nil
}
