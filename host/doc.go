// Package host is the runtime of generated hosts: it runs the functions of an app in one process, each in isolated instances, or in
// processes below it, and serves the app's public services over real grpc-go.
//
// A generated main describes the app with an [App] and calls [Main]. What an app is made of is data; everything that happens
// at run time is here.
//
//	front     grpc-go server: health, reflection, transcoding, codecs of the function's own (front.go, codec.go, codecs.go, reflection.go)
//	edge      a call from one function to another (edge.go, internal/link)
//	function  a compiled guest and the pool of its instances (function.go, pool.go)
//	instance  one isolate: memory, exports, control block (instance.go, control.go)
//	engine    what executes guests (engine, engine/wazero)
//	native    a function that runs in processes of its own, its isolates, as far as they are kept running (native.go, nativekeep.go)
//	isolate   one such process: its start and end, calls to it, calls of it (isolate*.go, internal/sandbox)
//	wire      the seam between those who have messages as protobuf bytes: the front, isolates, connections out of the host (wire.go)
package host
