package channel

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"sync"
	"sync/atomic"
)

// ErrClosed is the error of calls on a channel that was closed, here or by the peer, whose process may have ended. A call that was in
// progress may have been carried out.
var ErrClosed = errors.New("channel: closed")

// ErrAbandoned is the error of a call that was given up: by the one who made it, or by a server that let it end without an outcome.
var ErrAbandoned = errors.New("channel: call abandoned")

// ErrTooMany is the error of a call that was not made because the peer has as many unfinished ones of this end as it takes, or requests as
// large.
var ErrTooMany = errors.New("channel: too many calls of the peer have not ended")

// ErrMetadata is the error of a call that was not made, or not answered, because what goes beside the message is larger than the peer
// takes, which is 1 MiB.
var ErrMetadata = errors.New("channel: metadata too large")

// Waiting says how an end waits for the other.
type Waiting int

const (
	// Adaptive waits by looking for a while, if that has paid before, and then by sleeping.
	Adaptive Waiting = iota
	// Sleeping waits by sleeping only.
	Sleeping
)

// Config is for New. The zero value is usable, and abandons all calls of the peer.
type Config struct {
	// Serve serves a call of the peer. It runs on a goroutine that it may keep as long as it likes; when it returns the call is over.
	Serve func(*ServerCall)
	// Files is given what the peer has sent with SendFiles. It owns the files. Calls of it do not overlap.
	Files func(tag []byte, files []*os.File)
	// MaxMessage bounds the messages of the peer in bytes; 0 means 64 MiB, and 2 GiB is the most. A call whose message is larger fails
	// with a [*SizeError].
	MaxMessage int
	// MaxCalls bounds the calls of the peer that have not ended; 0 means 100,000, and 131,072 is the most. The requests of such calls, and what of streams nobody
	// has received yet, are bounded by 1 GiB, or 16 messages if that is more.
	MaxCalls int
	Waiting  Waiting
}

const (
	defaultMessage  = 64 << 20
	defaultMetadata = 1 << 20
	defaultCalls    = 100_000
	defaultHeld     = 1 << 30
)

func (cfg *Config) limits() limits {
	l := limits{message: defaultMessage, metadata: defaultMetadata, calls: defaultCalls}
	if cfg.MaxMessage > 0 {
		l.message = uint32(min(int64(cfg.MaxMessage), 1<<31-1))
	}
	if cfg.MaxCalls > 0 {
		l.calls = uint32(min(cfg.MaxCalls, mostCalls))
	}
	l.accepted = l.message
	l.held = max(defaultHeld, 16*uint64(l.message))
	return l
}

// SizeError is about a message that is larger than the one who is to get it allows.
type SizeError struct{ Size, Max int }

func (e *SizeError) Error() string { return "channel: message too large" }

// Conn is an end of a channel. It is safe for concurrent use.
type Conn struct {
	cfg  Config
	pipe pipe
	done chan struct{}

	// limits are what this end is willing to take. What it has ever been willing to take is no error of the peer's.
	limits atomic.Pointer[limits]
	// peer is what the other end is willing to take, nil until that is known, when greeted is closed.
	peer    atomic.Pointer[limits]
	greeted chan struct{}
	waiting atomic.Int32

	mu     sync.Mutex
	closed bool
	next   uint32
	// calls are those made here, and outgoing what their requests have in bytes.
	calls    map[uint32]caller
	outgoing uint64
	// serving are those of the peer. unanswered and held count also those whose answer is being sent.
	serving    map[uint32]served
	unanswered int
	held       uint64
	// queued is what of streams nobody has received yet.
	queued atomic.Int64

	// cause is why the channel was closed, if the peer or the system gave reason to.
	cause error

	// incoming are calls of the peer whose request has not arrived in full, and methods names of methods; they belong to receive.
	incoming map[uint32]*ServerCall
	methods  map[string]string
	// large has an element while a body of several frames is sent.
	large chan struct{}
	// recent is the stream that a message has come for last; most are followed by another one for it. It belongs to receive, as does batch.
	recent *Stream
	batch  batch

	work workers
}

