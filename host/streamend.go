package host

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cofaas/cofaas/host/engine"
	"github.com/cofaas/cofaas/host/internal/link"
	"github.com/cofaas/cofaas/host/internal/transcode"
	"github.com/cofaas/cofaas/internal/abi"
)

// streamsInterface is what guests with streams import: functions that never wait. One that would have to wait says so, and there is
// an event when it is worth while to call it again.
const streamsInterface = abi.StreamsInterface

// streamEnd is an end of a stream in an instance.
type streamEnd struct {
	stream  *stream
	inst    *instance
	id      uint32
	out, in *queue
	// send lowers and receive lifts messages of the method.
	send, receive streamMessage
	// failed is why nothing more can be received.
	failed *status.Status
	// rest are messages that have been taken and not given to the guest, from next on; nil for none.
	rest *parcel
	next int
	// outbox is where the guest gathers messages to be sent; see outbox.go.
	outbox
	// spin says whether to wait for messages without giving the thread back.
	spin
}

// streamMessage is how messages of one direction travel.
type streamMessage struct {
	plan *abi.Plan
	wire *transcode.Message
}

// wake implements waker.
func (e *streamEnd) wake() { e.inst.fn.pool.post(e.inst, event{eventStream, e.id}) }

// open makes an end of a stream in an instance that the caller owns.
func (i *instance) open(s *stream, out, in *queue) *streamEnd {
	e := &streamEnd{stream: s, inst: i, out: out, in: in}
	m := s.method
	request, reply := streamMessage{m.requestPlan, m.request}, streamMessage{m.replyPlan, m.reply}
	e.send, e.receive = request, reply
	if out == &s.down {
		e.send, e.receive = reply, request
	}
	if i.ends == nil {
		i.ends = map[uint32]*streamEnd{}
	}
	i.lastEnd++
	e.id = i.lastEnd
	i.ends[e.id] = e
	return e
}

// shut forgets an end.
func (i *instance) shut(e *streamEnd) { delete(i.ends, e.id) }

// end returns the end with a number, or nil if it has been shut: a goroutine of the guest may still be using it.
func (i *instance) end(id uint32) (*streamEnd, error) {
	if id == 0 || id > i.lastEnd {
		return nil, &link.BadValueError{Problem: fmt.Sprintf("there is no stream %d", id)}
	}
	return i.ends[id], nil
}

// streamImports implements interface cofaas:host/streams for a function.
func streamImports(f *function) []engine.Import {
	i32 := abi.I32
	list := func(n int) []abi.Core {
		out := make([]abi.Core, n)
		for i := range out {
			out[i] = i32
		}
		return out
	}
	imp := func(name string, params, results int, fn func(i *instance, stack []uint64) (uint32, error)) engine.Import {
		return engine.Import{
			Module: streamsInterface, Name: name, Params: list(params), Results: list(results),
			Func: func(state any, stack []uint64) error {
				i := state.(*instance)
				if name != "send" { // which has an eye on the one outbox that matters
					if err := i.sendGathered(); err != nil {
						return err
					}
				}
				r, err := fn(i, stack)
				if results > 0 {
					stack[0] = uint64(r)
				}
				return err
			},
		}
	}
	// onEnd is an import whose first parameter is a stream.
	onEnd := func(name string, params, results int, fn func(e *streamEnd, stack []uint64) (uint32, error)) engine.Import {
		return imp(name, params, results, func(i *instance, stack []uint64) (uint32, error) {
			e, err := i.end(uint32(stack[0]))
			switch {
			case err != nil:
				return 0, err
			case e != nil:
				return fn(e, stack)
			case name == "receive":
				return streamOver << 16, nil
			default:
				return streamOver, nil
			}
		})
	}
	return []engine.Import{
		// open: func(method: string, route: u32, options: list<u8>) -> u32
		imp("open", 5, 1, func(i *instance, stack []uint64) (uint32, error) {
			method, err := i.text(stack[0], stack[1])
			if err != nil {
				return 0, err
			}
			options, err := i.read(stack[3], stack[4])
			if err != nil {
				return 0, err
			}
			return i.openStream(f.streams[method], uint32(stack[2]), options)
		}),
		// send: func(stream: u32, message: u32, problem: u32) -> u32
		onEnd("send", 3, 1, func(e *streamEnd, stack []uint64) (uint32, error) {
			return e.sendMessage(uint32(stack[1]), uint32(stack[2]))
		}),
		// flush: func(), which has been done when it comes here
		imp(abi.FlushImport, 0, 0, func(*instance, []uint64) (uint32, error) { return 0, nil }),
		// outbox: func(stream: u32, outbox: u32)
		onEnd("outbox", 2, 0, func(e *streamEnd, stack []uint64) (uint32, error) {
			return 0, e.setOutbox(uint32(stack[1]))
		}),
		// receive: func(stream: u32, at: u32, n: u32, problem: u32) -> u32
		onEnd("receive", 4, 1, func(e *streamEnd, stack []uint64) (uint32, error) {
			return e.receiveMessages(uint32(stack[1]), uint32(stack[2]), uint32(stack[3]))
		}),
		// close-send: func(stream: u32)
		onEnd("close-send", 1, 0, func(e *streamEnd, _ []uint64) (uint32, error) {
			e.stream.closeQueue(e.out)
			return 0, nil
		}),
		// send-header: func(stream: u32, header: list<u8>)
		onEnd("send-header", 3, 0, func(e *streamEnd, stack []uint64) (uint32, error) {
			meta, err := e.inst.read(stack[1], stack[2])
			if err != nil {
				return 0, err
			}
			if len(meta) > maxMetadata || !wholeMeta(meta) {
				return 0, errReplyMeta
			}
			e.stream.sendHeader(append([]byte(nil), meta...))
			return 0, nil
		}),
		// header: func(stream: u32, list: u32) -> u32
		onEnd("header", 2, 1, func(e *streamEnd, stack []uint64) (uint32, error) { return e.giveHeader(uint32(stack[1])) }),
		// end: func(stream: u32, list: u32, problem: u32) -> u32
		onEnd("end", 3, 1, func(e *streamEnd, stack []uint64) (uint32, error) {
			return e.giveEnd(uint32(stack[1]), uint32(stack[2]))
		}),
		// close: func(stream: u32)
		onEnd("close", 1, 0, func(e *streamEnd, _ []uint64) (uint32, error) {
			if e.out != &e.stream.up {
				return 0, &link.BadValueError{Problem: "a server closes the stream of its call"}
			}
			e.inst.shut(e)
			e.stream.leave()
			return 0, nil
		}),
	}
}

