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
  }
}
`