// caller is a call made here: *call or *Stream.
type caller interface {
	// begin is called when the call gets its number.
	begin(id uint32)
	// abort is called when the channel was closed.
	abort(c *Conn)
}

// served is a call of the peer's that is served. The call may be over and in use again for another one.
type served struct {
	call   *ServerCall
	stream *Stream
}

// New makes a link usable, and owns it.
func New(link *Link, cfg Config) *Conn {
	if cfg.Serve == nil {
		cfg.Serve = func(*ServerCall) {}
	}
	c := &Conn{
		cfg:      cfg,
		done:     make(chan struct{}),
		greeted:  make(chan struct{}),
		calls:    map[uint32]caller{},
		serving:  map[uint32]served{},
		incoming: map[uint32]*ServerCall{},
		methods:  map[string]string{},
		large:    make(chan struct{}, 1),
	}
	l := cfg.limits()
	c.limits.Store(&l)
	c.SetWaiting(cfg.Waiting)
	c.pipe = link.pipe(c)
	c.pipe.start()
	c.pipe.post(header{kind: kindHello}, &gather{parts: [5][]byte{l.hello()}})
	return c
}

// SetMaxMessage changes Config.MaxMessage. The peer learns of it before what is sent from now on.
func (c *Conn) SetMaxMessage(n int) {
	cfg := Config{MaxMessage: n, MaxCalls: c.cfg.MaxCalls}
	l := cfg.limits()
	c.mu.Lock()
	old := c.limits.Load()
	l.accepted = max(l.message, old.accepted)
	l.held = max(l.held, old.held)
	c.limits.Store(&l)
	c.mu.Unlock()
	c.pipe.post(header{kind: kindHello}, &gather{parts: [5][]byte{l.hello()}})
}

// SetWaiting changes Config.Waiting.
func (c *Conn) SetWaiting(w Waiting) { c.waiting.Store(int32(w)) }

// Close ends all calls in both directions with ErrClosed, and waits for nothing.
func (c *Conn) Close() error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil
	}
	c.closed = true
	calls, serving := c.calls, c.serving
	c.calls, c.serving = nil, nil
	c.mu.Unlock()
	close(c.done)
	// What servers do about the end of their calls is not to be sent any more: the peer is to know that the channel was closed.
	c.pipe.stop()
	for _, call := range calls {
		call.abort(c)
	}
	for id, s := range serving {
		if s.stream != nil {
			s.stream.abort(c)
		}
		s.call.cancel(c, id)
	}
	return nil
}

// Settle waits until what was sent before has left this process, so that it arrives even if the process ends at once, and no longer than
// ctx. It is nil also for a closed channel, which sends nothing any more. One who goes on sending may have it wait as long.
func (c *Conn) Settle(ctx context.Context) error {
	if err := c.pipe.settle(ctx); err != nil && err != ErrClosed {
		return err
	}
	return nil
}

// Done is closed when the channel is closed, by either end or because the peer's process has ended.
func (c *Conn) Done() <-chan struct{} { return c.done }

// Err is why the channel was closed, if that was for what the peer has sent, or because the system had it so, as when the peer's process
// ends; otherwise it is nil.
func (c *Conn) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cause
}

// SendFiles sends files to the peer, with a tag that says what they are, of at most 64 KiB. The caller keeps its own. Files may overtake
// calls, and be overtaken by them.
func (c *Conn) SendFiles(tag []byte, files ...*os.File) error {
	if len(tag) > maxFrame-4 || len(files) > maxFiles {
		return errors.New("channel: a tag of more than 64 KiB, or too many files: send them one after the other")
	}
	return c.pipe.sendFiles(tag, files)
}

