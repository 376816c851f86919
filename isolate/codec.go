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

// encode encodes m. The buffer is given back with free, whether or not there is an error: grpc-go's.
func encode(m any) (*buffer, *guest.Status) {
	msg := messageOf(m)
	if msg == nil {
		return nil, guest.NotLowered(fmt.Errorf("proto: failed to marshal, message is %T, want proto.Message", m))
	}
	size := proto.Size(msg)
	pool := &smallBuffers
	if size > smallBuffer {
		pool = &largeBuffers
	}
	b := pool.Get().(*buffer)
	encoded, err := sized.MarshalAppend(slices.Grow(b.bytes[:0], size), msg)
	if err != nil {
		b.free()
		return nil, guest.NotLowered(err)
	}
	b.bytes = encoded
	return b, nil
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
