package sockets

// driver makes sockets. Its methods are safe for concurrent use.
type driver interface {
	// dial begins to connect from local, which may be any, to remote. It does not wait.
	dial(n network, local, remote endpoint, w *waiter) (socket, Errno)
	// listen opens what accepts connections or receives datagrams.
	listen(n network, local endpoint) (bound, Errno)
}

// bound is a socket that has a local address, before descriptors are attached to it.
type bound interface {
	address() endpoint
	// attach opens a socket on it. All that are attached take connections or datagrams from one queue.
	attach(w *waiter) (socket, Errno)
	// close gives up the address once nothing is attached any more.
	close()
}

// socket is what a descriptor stands for. Methods are called by one goroutine at a time and never wait. Memory that they are given is not
// kept.
type socket interface {
	// read returns 0 and success at the end of the stream.
	read(p [][]byte) (int, Errno)
	write(p [][]byte) (int, Errno)
	readFrom(p []byte) (n int, from endpoint, truncated bool, errno Errno)
	writeTo(p []byte, to endpoint) (int, Errno)
	accept(w *waiter) (socket, Errno)
	// status is how far a dial has come: in progress, success, or its error.
	status() Errno
	// addresses are those of the two ends, as far as there are any. There are after status was success.
	addresses() (local, remote endpoint)
	shutdown(read, write bool) Errno
	setOption(option uint32, value int64) Errno
	// ready says whether the direction would not answer ErrnoAgain, an error and the end of the stream included.
	ready(d direction) bool
	// close is called once, and no method afterwards.
	close()
}

// prober is a socket that can look whether it is ready before it is told.
type prober interface {
	// probe is ready, but asks the system.
	probe(d direction) bool
}

// The options of sockets.
const (
	optionReadBuffer        = 1 // bytes
	optionWriteBuffer       = 2 // bytes
	optionKeepAlive         = 3 // on or off
	optionKeepAliveIdle     = 4 // ns
	optionKeepAliveInterval = 5 // ns
	optionKeepAliveCount    = 6
	optionNoDelay           = 7 // on or off
	optionLinger            = 8 // seconds, negative is off
	optionBroadcast         = 9 // on or off
)

// maxBuffer is the largest buffer that can be asked of the system, in bytes. Linux allows less by default.
const maxBuffer = 16 << 20

// notASocket is embedded in what can do only some of what sockets can.
type notASocket struct{}

func (notASocket) read([][]byte) (int, Errno)  { return 0, ErrnoNotconn }
func (notASocket) write([][]byte) (int, Errno) { return 0, ErrnoNotconn }
func (notASocket) readFrom([]byte) (int, endpoint, bool, Errno) {
	return 0, endpoint{}, false, ErrnoNotsup
}
func (notASocket) writeTo([]byte, endpoint) (int, Errno) { return 0, ErrnoNotsup }
func (notASocket) accept(*waiter) (socket, Errno)        { return nil, ErrnoInval }
func (notASocket) status() Errno                         { return ErrnoSuccess }
func (notASocket) addresses() (local, remote endpoint)   { return }
func (notASocket) shutdown(bool, bool) Errno             { return ErrnoNotconn }
func (notASocket) setOption(uint32, int64) Errno         { return ErrnoNoprotoopt }

// length is how many bytes buffers have.
func length(p [][]byte) int {
	n := 0
	for _, b := range p {
		n += len(b)
	}
	return n
}
