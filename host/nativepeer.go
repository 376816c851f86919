package host

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"slices"

	"github.com/cofaas/cofaas/channel"
	"github.com/cofaas/cofaas/isolate/protocol"
)

// Calls between two native functions need not pass the host: each isolate of the one gets a channel to that of the other, for services whose
// calls go there whatever was dialled. Where the callee has several processes the host distributes calls. What a channel carries the host
// does not see; it goes when either end does, and until there is another one calls come to the host.

// joinPeers joins an isolate that has begun to serve with those that it calls and that call it.
func (n *native) joinPeers(iso *isolate) {
	h := n.fn.host
	if h.opts.throughHost {
		return
	}
	h.joining.Lock()
	defer h.joining.Unlock()
	for _, from := range h.functions {
		if from.native == nil {
			continue
		}
		for to, services := range from.direct() {
			for _, caller := range from.native.isolates() {
				for _, callee := range to.native.isolates() {
					if caller == iso || callee == iso {
						caller.join(callee, services)
					}
				}
			}
		}
	}
}

// direct are the services that the function calls over channels of its own, by who answers.
func (f *function) direct() map[*function][]string {
	services := map[*function][]string{}
	for _, name := range slices.Sorted(maps.Keys(f.outgoing)) {
		if to := f.outgoing[name].local(); to != nil && to.native != nil && to != f && to.native.processes == 1 {
			services[to] = append(services[to], name)
		}
	}
	return services
}

// join gives the two isolates a channel, unless they have one. The caller holds joining.
func (i *isolate) join(callee *isolate, services []string) {
	if i.joined[callee.fn] == callee {
		return
	}
	kind := i.fn.host.opts.channelKind()
	call, serve, err := channel.CreatePair(kind)
	if err == nil {
		// Who serves is told first, so that it is likely to know when there is a call.
		err = errors.Join(callee.sendPeer(protocol.Peer{Peer: i.fn.name, Role: protocol.RoleServe, Services: services, Kind: kind.String()}, serve), i.sendPeer(protocol.Peer{Peer: callee.fn.name, Role: protocol.RoleCall, Services: services, Kind: kind.String()}, call))
	}
	if err != nil {
		i.fn.host.log.Warn("functions have no channel of their own: their calls go through the host", "from", i.fn.name, "to", callee.fn.name, "error", err)
		return
	}
	if i.joined == nil {
		i.joined = map[*function]*isolate{}
	}
	i.joined[callee.fn] = callee
}

// sendPeer sends an end of a channel to an isolate.
func (i *isolate) sendPeer(tag protocol.Peer, files []*os.File) error {
	defer func() {
		for _, f := range files {
			_ = f.Close()
		}
	}()
	encoded, err := json.Marshal(tag)
	if err != nil {
		return err
	}
	return i.conn.SendFiles(encoded, files...)
}
