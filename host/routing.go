package host

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cofaas/cofaas/internal/placement"
	"github.com/cofaas/cofaas/internal/routing"
)

// outgoing are the calls of one function to one service. Where one of them goes depends on the app, the operator, and the target
// that the function has dialled.
type outgoing struct {
	from    *function
	service string
	// exporters are the functions of the app that may answer.
	exporters []*function
	// remote is the operator's wish that others answer, or nil.
	remote *RemoteCalls
}

// RemoteCalls says that calls leave the host although a function of the app exports the service.
type RemoteCalls struct {
	// Function makes the calls and Service is what it calls. Empty means all.
	Function, Service string
	// Address is a target as for grpc.NewClient. Empty means the one that the function has dialled.
	Address string
}

// TargetRoute says which of several exporters answers the calls to a target.
type TargetRoute struct {
	// Function makes the calls. Empty means all.
	Function string
	// Target is what it has dialled, with or without scheme.
	Target string
	// To answers, if the service is one of its own.
	To string
}

// newOutgoing finds who may answer. It is called when all functions have been made.
func (h *Host) newOutgoing(from *function, service string) (*outgoing, error) {
	o := &outgoing{from: from, service: service}
	known := false
	for _, e := range h.app.Edges {
		if e.From != from.name || e.Service != service {
			continue
		}
		known = true
		if e.To == "" {
			continue
		}
		to := h.functions[e.To]
		if !to.serves(service) {
			return nil, fmt.Errorf("edge %s -> %s: %s does not export %s", from.name, e.To, e.To, service)
		}
		o.exporters = append(o.exporters, to)
	}
	if !known {
		return nil, fmt.Errorf("function %s calls %s, and no edge says who answers", from.name, service)
	}
	// The most specific wish counts, and of equal ones the last.
	best := -1
	for i := range h.opts.Remote {
		r := &h.opts.Remote[i]
		if n := r.specificity(); r.covers(from.name, service) && n >= best {
			o.remote, best = r, n
		}
	}
	return o, nil
}

// isHere says whether the function runs in this host.
func (f *function) isHere() bool { return f.where != placement.Remote }

// serves says whether the function exports a service.
func (f *function) serves(service string) bool {
	for _, x := range f.exports {
		if string(x.Service.Name) == service {
			return true
		}
	}
	return false
}

// edge answers the calls to one method of the service.
func (o *outgoing) edge(m *method) *edge {
	e := &edge{method: m, calls: o}
	for _, f := range o.exporters {
		e.candidates = append(e.candidates, &edge{method: m, calls: o, to: f.export(m)})
	}
	if o.local() != nil {
		e = e.candidates[0]
	}
	return e
}

func (r *RemoteCalls) covers(function, service string) bool {
	return (r.Function == "" || r.Function == function) && (r.Service == "" || r.Service == service)
}

func (r *RemoteCalls) specificity() (n int) {
	if r.Function != "" {
		n++
	}
	if r.Service != "" {
		n += 2
	}
	return n
}

// local is the function that answers whatever was dialled, or nil.
func (o *outgoing) local() *function {
	if o.remote == nil && len(o.exporters) == 1 && o.exporters[0].isHere() {
		return o.exporters[0]
	}
	return nil
}

// leaves says that the calls leave the host whatever was dialled.
func (o *outgoing) leaves() bool {
	return o.remote != nil || !slices.ContainsFunc(o.exporters, (*function).isHere)
}

// choose returns the function that answers calls to a target, one of several that export the service: the one that the operator
// says, or that is called as the host in the target, or that listens where the target points to.
func (o *outgoing) choose(t target) (*function, *status.Status) {
	h := o.from.host
	for _, r := range h.opts.Routes {
		if (r.Function == "" || r.Function == o.from.name) && t.rule().Is(r.Target) {
			for _, f := range o.exporters {
				if f.name == r.To {
					return f, nil
				}
			}
		}
	}
	if f := h.at(t, o.exporters); f != nil {
		return f, nil
	}
	return nil, o.ambiguous(t)
}

// at returns the function that a target leads to, or nil if that is none of them, or several.
func (h *Host) at(t target, functions []*function) *function {
	known := make([]routing.Function, len(functions))
	h.mu.Lock()
	for i, f := range functions {
		known[i] = f.place()
	}
	h.mu.Unlock()
	if i := routing.Choose(t.rule(), known); i >= 0 {
		return functions[i]
	}
	return nil
}

