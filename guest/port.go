package guest

import "context"

// A guest is one thread, and the host enters it by calling exports. A call that does not have to wait is over when its export
// returns. When it has to wait, for time to pass or for another function, the host is given its thread back: the export is left
// before it has returned, and the call is finished later, in whatever export then happens to run.
//
// Exports run on the stack of one goroutine, the port, which is the one that was running when the host got control. To leave an
// export whose handler waits, another goroutine, the standby, becomes the port: it returns to the host in the place of the
// export. The old port goes on when what it waits for has come, and ends when the handler has returned.
//
// That nothing can run in a guest is something only the Go runtime knows. It says so by polling with time to wait; see
// standby_wasip1.go.
var port struct {
	// left counts the exports that were left. The number of a call that is finished later is that of its leaving.
	left uint32
	// call is the call that was begun last.
	call *ServerCall
	// waiting are calls whose exports were left, by number, until they are finished.
	waiting map[uint32]*ServerCall
}

// leaving takes note that the call in progress will be finished later. It returns the size of what the host has on the stack.
func leaving() (frame uintptr) {
	c := port.call
	c.keep()
	port.left++
	if port.waiting == nil {
		port.waiting = map[uint32]*ServerCall{}
	}
	port.waiting[port.left] = c
	control.left = port.left
	return c.export.frame
}

// event is something that the host has to say.
type event struct{ kind, id uint32 }

const (
	// eventWake says nothing but that the guest was to run.
	eventWake = iota
	// eventReply: an outgoing call is over.
	eventReply
	// eventCancel: nobody waits any more for a call that is being served.
	eventCancel
	// eventCancelLast: nobody waits any more for the call that was begun last.
	eventCancelLast
	// eventStream: a stream of which an operation was blocked has changed.
	eventStream
	// eventGoOn: calls that have given their thread away may go on.
	eventGoOn
)

// awaited are the outgoing calls that goroutines wait for, by number.
var awaited = map[uint32]chan struct{}{}

// await waits for an outgoing call that the host goes on with by itself, and has its result stored. It returns a status if the
// call is not waited for any longer.
func (c *ImportCall) await() *Status {
	id := control.pending
	control.pending = 0
	over := awaited[id]
	if over == nil {
		over = make(chan struct{})
		if early := awaited[id]; early != nil { // Allocating may let the standby run.
			over = early
		} else {
			awaited[id] = over
		}
	}
	var st *Status
	select {
	case <-over:
	case <-c.ctx.Done():
		st = ContextStatus(c.ctx.Err())
	case <-c.closed:
		st = ClosingStatus()
	}
	delete(awaited, id)
	if st != nil {
		hostAbandon(id)
		return st
	}
	hostTake(id, c.result.Pointer())
	return nil
}

// closedChannel is closed.
var closedChannel = func() chan struct{} {
	ch := make(chan struct{})
	close(ch)
	return ch
}()

// ClosingStatus is the status of a call whose connection is closed: grpc-go's.
func ClosingStatus() *Status {
	return &Status{Code: codeCanceled, Message: "grpc: the client connection is closing"}
}

// ContextStatus is the status of a call whose context is done: grpc-go's.
func ContextStatus(err error) *Status {
	if err == context.DeadlineExceeded {
		return &Status{Code: codeDeadlineExceeded, Message: err.Error()}
	}
	return &Status{Code: codeCanceled, Message: err.Error()}
}

// deliver passes on the events that the host has. It reports whether there were any.
func deliver() (any bool) {
	var buf [32]event
	for control.events != 0 {
		n := takeEvents(&buf)
		if n == 0 {
			break
		}
		any = true
		for _, e := range buf[:n] {
			switch e.kind {
			case eventReply:
				// Whoever waits forgets the call. It may not have begun to wait.
				if over := awaited[e.id]; over != nil {
					close(over)
				}
				awaited[e.id] = closedChannel
			case eventCancel:
				port.waiting[e.id].cancel()
			case eventCancelLast:
				port.call.cancel()
			case eventStream:
				streams[e.id].wake()
			case eventGoOn:
				for _, ch := range moving {
					close(ch)
				}
				moving = nil
			}
		}
	}
	return any
}

// What the host says to a guest that asks it while it is busy.
const (
	pollNothing = iota
	pollEvents
	// pollMove: the call runs on the thread of its caller, and has done so for long.
	pollMove
)

// moving are goroutines that give the caller's thread back although they have nothing to wait for, until the host says that they may
// go on, on a thread of their own.
var moving []chan struct{}
