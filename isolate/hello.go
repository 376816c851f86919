package isolate

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/cofaas/cofaas/channel"
	"github.com/cofaas/cofaas/guest"
	"github.com/cofaas/cofaas/isolate/protocol"
)

// hello introduces the isolate, and takes note of what the host has to say.
func (r *Runtime) hello() error {
	reply, err := r.tell(protocol.MethodHello, protocol.Hello{Version: protocol.Version, PID: os.Getpid()})
	if err != nil {
		return err
	}
	if err := json.Unmarshal(reply, &r.Welcome); err != nil {
		return fmt.Errorf("the host's welcome: %w", err)
	}
	if r.Version != protocol.Version {
		return fmt.Errorf("the host speaks version %d of the protocol between host and isolate, and this program version %d: generate and build both anew", r.Version, protocol.Version)
	}
	r.exports = make(map[string]bool, len(r.Exports))
	for _, m := range r.Exports {
		r.exports[m] = true
	}
	r.methods = make(map[string]*Method, len(r.Imports))
	r.services = map[string]*service{}
	for name, i := range r.Imports {
		s := r.services[serviceOf(name)]
		if s == nil {
			s = new(service)
			r.services[serviceOf(name)] = s
		}
		r.methods[name] = &Method{runtime: r, fullMethod: name, service: s, isStream: i.ClientStreams || i.ServerStreams}
	}
	return nil
}

// serviceOf returns "package.Service" of "/package.Service/Method".
func serviceOf(fullMethod string) string {
	service, _, _ := strings.Cut(strings.TrimPrefix(fullMethod, "/"), "/")
	return service
}

// tell makes a call to the host with a request in JSON.
func (r *Runtime) tell(method string, request any) ([]byte, error) {
	b, err := json.Marshal(request)
	if err != nil {
		return nil, err
	}
	return r.ask(&channel.Header{Method: method}, b)
}

// ask makes a call to the host itself.
func (r *Runtime) ask(h *channel.Header, request []byte) ([]byte, error) {
	reply, err := r.host.Invoke(context.Background(), nil, h, request)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", h.Method, err)
	}
	defer reply.Free()
	if st := decodeStatus(reply.Status); st != nil {
		return nil, fmt.Errorf("%s: the host says: %s", h.Method, st.Message)
	}
	return append([]byte(nil), reply.Payload...), nil
}

// Ready tells the host that the function serves on an address, given as to net.Listen.
func (r *Runtime) Ready(network, addr string) error {
	_, err := r.tell(protocol.MethodReady, protocol.Ready{Network: network, Address: addr})
	return err
}

// SetServingStatus mirrors the status that a health server gives a service to the host. It does nothing without one.
func (r *Runtime) SetServingStatus(service string, status int32) error {
	if r == nil {
		return nil
	}
	_, err := r.tell(protocol.MethodServingStatus, protocol.ServingStatus{Service: service, Status: status})
	return err
}

// Route is [guest.Route].
func (r *Runtime) Route(service string, describe func() guest.Routing) (uint32, error) {
	if r == nil {
		return 0, nil
	}
	if _, ok := r.direct.Load(service); ok {
		return 0, nil
	}
	reply, err := r.ask(&channel.Header{Method: protocol.MethodRoute, Options: []byte(service)}, guest.AppendPairs(nil, describe(), false))
	if err == nil && len(reply) != 4 {
		err = fmt.Errorf("%s: the host's reply has %d bytes in place of 4", protocol.MethodRoute, len(reply))
	}
	if err != nil {
		return guest.RouteUnknown, err
	}
	n := binary.LittleEndian.Uint32(reply)
	if n == 0 {
		r.direct.Store(service, true)
	}
	return n, nil
}

// Unroute is [guest.Unroute].
func (r *Runtime) Unroute(number uint32) error {
	if r == nil || number >= guest.RouteUnknown {
		return nil
	}
	_, err := r.ask(&channel.Header{Method: protocol.MethodUnroute}, binary.LittleEndian.AppendUint32(nil, number))
	return err
}
