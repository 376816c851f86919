package guest

import (
	"os"
	"runtime"
	"syscall"
)

// Descriptors of the host's that are readable when there are events, and when nothing else can run. They are beyond those that the
// system interface gives out.
const (
	standbyFD = 0x7fff0000 + iota
	settledFD
)

// descriptor is something to wait for.
type descriptor struct{ conn syscall.RawConn }

func newDescriptor(fd uintptr, name string) descriptor {
	conn, err := os.NewFile(fd, name).SyscallConn()
	if err != nil {
		panic("guest: " + err.Error())
	}
	return descriptor{conn}
}

// wait lets other goroutines run until the descriptor is readable.
func (d descriptor) wait() {
	polled := false
	err := d.conn.Read(func(uintptr) bool {
		waited := polled
		polled = true
		return waited
	})
	if err != nil {
		panic("guest: " + err.Error())
	}
}

var standby, settled descriptor

func init() {
	standby, settled = newDescriptor(standbyFD, "standby"), newDescriptor(settledFD, "settled")
	go standBy()
}

// standBy waits until nothing else can run, and then gives the host its thread back.
func standBy() {
	for {
		standby.wait()
		if !deliver() {
			break
		}
	}
	go standBy()
	leave(leaving())
}

// leave returns to the host in place of the export that it has called, whose parameters and result take size bytes. The
// goroutine becomes the port.
func leave(size uintptr)

// settle lets everything run that can run, and returns when nothing can.
func settle() {
	for {
		settled.wait()
		if !deliver() {
			return
		}
	}
}

// resume runs what has become able to run.
//
//go:wasmexport cofaas-resume
func resume() {
	deliver()
	settle()
}

// pollsPerTurn is how often a goroutine polls between two turns of the others, for whom there are no other threads.
const pollsPerTurn = 16

var polls int

// Poll passes on what the host has to say to a guest that is busy: a handler that computes calls it now and then.
func Poll() {
	if polls++; polls%pollsPerTurn == 0 {
		runtime.Gosched()
	}
	switch hostPoll() {
	case pollEvents:
		deliver()
	case pollMove:
		ch := make(chan struct{})
		moving = append(moving, ch)
		<-ch
	}
}