// openStream begins a call of a streaming method and returns the number of the caller's end. Whatever is wrong with the call is how it
// ends; an error is the caller's fault.
func (i *instance) openStream(e *edge, route uint32, options []byte) (uint32, error) {
	if e == nil {
		return 0, &link.BadValueError{Problem: "a stream of a method is opened that the function does not call"}
	}
	to, conn, st, err := i.destination(e, route)
	if err != nil {
		return 0, err
	}
	cc := callContext{depth: i.depth + 1}
	if err := i.takeContext(&cc); err != nil {
		return 0, err
	}
	f := i.fn
	parent := context.Background()
	if conn != nil || to != nil && to.fn.native != nil {
		parent = f.host.remotes.ctx
	}
	s := newStream(parent, e.method)
	s.profile = e.profileTo(to).stream(i.fn.host.profile)
	end := i.open(s, &s.up, &s.down)
	s.client = end
	switch {
	case st != nil:
		s.end(st, nil)
	case cc.deadline != 0 && time.Now().UnixNano() >= cc.deadline:
		s.end(status.New(codes.DeadlineExceeded, context.DeadlineExceeded.Error()), nil)
	case to != nil && to.fn.native != nil:
		s.goBeyond(f.host.remotes, to.fn.native, &cc)
	case conn != nil:
		cc.options = options
		s.goBeyond(conn.remotes, conn, &cc)
	default:
		fn := to.fn
		// A thread of its own: there is no telling how long the callee goes on before it waits for the first time.
		cc.depth = 0
		fn.pool.runs.Add(1)
		go func() {
			defer fn.pool.runs.Done()
			callee, err := fn.pool.get(s.ctx, 0)
			if err != nil {
				s.end(callError(fn.name, err), nil)
				return
			}
			s.serve(to, callee, cc)
		}()
	}
	return end.id, nil
}

// sendMessage sends the message whose record is at an address, after those that the guest has gathered. It says with a status at another
// address why that cannot be done.
func (e *streamEnd) sendMessage(at, problem uint32) (uint32, error) {
	gathered, err := e.takeGathered()
	if err != nil {
		return 0, err
	}
	s, i := e.stream, e.inst
	s.mu.Lock()
	state := s.mayPut(e.out)
	var p *parcel
	if state == streamDone || state == streamBlocked && len(gathered) > 0 {
		p = e.out.empty()
	}
	s.mu.Unlock()
	if p != nil {
		if err := e.fill(p, gathered); err != nil {
			return 0, err
		}
		if state == streamDone {
			err = e.add(p, at)
		}
		if link.FaultOf(err) == link.SourceFault {
			return 0, err
		}
		if p.size > 0 {
			s.put(e.out, p)
		}
	}
	e.pace(len(gathered)+1, state)
	switch {
	case err != nil:
		return streamFailed, s.method.putStatusAt(i, problem, callError(i.fn.name, err))
	case state == streamFailed:
		return streamFailed, s.method.putStatusAt(i, problem, errCanceled())
	default:
		return uint32(state), nil
	}
}

