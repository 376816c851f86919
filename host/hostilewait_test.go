package host

import (
	"context"
	"fmt"
	"io"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/cofaas/cofaas/host/internal/wasi"
	"github.com/cofaas/cofaas/internal/abi"
)

// Hostile guests that know of streams, of events, and of calls that wait.

// The imports of these guests, by index.
const (
	waitDeep = iota
	waitOpen
	waitSend
	waitReceive
	waitCloseSend
	waitSendHeader
	waitHeader
	waitEnd
	waitClose
	waitFinish
	waitTake
	waitAbandon
	waitEvents
	waitPoll
)

// Where they have what they pass to imports.
const (
	nameAt   = dataAt
	pollAt   = 768 // two subscriptions
	cutOffAt = 960
	outAt    = 1536
	flowBoth = "/test.Flow/Both"
)

// hostileWait is what a guest does in its Act and, as a server, in Both.
type hostileWait struct {
	name string
	act  code
	// control are words of the control block beyond what makes an arena.
	control map[uint32]uint32
	// resume gives it an export cofaas-resume.
	resume code
	// want is the message when the instance dies; empty is a good result.
	want string
	// server says that it is a server's end that act uses.
	server bool
}

// ops calls an import with constants; the result, if there is one, is dropped.
func ops(imported uint32, args ...uint32) code {
	var c code
	for _, a := range args {
		c = append(c, i32Const(a)...)
	}
	c = append(c, call(imported)...)
	switch imported {
	case waitDeep, waitCloseSend, waitSendHeader, waitClose, waitFinish, waitTake, waitAbandon:
		return c
	}
	return append(c, drop...)
}

var openBoth = ops(waitOpen, nameAt, uint32(len(flowBoth)), 0, 0, 0)

func (h *hostileWait) guest() []byte {
	w := &wasm{pages: 1}
	streams := func(name string, params, results int) { w.imported(streamsInterface, name, i32s(params, results)) }
	w.imported("proto:test/deep", "echo", i32s(5, 0))
	streams("open", 5, 1)
	streams("send", 3, 1)
	streams("receive", 4, 1)
	streams("close-send", 1, 0)
	streams("send-header", 3, 0)
	streams("header", 2, 1)
	streams("end", 3, 1)
	streams("close", 1, 0)
	w.imported(runtimeInterface, "finish", i32s(2, 0))
	w.imported(runtimeInterface, "take", i32s(2, 0))
	w.imported(runtimeInterface, "abandon", i32s(1, 0))
	w.imported(runtimeInterface, "take-events", i32s(2, 1))
	w.imported(wasi.Module, "poll_oneoff", i32s(4, 1))
	heap := w.global(heapAt)
	w.function("cabi_realloc", i32s(4, 1), 1, bumpRealloc(heap))
	act := seq(h.act, i32Const(resultAt))
	if h.server {
		for _, name := range []string{"up", "down"} {
			w.function("proto:test/flow#"+name, i32s(1, 1), 0, i32Const(resultAt))
		}
		w.function("proto:test/flow#both", i32s(1, 1), 0, act)
		act = i32Const(resultAt)
	}
	w.function("proto:test/front#act", i32s(4, 1), 0, act)
	w.function("proto:test/front#echo", i32s(4, 1), 0, relay(waitDeep, echoResultAt))
	w.function("cabi_post_proto:test/front#act", i32s(1, 0), 0, i32Const(heapAt), globalSet(heap))
	w.function("cabi_post_proto:test/front#echo", i32s(1, 0), 0, i32Const(heapAt), globalSet(heap))
	w.function(controlExport, i32s(0, 1), 0, i32Const(controlAt))
	if h.resume != nil {
		w.function(resumeExport, i32s(0, 0), 0, h.resume)
	}
	for at, v := range h.control {
		w.words(controlAt+at, v)
	}
	w.words(resultAt, shape(0, 0, 0, 0, 0, 0, 0, 0)...)
	w.bytes(nameAt, []byte(flowBoth))
	w.bytes(pollAt, subscribe(toRead(standbyFD, wasi.TagRead), toClock(time.Millisecond, 0)))
	w.words(cutOffAt, 1, 0xffffffff, 0, 0)
	return w.binary()
}

// flowGuest serves Flow: each method sends one Blob and ends.
func flowGuest() []byte {
	w := &wasm{pages: 1}
	send := w.imported(streamsInterface, "send", i32s(3, 1))
	heap := w.global(heapAt)
	w.function("cabi_realloc", i32s(4, 1), 1, bumpRealloc(heap))
	for _, name := range []string{"up", "down", "both"} {
		w.function("proto:test/flow#"+name, i32s(1, 1), 0, localGet(0), i32Const(dataAt), i32Const(outAt), call(send), drop, i32Const(resultAt))
	}
	return w.binary()
}

func noStream(n uint32) string {
	return fmt.Sprintf("function hostile: guest trapped: there is no stream %d (recovered by wazero)", n)
}

func outOfBounds(at uint32, n int) string {
	return fmt.Sprintf("function hostile: guest trapped: address 0x%x with %d bytes is out of bounds (recovered by wazero)", at, n)
}

