package host

import (
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/status"

	"github.com/cofaas/cofaas/host/engine"
	"github.com/cofaas/cofaas/host/internal/link"
	"github.com/cofaas/cofaas/host/internal/transcode"
)

// profile counts and times calls by edge, and what handlers compute by function. A host without one has a nil *profile, whose methods
// return what they are given, so that calls cost no more than before. It is safe for concurrent use.
//
// Where a guest runs is wrapped, and where it calls others: what is left when the latter is taken from the former is what its handlers
// compute. Some calls are timed, all are counted.
type profile struct {
	begin time.Time
	// clock is the time since then in nanoseconds: one look at one clock.
	clock func() int64

	mu        sync.Mutex
	functions map[*function]*functionProfile
	edges     []*edgeProfile
	instances atomic.Uint32
}

// functionProfile is what a function computes.
type functionProfile struct {
	methods []*handlerProfile
	// resumed are runs of its guests for no one call.
	resumed handlerProfile
}

// handlerProfile is what one method computes.
type handlerProfile struct {
	method string
	calls  counter
	self   samples
	// cpu is the processor time of some runs with the calls that they make, and cpuWall their time.
	cpu, cpuWall atomic.Int64
}

// edgeProfile is the calls of a method by one caller to one callee, either of which may be outside of the host.
type edgeProfile struct {
	caller, callee *function
	method         string
	isStream       bool

	calls    counter
	failed   atomic.Uint64
	time     samples
	requests messageProfile
	replies  messageProfile
	// sizing is how long it has taken to measure sizes.
	sizing atomic.Int64
}

type messageProfile struct {
	// count is how many messages there were if that is not the number of calls.
	count, sized, bytes atomic.Uint64
	isABI               atomic.Bool
}

func (m *messageProfile) add(bytes int) {
	m.sized.Add(1)
	m.bytes.Add(uint64(bytes))
}

func newProfile() *profile {
	begin := time.Now()
	return &profile{begin: begin, clock: func() int64 { return int64(time.Since(begin)) }, functions: map[*function]*functionProfile{}}
}

// edge returns the profile of an edge, nil if there is none.
func (p *profile) edge(caller, callee *function, m *method) *edgeProfile {
	if p == nil {
		return nil
	}
	e := &edgeProfile{caller: caller, callee: callee, method: m.FullMethod(), isStream: m.Streaming()}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.edges = append(p.edges, e)
	return e
}

// connect gives an edge, and those to the functions that may answer, what counts their calls. Calls that leave the host, or that nobody
// answers, are counted apart.
func (p *profile) connect(e *edge) {
	if p == nil {
		return
	}
	for _, c := range append(slices.Clone(e.candidates), e) {
		switch {
		case c.profile != nil: // the edge is its own candidate
		case c.to != nil:
			c.profile = p.edge(e.calls.from, c.to.fn, c.method)
		default:
			c.profile = p.edge(e.calls.from, nil, c.method)
		}
	}
}

// function returns the profile of what a function computes.
func (p *profile) function(f *function) *functionProfile {
	p.mu.Lock()
	defer p.mu.Unlock()
	fp := p.functions[f]
	if fp == nil {
		fp = &functionProfile{}
		for _, x := range f.exports {
			fp.methods = append(fp.methods, &handlerProfile{method: x.FullMethod()})
		}
		p.functions[f] = fp
	}
	return fp
}

// export wraps the export of a method in an instance.
func (p *profile) export(i *instance, m *exportMethod, f engine.Func) engine.Func {
	if p == nil {
		return f
	}
	return &profiledFunc{f, p, i, p.function(i.fn).methods[m.index]}
}

// resume wraps the export by which an instance goes on, which may be nil.
func (p *profile) resume(i *instance, f engine.Func) engine.Func {
	if p == nil || f == nil {
		return f
	}
	return &profiledFunc{f, p, i, &p.function(i.fn).resumed}
}

// shard tells instances apart.
func (p *profile) shard() uint32 {
	if p == nil {
		return 0
	}
	return p.instances.Add(1)
}

// profiledFunc is an export whose calls are counted.
type profiledFunc struct {
	engine.Func
	profile *profile
	inst    *instance
	handler *handlerProfile
}

// guestRun is a timed run of a guest.
type guestRun struct {
	// nested is the time of the calls that the guest makes.
	nested int64
}

// longRun is how long handlers take on average whose processor time is measured: of shorter ones the system calls would be most of it.
const longRun = 20 * time.Microsecond

// Call implements engine.Func.
func (f *profiledFunc) Call(stack []uint64) error {
	h := f.handler
	weight, _ := h.calls.next(f.inst.shard)
	if weight == 0 {
		return f.Func.Call(stack)
	}
	var run guestRun
	before := f.inst.timed
	f.inst.timed = &run
	isLong := h.self.n.Load() > measuredFirst && h.self.total.Load() > h.self.weight.Load()*uint64(longRun)
	var cpu int64
	if isLong {
		runtime.LockOSThread()
		cpu = threadCPU()
	}
	begin := f.profile.clock()
	err := f.Func.Call(stack)
	whole := f.profile.clock() - begin
	if isLong {
		h.cpu.Add(threadCPU() - cpu)
		h.cpuWall.Add(whole)
		runtime.UnlockOSThread()
	}
	f.inst.timed = before
	h.self.add(whole-run.nested, weight)
	return err
}

