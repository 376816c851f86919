package guest

// Codecs are the function's own: only its code knows what the bytes of one mean. So when a client outside of the host says that its messages
// are encoded otherwise than as protobuf, the host has the function turn each request into protobuf before the call, and each reply
// back after it. Calls between functions need none of this: they pass messages, not bytes.

// Transcoding is one message to be turned from the form that a codec gives it into protobuf, or back.
type Transcoding struct {
	// Codec is the content-subtype of the call, as the client has written it.
	Codec string
	// Method is the method that is called: "/package.Service/Method".
	Method string
	// Reply says that the message is a reply, and protobuf that the codec is to encode. A request is what the codec decodes.
	Reply bool
	// Data is the message. It is valid for as long as the transcoding takes.
	Data []byte
}

// Transcoded is the outcome of a [Transcoding].
type Transcoded struct {
	// Data is the message, if it was turned.
	Data []byte
	// Done is false if no codec is registered for the content-subtype: then the message is protobuf, as it is for grpc-go.
	Done bool
}

// Transcode turns a message, or returns the status with which the call fails. It may be called by several goroutines. The grpc stub sets it.
var Transcode = func(*Transcoding) (Transcoded, *Status) { return Transcoded{}, nil }

// What the canonical ABI makes of both types, which have the unknown fields that all messages have.
const (
	transcodingCodec, transcodingMethod, transcodingReply, transcodingData = 0, 8, 16, 20
	transcodedData, transcodedDone, transcodedSize                         = 0, 8, 20

	transcodingResult, transcodingPayload, transcodingFrame = 24, 4, 48 // of func(transcoding) -> result<transcoded, status>
)

// transcoder serves the export "cofaas-transcode", which lifts and lowers by itself.
var transcoder = NewExport("/cofaas.runtime/transcode", transcodingFrame, transcodingResult, transcodingPayload, nil, nil)

func init() { transcoder.Bind(transcodes{}) }

// enterTranscoding begins a call of the export.
func enterTranscoding(params [9]uint32) *ServerCall {
	c := transcoder.Enter()
	for i, p := range params {
		c.Request().PutU32(4*uintptr(i), p)
	}
	return c
}

// transcodes is the handler of the export.
type transcodes struct{}

func (transcodes) Serve(c *ServerCall) *Status {
	r := c.Request()
	out, st := Transcode(&Transcoding{
		Codec: r.String(transcodingCodec), Method: r.String(transcodingMethod), Reply: r.Bool(transcodingReply), Data: r.Bytes(transcodingData),
	})
	keepAlive(c.in)
	if st != nil {
		return st
	}
	r = c.Reply(out.Data)
	r.Clear(0, transcodedSize)
	r.PutBytes(transcodedData, out.Data)
	r.PutBool(transcodedDone, out.Done)
	return nil
}