const trapped = "function hostile: guest trapped: "

var hostileWaits = []hostileWait{
	{name: "send to stream 0", act: ops(waitSend, 0, 0, outAt), want: noStream(0)},
	{name: "send to an invented stream", act: ops(waitSend, 7, 0, outAt), want: noStream(7)},
	{name: "send to a huge number", act: seq(openBoth, ops(waitSend, 0xffffffff, 0, outAt)), want: noStream(0xffffffff)},
	{name: "receive from an invented stream", act: ops(waitReceive, 1, outAt, 1, outAt), want: noStream(1)},
	{name: "close the sending of an invented stream", act: ops(waitCloseSend, 1), want: noStream(1)},
	{name: "send the header of an invented stream", act: ops(waitSendHeader, 1, 0, 0), want: noStream(1)},
	{name: "header of an invented stream", act: ops(waitHeader, 1, outAt), want: noStream(1)},
	{name: "end of an invented stream", act: ops(waitEnd, 1, outAt, outAt), want: noStream(1)},
	{name: "close an invented stream", act: ops(waitClose, 1), want: noStream(1)},
	{name: "close twice", act: seq(openBoth, ops(waitClose, 1), ops(waitClose, 1))},
	{name: "open a wild name", act: ops(waitOpen, memoryEnd, 1, 0, 0, 0), want: outOfBounds(memoryEnd, 1)},
	{name: "open with wild options", act: ops(waitOpen, nameAt, uint32(len(flowBoth)), 0, 0xffffffff, 2), want: outOfBounds(0xffffffff, 2)},
	{name: "open a method that is not called", act: ops(waitOpen, nameAt, 3, 0, 0, 0),
		want: trapped + "a stream of a method is opened that the function does not call (recovered by wazero)"},
	{name: "open and forget", act: openBoth},
	{name: "wild place for messages", act: seq(openBoth, forever(ops(waitReceive, 1, memoryEnd-2, 1, outAt))), want: outOfBounds(memoryEnd-2, 4)},
	{name: "wild header of a client", act: seq(openBoth, ops(waitSendHeader, 1, memoryEnd-1, 2)), want: outOfBounds(memoryEnd-1, 2)},
	{name: "header that is cut off", act: seq(openBoth, ops(waitSendHeader, 1, cutOffAt, 16)),
		want: trapped + errReplyMeta.Error() + " (recovered by wazero)"},
	{name: "wild place for the end", act: seq(openBoth, forever(ops(waitEnd, 1, memoryEnd-4, outAt))), want: outOfBounds(memoryEnd-4, 8)},
	{name: "finish a call that is not in progress", act: ops(waitFinish, 9, resultAt),
		want: trapped + "a call ends that is not in progress (recovered by wazero)"},
	{name: "take what was not called", act: ops(waitTake, 1, outAt),
		want: trapped + "the result of a call is taken that was not made (recovered by wazero)"},
	{name: "abandon what was not called", act: ops(waitAbandon, 1), want: trapped + "a call is abandoned that was not made (recovered by wazero)"},
	{name: "wild place for events", act: ops(waitEvents, 0xffffffff, 32), want: outOfBounds(0xffffffff, 0)},
	{name: "leave without cofaas-resume", control: map[uint32]uint32{controlLeft: 1},
		want: "function hostile: a call waits in a guest that cannot be resumed"},
	{name: "timer without cofaas-resume", act: ops(waitPoll, pollAt, outAt, 2, resultAt+64)},
	{name: "stream without cofaas-resume", act: seq(openBoth, ops(waitReceive, 1, outAt, 1, outAt), ops(waitEnd, 1, outAt, outAt))},
	{name: "take no events", resume: code{}, act: seq(openBoth, ops(waitReceive, 1, outAt, 1, outAt), ops(waitEnd, 1, outAt, outAt))},
	{name: "poll at a wild place", act: ops(waitPoll, memoryEnd-8, outAt, 1, outAt), want: outOfBounds(memoryEnd-8, 48)},
	{name: "poll for too much", act: ops(waitPoll, pollAt, outAt, 0x1000, outAt), want: outOfBounds(pollAt, 0x1000*48)},
	{name: "poll with a wild number", act: ops(waitPoll, pollAt, outAt, 1, 0xfffffffe), want: outOfBounds(0xfffffffe, 4)},
	{name: "poll with wild events", act: ops(waitPoll, pollAt, 0xffffffff, 1, outAt), want: outOfBounds(0xffffffff, 32)},

	{name: "server: close", server: true, act: ops(waitClose, 1), want: trapped + "a server closes the stream of its call (recovered by wazero)"},
	{name: "server: wild message", server: true, act: ops(waitSend, 1, memoryEnd-8, outAt), want: outOfBounds(memoryEnd-8, 16)},
	{name: "server: wild header", server: true, act: ops(waitSendHeader, 1, 1, 0xffffffff), want: outOfBounds(1, 0xffffffff)},
	{name: "server: another stream", server: true, act: ops(waitSend, 2, 0, outAt), want: noStream(2)},
	{name: "server: exit of a result", server: true, act: seq(i32Const(memoryEnd), code{0x0f}),
		want: "function hostile: address 0x10000 with 24 bytes is out of bounds"},
	{name: "server: leave without cofaas-resume", server: true, control: map[uint32]uint32{controlLeft: 1},
		want: "function hostile: a call waits in a guest that cannot be resumed"},
}

