// Command bench measures calls between gRPC functions: ours beside every way in which the same functions can talk without it.
//
//	go run . [-quick] [-soak] [-generate] [-out DIR]     measure; write results.json and plots
//	go run . -only call,throughput                       measure some; print figures and ratios, write nothing
//	go run . -only isolate,compute -bars                 the same, and fail if native functions are not as quick as they have to be
//	go run . -constants [-w FILE]                        print, or write, the default costs of calls of package advise
//	go run . -readme [-w FILE]                           print, or update in FILE, the tables made from results.json
//
// All transports are measured in one run and by turns, one sample of each per round, so that whatever else the machine does
// hits all of them alike. Figures are comparable within one results.json only. What is measured:
//
// # Calls between functions
//
// How long a call from the producer to the consumer takes, by payload: the slope (T(R) - T(0)) / R, where T(R) is the time of a
// request that makes R calls, and T(0) that of a request, made right after it, that makes none. One sample is one such pair,
// so a p99 is that of averages over R calls, not of single calls.
//
//	tcp       example's producer and consumer, two native processes, over the loopback interface
//	unix      the same over a unix socket; the consumer's listener is the only difference
//	bufconn   grpc-go over an in-memory connection, in one native process
//	inproc    grpchan/inprocgrpc: no connection and no encoding, in one native process, and no isolation
//	goplugin  knqyf263/go-plugin with its own runtime and generator: protobuf bytes from a native process into a Wasm guest
//	cofaas    the generated host: example's producer and consumer as Wasm guests
//	copy      copy() of the payload, for scale
//
// For bufconn, inproc and goplugin the caller is not the example's producer, which is a program, but a loop that does the
// same. For goplugin, that loop is outside of the sandbox, so that it crosses one border where cofaas crosses two; this
// flatters go-plugin.
//
// # Requests
//
// How long a request of a client takes, over TCP, to a producer that makes n calls; the producer dials its consumer once,
// or for each request.
//
// # Throughput
//
// Requests per second with many clients, each with a connection of its own, and with all processes, the load generator
// included, confined to the same processors.
//
// # Placement
//
// What it takes to call a function by where it runs, and what it computes there: bench/compute has a caller and a worker, which run as
//
//	tcp       two native processes, over the loopback interface
//	wasm      guests in a host
//	native    native functions in processes of their own, joined by shared memory; sleeping is the same without looking before they sleep
//	mixed     a guest that calls a native function; reverse is the other way round
//	remote    a guest that calls a native process outside of the host
//
// Section isolate measures calls and streams, with the processor time of all processes; section compute measures kernels in handlers, and as
// plain calls of a function; section advise compares what cofaas-gen advise predicts with what calls take.
//
// # Footprint
//
// Guest size, time to generate, time from process start to first answer, memory.
//
// The functions are those of example/prodcon, unchanged. Some functions are needed in the process of bench, or on another
// listener; internal/consumer has a copy of the example's handler for these.
package main
