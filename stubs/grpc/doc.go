// Package grpc is what a guest, a function compiled to WebAssembly, gets in place of google.golang.org/grpc. User code
// and protoc-generated code are compiled against it unchanged but for the import path.
//
// Two types are not what they are in grpc-go. A [ClientConn] has no connection: its calls go through package guest to
// the host, which hands them to the function that exports the service. A [Server] has no listener to speak of: it
// binds its methods to the exports of the guest, and Serve tells the host that the function is ready. Interceptors,
// stats handlers, metadata, deadlines and errors behave as in grpc-go, which is the reference for every test here.
//
// Options that configure what a guest does not have (connections, TLS, keepalive, name resolution, load balancing,
// retries, message size limits, compression) are accepted; their comments say "Inert in a guest" and who is in charge
// instead. What cannot be done at all fails with [codes.Unimplemented]: streaming.
//
// This package and those below it import the standard library, protobuf, the google.rpc.Status message and package
// guest, and never the real grpc-go.
//
// # Caveats
//
//   - Streaming calls are not supported yet, neither made nor served.
//   - A service without an exporter in the app cannot be called: there are no remote edges yet.
//   - A guest waits for the reply of a call with all its goroutines, so cancelling a context does not end a call early.
//     Its deadline does.
//   - Dial targets are parsed and kept, but no name is resolved and no custom dialer is called.
//   - A default service config is not read: no retries, no per-method timeouts.
//   - The headers content-type, user-agent and :authority are set by a transport. Of these, incoming metadata always has
//     content-type, and the others only if the host passes them on.
//   - Error details travel in the status only: the trailer has no grpc-status-details-bin.
//   - The peer of a call is an address without a host; a peer has no authentication information.
//   - When two servers in one main register the same service, the first one serves it.
//   - Not there at all: Server.ServeHTTP, InTapHandle, WithResolvers, WithChannelzParentID, ForceCodecV2 and
//     ForceServerCodecV2, PreparedMsg, GetMethodConfig, and the packages resolver, balancer, mem and attributes.
package grpc
