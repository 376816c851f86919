package guest

// Status is the outcome of a call that did not succeed: what google.rpc.Status carries, without protobuf.
// The zero Code is codes.OK and never travels in a Status.
type Status struct {
	// Code is a gRPC status code, as in google.golang.org/grpc/codes. Unknown values are kept as they are.
	Code uint32
	// Message is the developer-facing text. It must be valid UTF-8.
	Message string
	// Details are the packed google.protobuf.Any messages, in order.
	Details []Detail
}

// Detail is one packed google.protobuf.Any of a [Status].
type Detail struct {
	TypeURL string
	Value   []byte
}

// Pair is one entry of call metadata. Keys are lower case; a key may occur several times, order is kept.
// Values of keys that end in "-bin" are raw bytes, not base64.
type Pair struct {
	Key, Value string
}