var flowsSpec = Function{Name: "flow", Exports: []string{"test.Flow"}}

// The caller of a hostile guest gets a status, and neither the host nor other functions notice anything.
func TestHostile_waits(t *testing.T) {
	for i := range hostileWaits {
		h := &hostileWaits[i]
		t.Run(h.name, func(t *testing.T) {
			spec := Function{Name: "hostile", Exports: []string{"test.Front"}, Imports: []string{"test.Deep", "test.Flow"}}
			others := guests{{goodSpec, goodCode}, {flowsSpec, flowGuest()}}
			edges := []Edge{{"hostile", "good", "test.Deep"}, {"hostile", "flow", "test.Flow"}}
			if h.server {
				spec.Exports, spec.Imports, others, edges = append(spec.Exports, "test.Flow"), spec.Imports[:1], others[:1], edges[:1]
			}
			app := newApp(t, append(guests{{spec, h.guest()}}, others...), edges...)
			s := serve(t, app, Options{MaxInstances: 2, MaxMemory: 4 << 20, Overrun: time.Second})
			good := s.functions["good"].pool.idle[0]
			for range 3 {
				var err error
				if h.server {
					err = s.stream(t.Context(), flowBoth)
				} else {
					_, err = s.call(t.Context(), "Front/Act", nil)
				}
				switch got := status.Convert(err); {
				case h.want == "" && err != nil:
					t.Errorf("got %v", err)
				case h.want != "" && (got.Code() != codes.Internal || got.Message() != h.want):
					t.Errorf("got  %v: %s\nwant %v: %s", got.Code(), got.Message(), codes.Internal, h.want)
				}
				time.Sleep(2 * time.Millisecond) // for what may come later
				// A guest that can be resumed must know of calls that wait, as a slow one gets a thread of its own.
				if h.control == nil && h.resume == nil {
					s.checkEcho(t, "Front/Echo")
				}
			}
			if got := s.functions["good"].pool.idle[0]; got != good {
				t.Error("the instance of another function was replaced")
			}
		})
	}
}

// stream makes a streaming call that sends a message and receives all there are.
func (s *served) stream(ctx context.Context, method string) error {
	cs, err := s.conn.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, method)
	if err != nil {
		return err
	}
	if err := cs.SendMsg(wrapperspb.Bytes([]byte("abc"))); err != nil && err != io.EOF {
		return err
	}
	_ = cs.CloseSend()
	for {
		if err := cs.RecvMsg(new(wrapperspb.BytesValue)); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// A streaming handler that goes on when nobody waits for it any more is ended, whether it has waited before or not, and so is a guest
// that sleeps on the host's thread.
func TestWatch_waits(t *testing.T) {
	stop := uint32(1)
	spin := forever(i32Const(0), memoryGrow, drop, globalGet(stop), when(unreachable))
	for _, tt := range []struct {
		name   string
		body   code
		method string
	}{
		{"stream", spin, flowBoth},
		{"sleep", seq(callRuntime(0, pollAt, outAt, 1, outAt), drop, drop), "Front/Act"},
		{"sleep in a stream", seq(callRuntime(0, pollAt, outAt, 1, outAt), drop, drop), flowBoth},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := &wasm{}
			w.imported(wasi.Module, "poll_oneoff", i32s(4, 1))
			newGuestModule(w, methodCode{"front#echo", returnBlob(localGet(0), localGet(1))}, methodCode{"front#act", seq(tt.body, unreachable)})
			for _, name := range []string{"up", "down", "both"} {
				w.function("proto:test/flow#"+name, i32s(1, 1), 0, tt.body, unreachable)
			}
			if got := w.global(0); got != stop {
				t.Fatal("the global has another index")
			}
			w.exports = append(w.exports, append(append(wasmName(abi.StopGlobal), 3), uleb(nil, stop)...))
			w.bytes(pollAt, subscribe(toClock(time.Hour, 0)))
			s := serve(t, newApp(t, guests{{Function{Name: "spin", Exports: []string{"test.Front", "test.Flow"}}, w.binary()}}),
				Options{MaxInstances: 1, Overrun: 5 * time.Millisecond})
			for range 3 {
				s.ended(t, "spin", 60*time.Millisecond, func(d time.Duration) {
					ctx, cancel := context.WithTimeout(t.Context(), d)
					defer cancel()
					var err error
					if tt.method == flowBoth {
						err = s.stream(ctx, flowBoth)
					} else {
						_, err = s.call(ctx, tt.method, nil)
					}
					if status.Code(err) != codes.DeadlineExceeded {
						t.Errorf("got %v", err)
					}
				})
				s.checkEcho(t, "Front/Echo")
			}
		})
	}
}