// Header is what travels beside the messages of a call.
type Header struct {
	// Method is "/package.Service/Method".
	Method string
	// Deadline is in Unix nanoseconds, 0 for none. Both ends keep it; the channel does not.
	Deadline int64
	// Metadata and Options are for both ends to agree upon, as are Route and Flags.
	Metadata, Options []byte
	Route, Flags      uint32
}

func (h *Header) side() int { return len(h.Method) + len(h.Metadata) + len(h.Options) }

// Reply is the outcome of a unary call.
type Reply struct {
	// Status is what the server gave, empty for success.
	Status []byte
	// Metadata has header and trailer, as the server has encoded them.
	Metadata []byte
	// Payload is the reply message. It is valid until Free, as Status and Metadata are.
	Payload []byte

	call *call
}

// Free gives the memory of a reply back. It need not be called, and not twice.
func (r *Reply) Free() {
	if call := r.call; call != nil {
		*r = Reply{}
		putBuffer(call.body.b)
		call.body = body{}
		callPool.Put(call)
	}
}

// call is a unary call made here.
type call struct {
	w     *waiter
	body  body
	reply Reply
	err   error
	held  uint64
	head  [callHead]byte
	g     gather
	// abandoned is set if nobody waits for the reply any more; it is guarded by the connection's mutex.
	abandoned bool
}

var callPool = sync.Pool{New: func() any { return &call{w: newWaiter()} }}

func (call *call) begin(uint32) {}

func (call *call) abort(c *Conn) {
	call.err = ErrClosed
	call.w.fire(c.pipe)
}

// Invoke makes a unary call and waits for its end, for ctx, or for closed, which may be nil. The error is ctx's, ErrClosed, a *SizeError,
// ErrTooMany, ErrMetadata, or ErrAbandoned if closed was closed or the server gave no outcome; a status of the server's is no error. The
// request is not used any more when it returns.
func (c *Conn) Invoke(ctx context.Context, closed <-chan struct{}, h *Header, request []byte) (*Reply, error) {
	reply, _, err := c.Begin(ctx, ctx, closed, h, request)
	return reply, err
}

// Begin is Invoke for a caller who has something else to do if the call is not over soon: when soon ends, which is to end with ctx, it
// returns a Pending in place of a reply, and the call goes on. If not even the request was sent until then, the error is that of soon, and
// the call is not carried out.
func (c *Conn) Begin(ctx, soon context.Context, closed <-chan struct{}, h *Header, request []byte) (*Reply, *Pending, error) {
	call, id, err := c.newCall(ctx, closed, h, request)
	if err != nil {
		return nil, nil, err
	}
	sent, whole := false, false
	if request := (header{kind: kindCall, id: id}).next(call.g.len(), true); request.size == request.total {
		sent, err = c.pipe.call(soon, closed, request, &call.g, call.w)
		whole = sent
	} else if sent, err = c.send(soon, closed, header{kind: kindCall, id: id}, &call.g); err == nil {
		whole = true
		err = c.pipe.await(soon, closed, call.w)
	}
	call.g = gather{}
	switch {
	case whole && err != nil && err == soon.Err() && ctx.Err() == nil:
		return nil, &Pending{c, call, id}, nil
	case err != nil:
		c.abandon(id, call, sent)
		return nil, nil, err
	}
	reply, err := call.outcome()
	return reply, nil, err
}

// Start is Begin that waits for the request to be sent, and for no more.
func (c *Conn) Start(ctx context.Context, closed <-chan struct{}, h *Header, request []byte) (*Pending, error) {
	call, id, err := c.newCall(ctx, closed, h, request)
	if err != nil {
		return nil, err
	}
	sent, err := c.send(ctx, closed, header{kind: kindCall, id: id}, &call.g)
	call.g = gather{}
	if err != nil {
		c.abandon(id, call, sent)
		return nil, err
	}
	return &Pending{c, call, id}, nil
}

