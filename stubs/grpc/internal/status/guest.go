package status

import (
	"unicode/utf8"

	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/cofaas/cofaas/guest"
	"github.com/cofaas/cofaas/stubs/grpc/codes"
)

// FromGuest returns the status that came over the guest's border. The details are shared with g.
func FromGuest(g *guest.Status) *Status {
	p := &spb.Status{Code: int32(g.Code), Message: g.Message}
	for _, d := range g.Details {
		p.Details = append(p.Details, &anypb.Any{TypeUrl: d.TypeURL, Value: d.Value})
	}
	return &Status{p: p}
}

// ToGuest returns s in the form that crosses the guest's border, nil when s is OK. As on the wire of gRPC, each byte
// of the message that is not valid UTF-8 becomes U+FFFD.
func ToGuest(s *Status) *guest.Status {
	if s.Code() == codes.OK {
		return nil
	}
	g := &guest.Status{Code: uint32(s.Code()), Message: s.Message()}
	if !utf8.ValidString(g.Message) {
		g.Message = string([]rune(g.Message))
	}
	for _, d := range s.p.GetDetails() {
		g.Details = append(g.Details, guest.Detail{TypeURL: d.GetTypeUrl(), Value: d.GetValue()})
	}
	return g
}
