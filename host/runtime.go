package host

import (
	"slices"
	"unicode/utf8"

	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/cofaas/cofaas/host/engine"
	"github.com/cofaas/cofaas/host/internal/link"
	"github.com/cofaas/cofaas/internal/abi"
)

// runtimeInterface is what every guest may import beside the services that it calls.
const runtimeInterface = "cofaas:host/runtime"

// runtimeImports implements interface cofaas:host/runtime for a function.
func runtimeImports(f *function) []engine.Import {
	return []engine.Import{
		{
			// ready: func(network: string, address: string)
			Module: runtimeInterface, Name: "ready", Params: []abi.Core{abi.I32, abi.I32, abi.I32, abi.I32},
			Func: func(state any, stack []uint64) error {
				inst := state.(*instance)
				network, err := inst.text(stack[0], stack[1])
				if err != nil {
					return err
				}
				address, err := inst.text(stack[2], stack[3])
				if err != nil {
					return err
				}
				inst.ready = true
				f.ready(network, address)
				return nil
			},
		},
		{
			// set-serving-status: func(service: string, status: s32)
			Module: runtimeInterface, Name: "set-serving-status", Params: []abi.Core{abi.I32, abi.I32, abi.I32},
			Func: func(state any, stack []uint64) error {
				service, err := state.(*instance).text(stack[0], stack[1])
				if err != nil {
					return err
				}
				f.health.SetServingStatus(service, healthpb.HealthCheckResponse_ServingStatus(int32(stack[2])))
				return nil
			},
		},
		{
			// metadata: func() -> list<u8>
			Module: runtimeInterface, Name: "metadata", Params: []abi.Core{abi.I32},
			Func: func(state any, stack []uint64) error {
				inst := state.(*instance)
				return inst.giveMeta(uint32(stack[0]), inst.metadata())
			},
		},
		{
			// finish: func(call: u32, result: u32)
			Module: runtimeInterface, Name: "finish", Params: []abi.Core{abi.I32, abi.I32},
			Func: func(state any, stack []uint64) error {
				return state.(*instance).finishCall(uint32(stack[0]), uint32(stack[1]))
			},
		},
		{
			// take: func(call: u32, result: u32)
			Module: runtimeInterface, Name: "take", Params: []abi.Core{abi.I32, abi.I32},
			Func: func(state any, stack []uint64) error {
				return state.(*instance).takeCall(uint32(stack[0]), uint32(stack[1]))
			},
		},
		{
			// abandon: func(call: u32)
			Module: runtimeInterface, Name: "abandon", Params: []abi.Core{abi.I32},
			Func: func(state any, stack []uint64) error {
				return state.(*instance).abandonCall(uint32(stack[0]))
			},
		},
		{
			// poll: func() -> u32
			Module: runtimeInterface, Name: "poll", Results: []abi.Core{abi.I32},
			Func: func(state any, stack []uint64) error {
				stack[0] = uint64(state.(*instance).pollBusy())
				return nil
			},
		},
		{
			// take-events: func(at: u32, n: u32) -> u32
			Module: runtimeInterface, Name: "take-events", Params: []abi.Core{abi.I32, abi.I32}, Results: []abi.Core{abi.I32},
			Func: func(state any, stack []uint64) error {
				n, err := state.(*instance).giveEvents(uint32(stack[0]), uint32(stack[1]))
				stack[0] = uint64(n)
				return err
			},
		},
	}
}

// maxAddresses bounds the addresses that are known of a function.
const maxAddresses = 64

// ready notes where main listens.
func (f *function) ready(network, address string) {
	f.host.mu.Lock()
	defer f.host.mu.Unlock()
	at := serveAddress{network, address}
	if len(f.addresses) == 0 || f.native != nil && len(f.addresses) < maxAddresses && !slices.Contains(f.addresses, at) {
		f.addresses = append(f.addresses, at)
		f.host.log.Debug("function serves", "function", f.name, "network", network, "address", address)
	}
}

// text reads a string parameter.
func (i *instance) text(ptr, n uint64) (string, error) {
	b, err := i.read(ptr, n)
	if err != nil {
		return "", err
	}
	if !utf8.Valid(b) {
		return "", link.ErrUTF8
	}
	return string(b), nil
}