// newCall registers a call whose request is to be sent.
func (c *Conn) newCall(ctx context.Context, closed <-chan struct{}, h *Header, request []byte) (*call, uint32, error) {
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	if err := c.greet(ctx, closed); err != nil {
		return nil, 0, err
	}
	if err := c.fits(h.side(), len(request)); err != nil {
		return nil, 0, err
	}
	call := callPool.Get().(*call)
	call.w.reset()
	call.err, call.abandoned, call.held = nil, false, uint64(callHead+h.side()+len(request))
	id, err := c.register(call, call.held)
	if err != nil {
		return nil, 0, err
	}
	call.g = h.gather(&call.head, request)
	return call, id, nil
}

// Pending is a unary call that has not ended.
type Pending struct {
	c    *Conn
	call *call
	id   uint32
}

// Wait waits for the end of a call, for ctx, or for closed, as Invoke does. It is called once for each Pending.
func (p *Pending) Wait(ctx context.Context, closed <-chan struct{}) (*Reply, error) {
	if err := p.c.pipe.await(ctx, closed, p.call.w); err != nil {
		p.c.abandon(p.id, p.call, true)
		return nil, err
	}
	return p.call.outcome()
}

// outcome is how a call has ended.
func (call *call) outcome() (*Reply, error) {
	if call.err != nil {
		return nil, call.err
	}
	call.reply.call = call
	return &call.reply, nil
}

// greet waits until the limits of the peer are known.
func (c *Conn) greet(ctx context.Context, closed <-chan struct{}) error {
	if c.peer.Load() != nil {
		return nil
	}
	select {
	case <-c.greeted:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-closed:
		return ErrAbandoned
	case <-c.done:
		return ErrClosed
	}
}

// fits checks what is to be sent against the peer's limits.
func (c *Conn) fits(side, message int) error {
	peer := c.peer.Load()
	switch {
	case uint64(side) > uint64(peer.metadata):
		return ErrMetadata
	case uint64(message) > uint64(peer.message):
		return &SizeError{Size: message, Max: int(peer.message)}
	}
	return nil
}

// register gives a call made here its number.
func (c *Conn) register(call caller, held uint64) (uint32, error) {
	peer := c.peer.Load()
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return 0, ErrClosed
	case uint64(len(c.calls)) >= uint64(peer.calls) || c.outgoing+held > peer.held:
		return 0, ErrTooMany
	}
	for {
		c.next++
		if _, used := c.calls[c.next]; !used {
			break
		}
	}
	call.begin(c.next)
	c.calls[c.next] = call
	c.outgoing += held
	return c.next, nil
}

// send sends a whole body. sent says whether a part of it was.
//
// Bodies of several frames go one after the other, with frames of others in between: if many took turns, what all of them have in memory,
// at both ends, would go through the processor's caches again and again.
func (c *Conn) send(ctx context.Context, closed <-chan struct{}, h header, g *gather) (sent bool, err error) {
	left := g.len()
	if left > maxFrame {
		select {
		case c.large <- struct{}{}:
		case <-ctx.Done():
			return false, ctx.Err()
		case <-closed:
			return false, ErrAbandoned
		case <-c.done:
			return false, ErrClosed
		}
		defer func() { <-c.large }()
	}
	for first := true; first || left > 0; first = false {
		h = h.next(left, first)
		if err := c.pipe.send(ctx, closed, h, g); err != nil {
			return sent, err
		}
		left -= int(h.size)
		sent = true
	}
	return true, nil
}

// abandon is for a unary call that nobody waits for any more. The peer ends it all the same, and its number is used until then.
func (c *Conn) abandon(id uint32, call *call, sent bool) {
	c.mu.Lock()
	registered := c.calls[id] == caller(call)
	call.abandoned = true
	if registered && !sent {
		delete(c.calls, id)
		c.outgoing -= call.held
	}
	c.mu.Unlock()
	if registered && sent {
		c.pipe.post(header{kind: kindCancel, id: id}, &gather{})
	}
}

// sizeBody is the body of a frame with flagTooLarge.
func sizeBody(n int) []byte { return binary.LittleEndian.AppendUint64(nil, uint64(n)) }
