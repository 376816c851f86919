package driver

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"runtime"
	"time"
	"unsafe"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/cofaas/cofaas/guest"
)

// Time prints how many nanoseconds a call of f takes, in the mean of n.
func Time(name string, n int, f func() error) error {
	for range n / 10 { // The heap has to grow to its size.
		if err := f(); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	start := time.Now()
	for range n {
		if err := f(); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	_, err := fmt.Printf("%s %f\n", name, float64(time.Since(start).Nanoseconds())/float64(n))
	return err
}

// TimeProtobuf is Time of protobuf-go, for programs that run natively and for guests.
func TimeProtobuf(mt protoreflect.MessageType, wire []byte, n int) error {
	x := mt.New().Interface()
	if err := proto.Unmarshal(wire, x); err != nil {
		return err
	}
	return errors.Join(
		Time("unmarshal", n, func() error { return proto.Unmarshal(wire, mt.New().Interface()) }),
		Time("marshal", n, func() error {
			_, err := proto.Marshal(x)
			return err
		}))
}

// timeMessage is Time of protobuf-go and of calls, with a message in hexadecimal.
func timeMessage(m *method, text string, block, n int) error {
	wire, err := hex.DecodeString(text)
	if err != nil {
		return err
	}
	if err := TimeProtobuf(m.messageType, wire, n); err != nil {
		return err
	}
	return m.timeCalls(wire, block, n)
}

// timeCalls is Time of calls of the export whose handler only lifts its request, and of calls whose handler only lowers its reply.
// Each request takes block bytes of memory.
func (m *method) timeCalls(wire []byte, block, n int) error {
	x := m.messageType.New().Interface()
	if err := proto.Unmarshal(wire, x); err != nil {
		return err
	}
	serve, ok := m.serve.Interface().(func(uint32) unsafe.Pointer)
	if !ok {
		return fmt.Errorf("%s fits in core parameters", m.Request.Name)
	}

	// One request serves all calls: kept roots it.
	var request uint32
	m.exp.Bind(handlerFunc(func(c *guest.ServerCall) *guest.Status {
		request = c.Request().Address()
		return c.Lower(goMessage(x))
	}))
	reply := m.messageType.New().Interface()
	if st := m.imp.Invoke(context.Background(), nil, nil, goMessage(x), goMessage(reply)); st != nil {
		return (*statusError)(st)
	}
	if err := same("the caller", reply, x); err != nil {
		return err
	}

	var failed *guest.Status
	call := func() error {
		if serve(request); failed != nil {
			return (*statusError)(failed)
		}
		return nil
	}
	lift := handlerFunc(func(c *guest.ServerCall) *guest.Status {
		// Strings of a message refer to where the host has put them, so every request takes new memory. Guests provide it by the
		// chunk, which is cheaper than this.
		fresh := make([]byte, block)
		in := m.messageType.New().Interface()
		if err := c.Decoder()(goMessage(in)); err != nil {
			failed = statusOf(err)
		}
		runtime.KeepAlive(fresh)
		return failed
	})
	lower := handlerFunc(func(c *guest.ServerCall) *guest.Status {
		failed = c.Lower(goMessage(x))
		return failed
	})
	m.exp.Bind(lift)
	if err := Time("lift", n, call); err != nil {
		return err
	}
	m.exp.Bind(lower)
	return Time("lower", n, call)
}

type handlerFunc func(c *guest.ServerCall) *guest.Status

func (f handlerFunc) Serve(c *guest.ServerCall) *guest.Status { return f(c) }
