package grpc

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/cofaas/cofaas/guest"
	"github.com/cofaas/cofaas/stubs/grpc/encoding"
)

// stringCodec has strings as JSON, which may not be empty.
type stringCodec struct{ name string }

func (c stringCodec) Name() string { return c.name }

func (c stringCodec) Marshal(v any) ([]byte, error) {
	s := v.(*wrapperspb.StringValue).Value
	if s == "" {
		return nil, errors.New("empty")
	}
	return json.Marshal(s)
}

func (c stringCodec) Unmarshal(b []byte, v any) error {
	return json.Unmarshal(b, &v.(*wrapperspb.StringValue).Value)
}

func TestTranscode(t *testing.T) {
	fd, err := protodesc.NewFile(&descriptorpb.FileDescriptorProto{
		Name: proto.String("transcode_test.proto"), Package: proto.String("transcode"), Dependency: []string{"google/protobuf/wrappers.proto"},
		Service: []*descriptorpb.ServiceDescriptorProto{{Name: proto.String("Test"), Method: []*descriptorpb.MethodDescriptorProto{
			{Name: proto.String("Free"), InputType: proto.String(".google.protobuf.StringValue"), OutputType: proto.String(".google.protobuf.StringValue")},
			{Name: proto.String("Forced"), InputType: proto.String(".google.protobuf.StringValue"), OutputType: proto.String(".google.protobuf.StringValue")},
		}}},
	}, protoregistry.GlobalFiles)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := protoregistry.GlobalFiles.FindFileByPath(fd.Path()); err != nil { // with -count
		if err := protoregistry.GlobalFiles.RegisterFile(fd); err != nil {
			t.Fatal(err)
		}
	}
	const free, forced = "/transcode.Test/Free", "/transcode.Test/Forced"
	encoding.RegisterCodec(stringCodec{"transcode-json"})
	bound.mu.Lock()
	before := bound.methods
	bound.methods = map[string]binding{forced: {server: NewServer(ForceServerCodec(stringCodec{"forced"}))}}
	bound.mu.Unlock()
	defer func() {
		bound.mu.Lock()
		bound.methods = before
		bound.mu.Unlock()
	}()
	protobuf, err := proto.Marshal(wrapperspb.String("text"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		in   guest.Transcoding
		want string
	}{
		{"request", guest.Transcoding{Codec: "transcode-json", Method: free, Data: []byte(`"text"`)}, string(protobuf)},
		{"reply", guest.Transcoding{Codec: "transcode-json", Method: free, Reply: true, Data: protobuf}, `"text"`},
		{"request to a server with a codec", guest.Transcoding{Codec: "other", Method: forced, Data: []byte(`"text"`)}, string(protobuf)},
		{"reply of a server with a codec", guest.Transcoding{Codec: "other", Method: forced, Reply: true, Data: protobuf}, `"text"`},
		{"no codec", guest.Transcoding{Codec: "other", Method: free, Data: protobuf}, "not done"},
		{"protobuf", guest.Transcoding{Codec: "proto", Method: free, Data: protobuf}, "not done"},
		{"a reply that cannot be encoded", guest.Transcoding{Codec: "transcode-json", Method: free, Reply: true}, "13 grpc: error while marshaling: empty"},
		{"a request that cannot be decoded", guest.Transcoding{Codec: "transcode-json", Method: free, Data: []byte("{")}, "13 grpc: failed to unmarshal the received message: unexpected end of JSON input"},
		{"no such method", guest.Transcoding{Codec: "transcode-json", Method: "/s/m"}, "13 grpc: codec transcode-json: no message type is registered for /s/m"},
	} {
		out, st := guest.Transcode(&tt.in)
		got := string(out.Data)
		switch {
		case st != nil:
			got = fmt.Sprint(st.Code, " ", st.Message)
		case !out.Done:
			got = "not done"
		}
		if got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}
