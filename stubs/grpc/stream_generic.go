package grpc

// Generated code uses the types of this file for its streaming methods.

// ServerStreamingClient is a client's side of a call that is answered with many messages.
type ServerStreamingClient[Res any] interface {
	// Recv receives a message. io.EOF says that the stream ended with success.
	Recv() (*Res, error)
	ClientStream
}

// ServerStreamingServer is a server's side of a call that is answered with many messages.
type ServerStreamingServer[Res any] interface {
	// Send sends a message.
	Send(*Res) error
	ServerStream
}

// ClientStreamingClient is a client's side of a call that asks with many messages.
type ClientStreamingClient[Req any, Res any] interface {
	// Send sends a message. io.EOF says that the stream is over, and that CloseAndRecv has the reason.
	Send(*Req) error
	// CloseAndRecv says that no more messages will be sent, and waits for the reply. Call it once.
	CloseAndRecv() (*Res, error)
	ClientStream
}

// ClientStreamingServer is a server's side of a call that asks with many messages.
type ClientStreamingServer[Req any, Res any] interface {
	// Recv receives a message. io.EOF says that the client has sent its last.
	Recv() (*Req, error)
	// SendAndClose sends the reply. Call it once.
	SendAndClose(*Res) error
	ServerStream
}

// BidiStreamingClient is a client's side of a call with many messages both ways.
type BidiStreamingClient[Req any, Res any] interface {
	// Send sends a message. io.EOF says that the stream is over, and that Recv has the reason.
	Send(*Req) error
	// Recv receives a message. io.EOF says that the stream ended with success.
	Recv() (*Res, error)
	ClientStream
}

// BidiStreamingServer is a server's side of a call with many messages both ways.
type BidiStreamingServer[Req any, Res any] interface {
	// Recv receives a message. io.EOF says that the client has sent its last.
	Recv() (*Req, error)
	// Send sends a message.
	Send(*Res) error
	ServerStream
}

// GenericClientStream gives a [ClientStream] typed messages. It implements all client types of this file.
type GenericClientStream[Req any, Res any] struct {
	ClientStream
	sent     sender[Req]
	received receiver[Res]
}

var (
	_ ServerStreamingClient[string]      = (*GenericClientStream[int, string])(nil)
	_ ClientStreamingClient[int, string] = (*GenericClientStream[int, string])(nil)
	_ BidiStreamingClient[int, string]   = (*GenericClientStream[int, string])(nil)
)

// Send sends a message.
func (x *GenericClientStream[Req, Res]) Send(m *Req) error {
	if x.sent.gather != nil && x.sent.gather(x.sent.stream, m) {
		return nil
	}
	return x.sent.send(x.ClientStream, m)
}

// Recv receives a message.
func (x *GenericClientStream[Req, Res]) Recv() (*Res, error) {
	if m := x.received.next(); m != nil {
		return m, nil
	}
	return x.received.receive(x.ClientStream)
}

// CloseAndRecv says that no more messages will be sent, and receives the reply.
func (x *GenericClientStream[Req, Res]) CloseAndRecv() (*Res, error) {
	if err := x.ClientStream.CloseSend(); err != nil {
		return nil, err
	}
	return x.Recv()
}

// GenericServerStream gives a [ServerStream] typed messages. It implements all server types of this file.
type GenericServerStream[Req any, Res any] struct {
	ServerStream
	sent     sender[Res]
	received receiver[Req]
}

var (
	_ ServerStreamingServer[string]      = (*GenericServerStream[int, string])(nil)
	_ ClientStreamingServer[int, string] = (*GenericServerStream[int, string])(nil)
	_ BidiStreamingServer[int, string]   = (*GenericServerStream[int, string])(nil)
)

// Send sends a message.
func (x *GenericServerStream[Req, Res]) Send(m *Res) error {
	if x.sent.gather != nil && x.sent.gather(x.sent.stream, m) {
		return nil
	}
	return x.sent.send(x.ServerStream, m)
}

// SendAndClose sends the reply.
func (x *GenericServerStream[Req, Res]) SendAndClose(m *Res) error { return x.ServerStream.SendMsg(m) }

// Recv receives a message.
func (x *GenericServerStream[Req, Res]) Recv() (*Req, error) {
	if m := x.received.next(); m != nil {
		return m, nil
	}
	return x.received.receive(x.ServerStream)
}
