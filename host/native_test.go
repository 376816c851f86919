package host

import (
	"bytes"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

func aloneNative(t testing.TB) *App {
	return newMixedApp(t, guests{{nativeFunction("alone", []string{"test.Front", "test.Flow"}), nil}})
}

func TestNative_call(t *testing.T) {
	s := serve(t, aloneNative(t), Options{})
	for _, size := range []int{0, 1, 1 << 10, 1 << 20, 3 << 20} {
		want := bytes.Repeat([]byte{'x'}, size)
		if got, err := s.call(t.Context(), "Front/Echo", want); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes: got %d, %v", size, len(got), err)
		}
	}
	var header, trailer metadata.MD
	ctx := metadata.AppendToOutgoingContext(t.Context(), "key", "value")
	got, err := s.call(ctx, "Front/Echo", []byte("describe"), grpc.Header(&header), grpc.Trailer(&trailer))
	if err != nil || !bytes.Contains(got, []byte("key:[value]")) || header.Get("header")[0] != "of alone" || trailer.Get("trailer")[0] != "of alone" {
		t.Errorf("got %s, %v, %v, %v", got, header, trailer, err)
	}
	_, err = s.call(ctx, "Front/Echo", []byte("fail 9"))
	if st := status.Convert(err); st.Code() != codes.FailedPrecondition || st.Message() != "as told" || len(st.Details()) != 1 {
		t.Errorf("got %v", err)
	}
}
