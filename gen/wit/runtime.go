package wit

// grpcPackage has what the interfaces of services refer to.
const grpcPackage = `package cofaas:grpc {
  interface types {
    /// One packed google.protobuf.Any.
    record detail {
      type-url: string,
      value: list<u8>,
    }

    /// The outcome of a call that failed: google.rpc.Status. The code is a gRPC status code other than 0.
    record status {
      code: u32,
      message: string,
      details: list<detail>,
    }
  }
}
`

// hostPackage has what guests call that are built with package guest.
const hostPackage = `package cofaas:host {
  /// What the host gives to every function.
  interface runtime {
    /// The function serves; the arguments are those of net.Listen.
    ready: func(network: string, address: string);

    /// The health of a service, as a number of grpc.health.v1.HealthCheckResponse.ServingStatus.
    set-serving-status: func(service: string, status: s32);

    /// The metadata of the call that is being served: for each entry the lengths of key and value and a zero, as little-endian
    /// u32, and then the key and the value.
    metadata: func() -> list<u8>;

    // A call that has to wait does not hold its thread. What follows is for guests that go on meanwhile.

    /// Ends a call whose export was left before it returned, with the address of its result.
    finish: func(call: u32, %result: u32);

    /// Stores the result of an outgoing call that is over at an address.
    take: func(call: u32, %result: u32);

    /// Says that an outgoing call is not waited for any longer.
    abandon: func(call: u32);

    /// Returns how many events there are.
    poll: func() -> u32;

    /// Stores up to n events at an address and returns how many. An event is two u32: what has happened, and to which call or
    /// stream.
    take-events: func(at: u32, n: u32) -> u32;

    // Calls of most services go to the one function of the app that answers. What follows is for guests that dial others.

    /// Says what was dialled for calls to a service, encoded as metadata is, and returns the number of the route that such calls
    /// have, or 0 if they need none. Keys: target, canonical (the same with scheme and authority), authority, user-agent,
    /// service-config, dialer, security ("insecure" or "tls"), and for TLS server-name, ca, ca-file, skip-verify, min-version.
    route: func(service: string, connection: list<u8>) -> u32;

    /// Gives the number of a route back, once for each time that route has returned it. Calls that have it fail from then on.
    unroute: func(route: u32);

    /// Makes a unary call that has a route, with the addresses of its request and of its result, both records. Keys of options:
    /// wait-for-ready, compressor, authority.
    call: func(route: u32, method: string, request: u32, %result: u32, options: list<u8>);
  }

  /// Streaming calls, of all methods. Nothing here waits: what would have to wait answers 1, and when it is worth while to call it
  /// again, there is an event for the stream. 0 is success; 2 says that the call is over or the other side sends no more; 3, that
  /// there is a status at the address of a problem, which has room for result<_, status>. Messages are addresses of records.
  interface streams {
    /// Begins a call, with the number of its route or 0, and returns the number of its stream. Options are those of runtime's call.
    open: func(method: string, route: u32, options: list<u8>) -> u32;

    send: func(%stream: u32, message: u32, problem: u32) -> u32;

    /// Stores the addresses of up to n messages at an address. The number of messages is in the lower half of the result, and the
    /// answer in the upper one.
    receive: func(%stream: u32, at: u32, n: u32, problem: u32) -> u32;

    /// Says that no more messages will be sent.
    close-send: func(%stream: u32);

    /// Sends the header of a server.
    send-header: func(%stream: u32, header: list<u8>);

    /// Stores the header that the server has sent, as a list<u8>, at an address.
    header: func(%stream: u32, at: u32) -> u32;

    /// Stores the trailer of a call that is over, as a list<u8>, at an address.
    end: func(%stream: u32, at: u32, problem: u32) -> u32;

    /// Ends the use of a stream that was opened, and cancels the call if it is not over.
    close: func(%stream: u32);
  }
}
`
