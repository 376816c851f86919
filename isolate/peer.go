package isolate

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/cofaas/cofaas/channel"
	"github.com/cofaas/cofaas/isolate/protocol"
)

// peer is an isolate at the other end of a channel.
type peer struct {
	name  string
	conn  *channel.Conn
	turns turns
}

// receiveFiles takes what the host sends: channels to other isolates. They may overtake its welcome.
func (r *Runtime) receiveFiles(tag []byte, files []*os.File) {
	r.mu.Lock()
	if !r.welcomed {
		r.early = append(r.early, func() { r.tryConnect(tag, files) })
		r.mu.Unlock()
		return
	}
	r.mu.Unlock()
	r.tryConnect(tag, files)
}

// connectEarly makes use of the channels that have come before the welcome.
func (r *Runtime) connectEarly() {
	for {
		r.mu.Lock()
		early := r.early
		r.early = nil
		r.welcomed = len(early) == 0
		r.mu.Unlock()
		if len(early) == 0 {
			return
		}
		for _, f := range early {
			f()
		}
	}
}

func (r *Runtime) tryConnect(tag []byte, files []*os.File) {
	if err := r.connect(tag, files); err != nil {
		fmt.Fprintf(os.Stderr, "cofaas: a channel to another function: %v: its calls go through the host\n", err)
	}
}

// connect makes use of a channel to another isolate.
func (r *Runtime) connect(tag []byte, files []*os.File) error {
	var p protocol.Peer
	err := json.Unmarshal(tag, &p)
	if err == nil && p.Role != protocol.RoleCall && p.Role != protocol.RoleServe {
		err = fmt.Errorf("unknown role %q", p.Role)
	}
	if err != nil {
		for _, f := range files {
			f.Close()
		}
		return err
	}
	link, err := channel.Open(files)
	if err != nil {
		return err
	}
	cfg := channel.Config{MaxMessage: r.MaxMessage, Waiting: r.waiting()}
	turns := newTurns()
	if p.Role == protocol.RoleServe {
		allowed := make(map[string]bool, len(p.Services))
		for _, s := range p.Services {
			allowed[s] = true
		}
		cfg.Serve = func(c *channel.ServerCall) { r.serve(c, turns, allowed) }
	}
	to := &peer{p.Peer, channel.New(link, cfg), turns}
	r.mu.Lock()
	r.peers[to] = true
	if r.closed {
		to.conn.Close()
	}
	r.mu.Unlock()
	if p.Role == protocol.RoleCall {
		for _, name := range p.Services {
			if s := r.services[name]; s != nil {
				s.peer.Store(to) // calls on the channel before go on
			}
		}
	}
	go r.forget(to)
	return nil
}

// forget waits for the end of a channel, and has calls go to the host again.
func (r *Runtime) forget(p *peer) {
	<-p.conn.Done()
	for _, s := range r.services {
		s.peer.CompareAndSwap(p, nil)
	}
	r.mu.Lock()
	delete(r.peers, p)
	r.mu.Unlock()
}

// IsDirect says whether calls of a service go straight to the isolate that serves it.
func (r *Runtime) IsDirect(service string) bool {
	s := r.services[service]
	return s != nil && s.peer.Load() != nil
}

// waiting is how the host wants channels to wait.
func (r *Runtime) waiting() channel.Waiting {
	if r.Waiting == protocol.Sleeping {
		return channel.Sleeping
	}
	return channel.Adaptive
}
