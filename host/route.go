package host

import (
	"github.com/cofaas/cofaas/host/engine"
	"github.com/cofaas/cofaas/host/internal/link"
	"github.com/cofaas/cofaas/internal/abi"
)

// routeImports are the part of interface cofaas:host/runtime that is about who answers calls.
func routeImports(f *function) []engine.Import {
	return []engine.Import{
		{
			// route: func(service: string, connection: list<u8>) -> u32
			Module: runtimeInterface, Name: "route", Params: i32Params(4), Results: []abi.Core{abi.I32},
			Func: func(state any, stack []uint64) error {
				inst := state.(*instance)
				service, err := inst.text(stack[0], stack[1])
				if err != nil {
					return err
				}
				dial, err := inst.read(stack[2], stack[3])
				if err != nil {
					return err
				}
				n, err := f.route(&inst.routes, service, dial)
				stack[0] = uint64(n)
				return err
			},
		},
		{
			// unroute: func(route: u32)
			Module: runtimeInterface, Name: "unroute", Params: i32Params(1),
			Func: func(state any, stack []uint64) error {
				inst := state.(*instance)
				return f.routes.take(&inst.routes, uint32(stack[0]))
			},
		},
		{
			// call: func(route: u32, method: string, request: u32, result: u32, options: list<u8>)
			Module: runtimeInterface, Name: "call", Params: i32Params(7),
			Func: func(state any, stack []uint64) error {
				inst := state.(*instance)
				method, err := inst.text(stack[1], stack[2])
				if err != nil {
					return err
				}
				options, err := inst.read(stack[5], stack[6])
				if err != nil {
					return err
				}
				return inst.callRouted(uint32(stack[0]), method, uint32(stack[3]), uint32(stack[4]), options)
			},
		},
	}
}

func i32Params(n int) []abi.Core {
	params := make([]abi.Core, n)
	for i := range params {
		params[i] = abi.I32
	}
	return params
}

// What route returns for services of which generation has not seen that the function calls them; package guest declares it.
const (
	routeUnserved = ^uint32(0) - iota
	routeUnknown
)

// route returns the number of the route of calls to a service on a connection. 0 says that it makes no difference what was dialled:
// calls need no route.
func (f *function) route(held *heldRoutes, service string, dial []byte) (uint32, error) {
	o := f.outgoing[service]
	switch {
	case o == nil:
		if f.host.reached(parseDial(string(dial)).target) {
			return routeUnserved, nil
		}
		return routeUnknown, nil
	case o.local() != nil:
		return 0, nil
	}
	n := f.routes.give(held, o, string(dial))
	if n == 0 {
		return 0, &link.BadValueError{Problem: "the function has dialled too many targets"}
	}
	return n, nil
}
