// Package grpc is what a guest, a function compiled to WebAssembly, gets in place of google.golang.org/grpc. User code
// and protoc-generated code are compiled against it unchanged but for the import path.
//
// Two types are not what they are in grpc-go. A [ClientConn] has no connection: its calls go through package guest to
// the host, which hands them to the function that exports the service. A [Server] has no listener to speak of: it
// binds its methods to the exports of the guest, and Serve tells the host that the function is ready. Interceptors,
// stats handlers, metadata, deadlines and errors behave as in grpc-go, which is the reference for every test here.
//
// Options that configure what a guest does not have (connections, TLS, keepalive, name resolution, load balancing,
// compression) are accepted; their comments say "Inert in a guest" and who is in charge instead.
//
// This package and those below it import the standard library, protobuf, the google.rpc.Status message and package
// guest, and never the real grpc-go.
//
// # Caveats
//
//   - What a streaming handler sends that cannot be sent ends the call, as in grpc-go, but the client learns of it only when the
//     handler has returned.
//   - Header of a stream on a unary method returns nil before RecvMsg has: only then is the call made.
//   - Messages that a client has not received yet when its context is done may be lost.
//   - Limits for messages that are sent of 4 MiB and more hold for calls from and to the network alone.
//   - What the other side of a call would do with the bytes of a codec that an option insists on is done on this side, by the codec that is
//     registered here for its name. It does nothing if none is: then the codec itself is asked for a round trip.
//   - UnknownServiceHandler is never called.
//   - A method of which generation has not seen that it is called cannot be called over the network.
//   - A guest waits for the reply of a call with all its goroutines, so cancelling a context does not end a call early.
//     Its deadline does.
//   - Dial targets are parsed and kept, but no name is resolved and no custom dialer is called.
//   - Of a default service config, load balancing and health checks have no effect on local calls, and only unary calls are retried.
//   - The headers content-type, user-agent and :authority are set by a transport. Of these, incoming metadata always has
//     content-type, and the others only if the host passes them on.
//   - Error details travel in the status only: the trailer has no grpc-status-details-bin.
//   - The peer of a call is an address without a host; its authentication information is that of insecure credentials.
//   - When two servers in one main register the same service, the first one serves it, until it is stopped. All servers of a function are
//     reached whatever address of it was dialled.
//   - Stop cancels the contexts of handlers, but their callers learn of it only when they have returned.
//   - What is not there at all is listed, with reasons, in internal/grpcapi/refused.txt, and reported by the generator.
package grpc