// add adds the message whose record is at an address to a parcel.
func (e *streamEnd) add(p *parcel, at uint32) error {
	i := e.inst
	limit := i.fn.host.opts.MaxMessage
	if !e.isWire() {
		err := p.records.Add(e.send.plan, i.Bytes(), at, limit)
		p.size = p.records.Size()
		return err
	}
	if _, err := i.read(uint64(at), uint64(e.send.plan.Size)); err != nil {
		return err
	}
	wire, err := transcode.Encode(e.send.wire, i.Bytes(), at, nil, limit)
	p.wire, p.size = wire, max(len(wire), 1)
	return err
}

// isWire says that the receiver of what is sent is not a guest.
func (e *streamEnd) isWire() bool {
	if e.out == &e.stream.up {
		return e.stream.isRemote
	}
	return e.stream.isOutside
}

// maxBatch is how many messages a guest gets at a time, and batchBytes how much of them beyond the first parcel.
const (
	maxBatch   = 64
	batchBytes = 64 << 10
)

// receiveMessages stores the addresses of up to n messages at an address. It returns the state in the upper half and their number.
func (e *streamEnd) receiveMessages(at, n, problem uint32) (uint32, error) {
	s, i := e.stream, e.inst
	if e.failed != nil {
		return streamFailed << 16, s.method.putStatusAt(i, problem, e.failed)
	}
	var addrs [maxBatch]uint32
	out := addrs[:min(n, maxBatch)]
	var taken int
	if e.rest != nil {
		var err error
		if taken, err = e.giveRest(out); err != nil {
			return 0, err
		}
	} else {
		var batch [maxBatch]*parcel
		parcels, state := e.await(batch[:len(out)])
		if state != streamDone {
			var err error
			if state == streamFailed {
				err = s.method.putStatusAt(i, problem, errCanceled())
			}
			return uint32(state) << 16, err
		}
		for _, p := range batch[:parcels] {
			given, err := e.give(p, out[taken:])
			taken += given
			if link.FaultOf(err) == link.TargetFault {
				return 0, err
			}
			if err != nil {
				e.failed = requestError(err)
				break
			}
		}
		s.recycle(e.in, batch[:parcels])
		if taken == 0 && e.failed != nil {
			return streamFailed << 16, s.method.putStatusAt(i, problem, e.failed)
		}
		// What came before a failure is good.
	}
	mem, err := i.read(uint64(at), uint64(taken)*4)
	if err != nil {
		return 0, err
	}
	for j, addr := range out[:taken] {
		binary.LittleEndian.PutUint32(mem[4*j:], addr)
	}
	return streamDone<<16 | uint32(taken), nil
}

// give places messages in the guest, and stores their addresses in out. Those for which there is no room are the rest.
func (e *streamEnd) give(p *parcel, out []uint32) (n int, err error) {
	switch n = p.len(); {
	case p.records.Len() == 0:
		out[0], err = transcode.Decode(e.receive.wire, p.wire, e.inst, e.inst.fn.host.opts.MaxMessage)
	case n <= len(out):
		err = p.records.Deliver(e.receive.plan, e.inst, out)
	default:
		// A copy: the sender uses the parcel again.
		e.rest, e.next = &parcel{records: p.records.Clone()}, 0
		return e.giveRest(out)
	}
	if err != nil {
		n = 0
	}
	return n, err
}

// giveRest is give for the rest.
func (e *streamEnd) giveRest(out []uint32) (n int, err error) {
	for n < len(out) && e.next < e.rest.len() {
		if out[n], err = e.rest.records.DeliverOne(e.receive.plan, e.next, e.inst); err != nil {
			return 0, err
		}
		n++
		e.next++
	}
	if e.next == e.rest.len() {
		e.rest = nil
	}
	return n, nil
}

// giveHeader stores the list of the header at an address.
func (e *streamEnd) giveHeader(at uint32) (uint32, error) {
	s := e.stream
	s.mu.Lock()
	meta, has, over := s.header, s.hasHeader, s.ended || s.cancelled
	if !has && !over {
		s.clientWaits = true
	}
	s.mu.Unlock()
	switch {
	case has:
		return streamDone, e.inst.giveMeta(at, meta)
	case over:
		return streamOver, nil
	default:
		return streamBlocked, nil
	}
}

// giveEnd stores the list of the trailer at an address and, if the call has failed, the status at another.
func (e *streamEnd) giveEnd(at, problem uint32) (uint32, error) {
	s := e.stream
	s.mu.Lock()
	st, meta, over := s.st, s.trailer, s.ended
	if !over {
		s.clientWaits = true
	}
	s.mu.Unlock()
	if !over {
		return streamBlocked, nil
	}
	if err := e.inst.giveMeta(at, meta); err != nil || st == nil {
		return streamDone, err
	}
	return streamFailed, s.method.putStatusAt(e.inst, problem, st)
}

// giveMeta stores a list of bytes at an address.
func (i *instance) giveMeta(at uint32, meta []byte) error {
	ptr, err := putBytes(i, meta)
	if err != nil {
		return err
	}
	return i.writeList(at, ptr, uint32(len(meta)))
}