// reached says whether a function of the app has the name in the target, or listens where that points to.
func (h *Host) reached(t target) bool {
	rule := t.rule()
	if h.functions[rule.Label()] != nil {
		return true
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, f := range h.functions {
		if rule.Reaches(f.place().Addresses[0]) {
			return true
		}
	}
	return false
}

// place is a function as the rules of routing see it, with the host's mutex held.
func (f *function) place() routing.Function {
	return routing.Function{Name: f.name, Addresses: []routing.Address{{Network: f.address.network, Address: f.address.address}}}
}

func (o *outgoing) ambiguous(t target) *status.Status {
	names := make([]string, len(o.exporters))
	for i, f := range o.exporters {
		names[i] = f.name
	}
	if t.dialled == "" {
		return status.Newf(codes.Unavailable, "function %s does not say what it dials for service %s, which functions %s serve: have its calls leave the host with -remote %s:%s=ADDRESS",
			o.from.name, o.service, strings.Join(names, " and "), o.from.name, o.service)
	}
	return status.Newf(codes.Unavailable, "function %s dials %q for service %s, which functions %s serve, and neither name nor address says which of them is meant: "+
		"say it with -route %s=FUNCTION, or have the calls leave the host with -remote %s:%s",
		o.from.name, t.dialled, o.service, strings.Join(names, " and "), t.dialled, o.from.name, o.service)
}

// target is what a function has dialled.
type target struct {
	// dialled is the text that the function gave, canonical the same with scheme and authority: "dns:///host:port".
	dialled, canonical string
	// hasScheme says that canonical has.
	hasScheme bool
}

// rule is the target as the rules of routing see it.
func (t target) rule() routing.Target {
	return routing.Target{Dialled: t.dialled, Canonical: t.canonical}
}

// routes are the routes of a function, which all of its isolates share. No number is used twice.
type routes struct {
	mu       sync.Mutex
	byKey    map[string]uint32
	byNumber map[uint32]*route
	last     uint32
}

// route is where the calls go that a function makes to one service on connections that were dialled alike.
type route struct {
	calls *outgoing
	dial  *dialInfo
	key   string
	// holders is how many isolates have it. It is guarded by the mutex of routes.
	holders int

	mu   sync.Mutex
	conn *remoteConn
}

// maxRoutes bounds the routes of a function: each is a target that it has dialled, on connections that are open.
const maxRoutes = 1 << 16

// heldRoutes are the numbers that an isolate has been given and not given back, with how often. They are guarded by the mutex of routes.
type heldRoutes map[uint32]int

// give gives an isolate the number of a route. 0 means that there are too many.
func (r *routes) give(held *heldRoutes, o *outgoing, encoded string) uint32 {
	key := o.service + "\x00" + encoded
	r.mu.Lock()
	defer r.mu.Unlock()
	n := r.byKey[key]
	if n == 0 {
		if len(r.byNumber) == maxRoutes || r.last == maxRoute {
			return 0
		}
		if r.byKey == nil {
			r.byKey, r.byNumber = map[string]uint32{}, map[uint32]*route{}
		}
		r.last++
		n = r.last
		r.byKey[key], r.byNumber[n] = n, &route{calls: o, dial: parseDial(encoded), key: key}
	}
	if (*held)[n] == 0 {
		r.byNumber[n].holders++
	}
	if *held == nil {
		*held = heldRoutes{}
	}
	(*held)[n]++
	return n
}

// maxRoute is the highest number: others say that there is no route.
const maxRoute = routeUnknown - 1

// take takes back what give has given.
func (r *routes) take(held *heldRoutes, n uint32) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch (*held)[n] {
	case 0:
		if n > maxRoute {
			return nil // it says that there is none
		}
		return errRouteTaken
	case 1:
		delete(*held, n)
		r.release(n)
	default:
		(*held)[n]--
	}
	return nil
}

// releaseAll takes back all that an isolate has.
func (r *routes) releaseAll(held *heldRoutes) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for n := range *held {
		r.release(n)
	}
	*held = nil
}

// release says that an isolate does not have a route any more. The last one closes it. The caller holds mu.
func (r *routes) release(n uint32) {
	closed := r.byNumber[n]
	if closed.holders--; closed.holders > 0 {
		return
	}
	delete(r.byKey, closed.key)
	delete(r.byNumber, n)
	closed.close()
}

// close gives the connection of a route back.
func (r *route) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.conn != nil {
		r.conn.release()
	}
}

// get returns the route with a number that an isolate has, or nil.
func (r *routes) get(held *heldRoutes, n uint32) *route {
	r.mu.Lock()
	defer r.mu.Unlock()
	if (*held)[n] == 0 {
		return nil
	}
	return r.byNumber[n]
}

// resolve says who answers: a function, or what a connection leads to; or how calls fail.
func (r *route) resolve() (to *function, conn *remoteConn, st *status.Status) {
	o := r.calls
	switch {
	case o.leaves():
		conn, st = r.connect()
		return nil, conn, st
	case len(o.exporters) == 1:
		return o.exporters[0], nil, nil
	}
	to, st = o.choose(r.dial.target)
	if to != nil && !to.isHere() {
		conn, st = r.connect()
		return nil, conn, st
	}
	return to, nil, st
}

// connect returns the connection of a route that leaves the host.
func (r *route) connect() (*remoteConn, *status.Status) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.conn != nil {
		return r.conn, nil
	}
	conn, st := r.calls.connect(r.dial)
	r.conn = conn
	return conn, st
}

// connect returns the connection for what was dialled.
func (o *outgoing) connect(d *dialInfo) (*remoteConn, *status.Status) {
	dial := *d
	if conn, err := o.insideConn(d.target); conn != nil || err != nil {
		return conn, status.Convert(err)
	}
	if o.remote != nil && o.remote.Address != "" {
		dial.canonical, dial.ownDialer = o.remote.Address, false
	} else if problem := d.unreachable(); problem != "" {
		return nil, status.Newf(codes.Unavailable, "function %s dials %q for service %s: %s: say where it is with -remote %s:%s=ADDRESS",
			o.from.name, d.dialled, o.service, problem, o.from.name, o.service)
	}
	if dial.canonical == "" {
		return nil, status.Newf(codes.Unavailable, "function %s does not say what it dials for service %s: say it with -remote %s:%s=ADDRESS",
			o.from.name, o.service, o.from.name, o.service)
	}
	conn, err := o.from.host.remotes.get(&dial)
	if err != nil {
		return nil, status.Newf(codes.Unavailable, "function %s dials %q for service %s: %v", o.from.name, d.shown(dial.canonical), o.service, err)
	}
	return conn, nil
}
