// Package guest is the runtime that is linked into every guest: it owns the guest's side of the ABI.
//
// Generated bindings describe each method with an [Export] or an [Import]; the grpc stub connects servers to
// exports ([Export.Bind]) and client connections to imports ([Import.Invoke]). Everything that is the same for all
// methods (memory for incoming and outgoing data, the call context, the life of main) lives here, once.
//
// It is not an API for application code, and it imports the standard library only. Off Wasm it compiles, so that
// editors and tests can load it, but every host function panics.
//
// A guest runs on one thread. Goroutines of a guest switch only at Go's blocking points, never inside the functions
// of this package that touch the control block, so none of its state is locked.
package guest
