package host

import "runtime"

// Stats is what a host has in it at a moment. When nobody calls it, all that is in progress goes back to zero; instances and connections
// are kept.
type Stats struct {
	// Functions are those of the app, by name.
	Functions map[string]FunctionStats `json:"functions"`
	// Connections lead out of the host, or to what the host serves in the place of functions.
	Connections int `json:"connections"`
	// Goroutines are those of the whole process.
	Goroutines int `json:"goroutines"`
}

// FunctionStats is what there is of a function. What its busy instances wait for is not counted: nobody else may look at it.
type FunctionStats struct {
	// Instances are all, those included that are being made, or the function's processes that serve. Busy ones execute; of processes that is
	// not known.
	Instances int `json:"instances"`
	Busy      int `json:"busy"`
	// Queued calls wait for an instance.
	Queued int `json:"queued"`
	// Serving are calls that wait in an instance, and Calling those that an instance waits for; or those that come to processes and from them
	// through the host.
	Serving int `json:"serving"`
	Calling int `json:"calling"`
	// Streams are ends of streams. A stream between two functions has two.
	Streams int `json:"streams"`
	// Routes are the targets and services that the function has dialled, where it matters what it dials.
	Routes int `json:"routes"`
	// Descriptors are sockets, and names that are being looked up.
	Descriptors int `json:"descriptors"`
}

// InProgress says whether anything is.
func (s *FunctionStats) InProgress() bool {
	return s.Busy > 0 || s.Queued > 0 || s.Serving > 0 || s.Calling > 0 || s.Streams > 0
}

// Stats counts. The counts of one function are of the same moment.
func (h *Host) Stats() Stats {
	s := Stats{Functions: map[string]FunctionStats{}, Connections: h.remotes.count() + h.inside.count(), Goroutines: runtime.NumGoroutine()}
	for name, f := range h.functions {
		counts := f.pool.stats()
		if f.native != nil {
			counts = f.native.stats()
		}
		counts.Routes = f.routes.count()
		counts.Descriptors = f.network.Open()
		s.Functions[name] = counts
	}
	return s
}

// stats counts all but routes.
func (n *native) stats() FunctionStats {
	var s FunctionStats
	for _, i := range n.isolates() {
		s.Instances++
		s.Serving += int(i.serves.Load())
		s.Calling += int(i.calls.Load())
		s.Streams += int(i.streams.Load())
	}
	return s
}

// stats counts all but routes. An instance that is in no list belongs to somebody.
func (p *pool) stats() FunctionStats {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := FunctionStats{Instances: p.total, Busy: p.total - len(p.idle) - len(p.parked), Queued: len(p.waiting)}
	for _, list := range [][]*instance{p.idle, p.parked} {
		for _, inst := range list {
			s.Serving += len(inst.served)
			s.Calling += len(inst.calls)
			s.Streams += len(inst.ends)
		}
	}
	return s
}

func (r *remotes) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.conns)
}

func (i *inside) count() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return len(i.servers)
}

func (r *routes) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.byNumber)
}
