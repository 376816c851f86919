package credentials

import "google.golang.org/protobuf/proto"

// ChannelzSecurityInfo is implemented by an [AuthInfo] that channelz can show. Inert in a guest: there is no channelz.
type ChannelzSecurityInfo interface {
	GetSecurityValue() ChannelzSecurityValue
}

// ChannelzSecurityValue is a [*TLSChannelzSecurityValue] or an [*OtherChannelzSecurityValue].
type ChannelzSecurityValue interface {
	isChannelzSecurityValue()
}

// TLSChannelzSecurityValue is what channelz shows of TLS.
type TLSChannelzSecurityValue struct {
	ChannelzSecurityValue
	// StandardName is the cipher suite's.
	StandardName string
	// LocalCertificate and RemoteCertificate are in DER.
	LocalCertificate, RemoteCertificate []byte
}

// OtherChannelzSecurityValue is what channelz shows of other protocols.
type OtherChannelzSecurityValue struct {
	ChannelzSecurityValue
	// Name is the protocol's.
	Name string
	// Value has the details.
	Value proto.Message
}
