package advise

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"math"

	"github.com/cofaas/cofaas/internal/placement"
)

// Cost is what it takes to pass messages between two functions, or from a client of the host to a function: all but the handler. Times
// are in nanoseconds, those of the processor over all processes.
type Cost struct {
	// CallNs is for a call with empty messages, MessageNs for an empty message of a stream, and ByteNs for a byte of either.
	CallNs    float64 `json:"call_ns"`
	MessageNs float64 `json:"message_ns"`
	ByteNs    float64 `json:"byte_ns"`
	// The same of the processor.
	CPUCallNs    float64 `json:"cpu_call_ns"`
	CPUMessageNs float64 `json:"cpu_message_ns"`
	CPUByteNs    float64 `json:"cpu_byte_ns"`
}

// Times returns a multiple of a cost.
func (c Cost) Times(x float64) Cost {
	return Cost{c.CallNs * x, c.MessageNs * x, c.ByteNs * x, c.CPUCallNs * x, c.CPUMessageNs * x, c.CPUByteNs * x}
}

func (c Cost) plus(d Cost) Cost {
	return Cost{
		c.CallNs + d.CallNs, c.MessageNs + d.MessageNs, c.ByteNs + d.ByteNs,
		c.CPUCallNs + d.CPUCallNs, c.CPUMessageNs + d.CPUMessageNs, c.CPUByteNs + d.CPUByteNs,
	}
}

// Kind is a kind of edge, by where its ends are.
type Kind string

// The kinds of edges. A client of the host calls by gRPC over TCP; what is outside or remote is reached in the same way.
const (
	FrontWasm    Kind = "front-wasm"
	FrontNative  Kind = "front-native"
	WasmWasm     Kind = "wasm-wasm"
	WasmNative   Kind = "wasm-native"
	NativeWasm   Kind = "native-wasm"
	NativeNative Kind = "native-native"
	Network      Kind = "network"
)

// outside stands for the place of the host's clients.
const outside placement.Place = ""

// kindOf is the kind of an edge between two places.
func kindOf(from, to placement.Place) Kind {
	switch {
	case to == placement.Remote || to == outside || from == placement.Remote:
		return Network
	case from == outside && to == placement.Wasm:
		return FrontWasm
	case from == outside:
		return FrontNative
	default:
		return Kind(from + "-" + to)
	}
}

// Range is a value that is known roughly: between Low and High, and probably near Mid.
type Range struct {
	Low  float64 `json:"low"`
	Mid  float64 `json:"mid"`
	High float64 `json:"high"`
}

func exactly(x float64) Range { return Range{x, x, x} }

func (r Range) plus(x float64) Range { return Range{r.Low + x, r.Mid + x, r.High + x} }

// Constants are what predictions are made of beside a profile.
type Constants struct {
	// Source says where they are from.
	Source string        `json:"source"`
	Edges  map[Kind]Cost `json:"edges"`
	// Slowdown is how many times as long a Wasm guest computes as native code.
	Slowdown Range `json:"slowdown"`
}

// defaults are the costs of calls between functions, and over the network, of a machine on which an empty gRPC call over TCP takes 100 us.
// The benchmark writes them: go run . -constants -w ../internal/advise/defaults.json in bench.
//
//go:embed defaults.json
var defaults []byte

// Defaults are the constants of no machine in particular: medians of this repository's benchmark, brought to the scale of one on which a gRPC
// call over TCP takes 100 us. Machines differ, most of all in what it takes to wake a process.
func Defaults() Constants {
	c := Constants{Source: "defaults, not measured on this machine", Slowdown: Range{2.5, 6, 15}}
	if err := json.Unmarshal(defaults, &c.Edges); err != nil {
		panic("advise: defaults.json: " + err.Error()) // which a test would have seen
	}
	// A client's call comes over the network, and goes on to where the function is.
	c.Edges[FrontWasm] = c.Edges[Network].plus(c.Edges[WasmWasm])
	c.Edges[FrontNative] = c.Edges[Network].plus(c.Edges[NativeNative])
	return c
}

// Scaled returns the constants for a machine on which a call by gRPC over TCP with 1 KB takes so long, and one over a channel; 0 means that
// there are none. Everything else keeps its proportion to one of the two.
func (c Constants) Scaled(source string, networkNs, channelNs float64) Constants {
	network := networkNs / (c.Edges[Network].CallNs + 1024*c.Edges[Network].ByteNs)
	native := network
	if channelNs > 0 {
		native = channelNs / defaultChannelNs
	}
	out := Constants{Source: source, Edges: map[Kind]Cost{}, Slowdown: c.Slowdown}
	for kind, cost := range c.Edges {
		switch kind {
		case NativeNative, WasmNative, NativeWasm:
			out.Edges[kind] = cost.Times(native)
		default:
			out.Edges[kind] = cost.Times(network)
		}
	}
	return out
}

// defaultChannelNs is a call over a channel alone with 1 KB, without what functions add, on the machine of the defaults.
const defaultChannelNs = 5e3

// check says what would make predictions nonsense.
func (c Constants) check() error {
	for _, kind := range []Kind{FrontWasm, FrontNative, WasmWasm, WasmNative, NativeWasm, NativeNative, Network} {
		cost, ok := c.Edges[kind]
		if !ok {
			return fmt.Errorf("there is no cost of %s", kind)
		}
		for _, x := range []float64{cost.CallNs, cost.MessageNs, cost.ByteNs, cost.CPUCallNs, cost.CPUMessageNs, cost.CPUByteNs} {
			if x < 0 || math.IsNaN(x) || math.IsInf(x, 0) {
				return fmt.Errorf("the cost of %s has %v", kind, x)
			}
		}
	}
	if s := c.Slowdown; !(1 <= s.Low && s.Low <= s.Mid && s.Mid <= s.High) {
		return fmt.Errorf("the slowdown is %v: want three numbers of at least 1 in order", s)
	}
	return nil
}