// span is a call that a guest is making.
type span struct {
	edge *edgeProfile
	// weight is 0 if the call is counted only, and begin when it began.
	weight uint64
	begin  int64
	// sizes says that the messages are measured.
	sizes bool
}

// run is [edge.run], profiled.
func (p *profile) run(e *edge, caller *instance, from link.Memory, args []uint64, result uint32, cc *callContext) (*status.Status, error) {
	cc.profiled = true
	c := p.enter(e, caller)
	if c.span.sizes {
		p.sizeArgs(c.span.edge, e, from, args)
	}
	c.start()
	st, err := e.run(caller, from, args, result, cc)
	c.leave(e.method, result, st, err)
	return st, err
}

// runWire is [edge.runWire], profiled.
func (p *profile) runWire(e *edge, caller *instance, server wireServer, from link.Memory, request, result uint32, cc *callContext) (*status.Status, error) {
	cc.profiled = true
	to := e
	if n, ok := server.(*native); ok {
		to = e.candidate(n.fn)
	}
	c := p.enter(to, caller)
	if c.span.sizes {
		p.size(c.span.edge, &c.span.edge.requests, e.request, from.Bytes(), request)
	}
	c.start()
	st, err := e.runWire(caller, server, from, request, result, cc)
	c.leave(e.method, result, st, err)
	return st, err
}

// crossing is a guest's call of an import.
type crossing struct {
	profile *profile
	caller  *instance
	span    span
	// before is the call that the caller is making already, while it allocates.
	before  span
	entered int64
}

// enter is called when a guest makes a call.
func (p *profile) enter(e *edge, caller *instance) crossing {
	weight, n := e.profile.calls.next(caller.shard)
	c := crossing{
		profile: p, caller: caller, before: caller.span,
		span: span{edge: e.profile, weight: weight, sizes: weight > 0 && e.profile.shouldSize(n)},
	}
	if caller.timed != nil || weight > 0 {
		c.entered = p.clock()
	}
	return c
}

// start is called when the call begins. From then on it may turn out to go on when the import has returned: then the pending call has the
// span.
func (c *crossing) start() {
	c.span.begin = c.entered
	if c.span.sizes {
		c.span.begin = c.profile.clock()
	}
	c.caller.span = c.span
}

// leave is called when the import returns.
func (c *crossing) leave(m *method, result uint32, st *status.Status, err error) {
	isOver := c.caller.span.edge != nil
	c.caller.span = c.before
	var now int64
	if c.entered != 0 {
		now = c.profile.clock()
	}
	if isOver && err == nil {
		c.profile.end(c.span, now, m, st, c.caller.Bytes(), result)
	}
	if run := c.caller.timed; run != nil {
		if c.span.sizes {
			now = c.profile.clock()
		}
		run.nested += now - c.entered
	}
}

// over takes note of the end of a call that has gone on after its import has returned.
func (p *profile) over(c *pendingCall) {
	if p != nil && c.span.edge != nil {
		p.end(c.span, p.clock(), c.method.method, c.st, c.buf.Bytes(), c.at)
	}
}

// end takes note of the end of a call. Its result is a status, or at an address of a memory.
func (p *profile) end(s span, now int64, m *method, st *status.Status, mem []byte, result uint32) {
	if s.weight > 0 {
		s.edge.time.add(now-s.begin, s.weight)
	}
	if st != nil || uint64(result) >= uint64(len(mem)) || mem[result] != 0 {
		s.edge.failed.Add(1)
		return
	}
	if s.sizes {
		p.size(s.edge, &s.edge.replies, m.reply, mem, result+m.payload)
	}
}

// sizingShare bounds the time that is spent on sizes: a 50th of that of calls.
const sizingShare = 50

// shouldSize says whether the messages of the call with a number should be measured, which takes as long as to encode them.
func (e *edgeProfile) shouldSize(n uint64) bool {
	return n <= 2 || uint64(e.sizing.Load())*sizingShare < e.time.total.Load()
}

// sizeArgs measures a request whose core values are given.
func (p *profile) sizeArgs(to *edgeProfile, e *edge, from link.Memory, args []uint64) {
	if e.Func.Indirect {
		p.size(to, &to.requests, e.request, from.Bytes(), uint32(args[0]))
		return
	}
	begin := p.clock()
	var buf link.Buffer
	flat := make([]uint64, len(args))
	if err := link.Flat(e.param, from, args, &buf, flat, e.calls.from.host.opts.MaxMessage); err != nil {
		return // as the call does
	}
	at, err := buf.Alloc(e.param.Size, e.param.Align)
	if err != nil {
		return
	}
	record := buf.Bytes()[at:]
	clear(record)
	storeSlots(e.slots, record, flat)
	to.sizing.Add(p.clock() - begin)
	p.size(to, &to.requests, e.request, buf.Bytes(), at)
}

// size measures the message whose record is at an address, if it can be encoded.
func (p *profile) size(e *edgeProfile, to *messageProfile, m *transcode.Message, mem []byte, at uint32) {
	begin := p.clock()
	if wire, err := transcode.Encode(m, mem, at, nil, math.MaxUint32); err == nil {
		to.add(len(wire))
	}
	e.sizing.Add(p.clock() - begin)
}
